package service

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// branchingXML is a collection that begins with the service of that XML, whose unique-id is "first"; it may choose a, b and c.
func branchingXML(first string) string {
	return `<branching-service-collection><first-service-id>first</first-service-id><services>` + first + probeXML("a") + probeXML("b") + probeXML("c") +
		`</services></branching-service-collection>`
}

func TestBranchingServicesChooseTheNextService(t *testing.T) {
	value := func(matcher, rest string) string {
		return `<metadata-value-branching-service><unique-id>first</unique-id><value-matcher class="` + matcher + `"/><metadata-key>k</metadata-key><metadata-key>l</metadata-key>` + rest + `</metadata-value-branching-service>`
	}
	mappings := func(pairs ...string) string {
		out := `<metadata-to-service-id-mappings>`
		for i := 0; i < len(pairs); i += 2 {
			out += `<key-value-pair><key>` + pairs[i] + `</key><value>` + pairs[i+1] + `</value></key-value-pair>`
		}
		return out + `</metadata-to-service-id-mappings>`
	}
	const orC = `<default-service-id>c</default-service-id>`
	exists := `<metadata-exists-branching-service><unique-id>first</unique-id><metadata-exists-service-id>a</metadata-exists-service-id><metadata-key>l</metadata-key><metadata-key>k</metadata-key>`
	size := `<size-based-branching-service><unique-id>first</unique-id><greater-than-service-id>a</greater-than-service-id><smaller-than-service-id>b</smaller-than-service-id>`
	syntax := func(identifiers string) string {
		return `<syntax-branching-service><unique-id>first</unique-id>` + identifiers + `</syntax-branching-service>`
	}
	regexp := `<routing-regexp-syntax-identifier><destination>a</destination><pattern>.*x.*</pattern><pattern>.*y.*</pattern></routing-regexp-syntax-identifier>`
	xpath := `<routing-xpath-syntax-identifier><destination>a</destination><pattern>/r/i</pattern></routing-xpath-syntax-identifier>`
	node := `<routing-xpath-node-syntax-identifier><destination>a</destination><pattern>/r/i</pattern></routing-xpath-node-syntax-identifier>`
	jsonpath := `<routing-json-path-syntax-identifier><destination>a</destination><pattern>$.i</pattern></routing-json-path-syntax-identifier>`
	rest := `<routing-always-match-syntax-identifier><destination>b</destination></routing-always-match-syntax-identifier>`
	route := `<jetty-routing-service><unique-id>first</unique-id><route><service-id>a</service-id><condition><method>get</method><url-pattern>/orders/([0-9]+)</url-pattern><metadata-key>id</metadata-key></condition></route>
		<route><service-id>b</service-id><condition class="jetty-route-condition"><url-pattern>/orders/.*</url-pattern></condition></route>` + orC + `</jetty-routing-service>`

	for name, c := range map[string]struct {
		first    string
		payload  string
		metadata []string
		want     string
	}{
		"equals":                   {value("equals-value-matcher", mappings("1", "a", "12", "b")), "", []string{"k", "1", "l", "2"}, "b"},
		"equals, key not there":    {value("equals-value-matcher", mappings("1", "a")), "", []string{"l", "1"}, "a"},
		"equals, default":          {value("equals-value-matcher", mappings("1", "a")+orC), "", []string{"k", "2"}, "c"},
		"equals, none":             {value("equals-value-matcher", mappings("1", "a")), "", []string{"k", "2"}, "error: no mapping fits"},
		"equals, case":             {value("equals-value-matcher", mappings("X", "a")+orC), "", []string{"k", "x"}, "c"},
		"ignores case":             {value("ignores-case-value-matcher", mappings("X", "a")+orC), "", []string{"k", "x"}, "a"},
		"ignores case, other":      {value("ignores-case-value-matcher", mappings("X", "a")+orC), "", []string{"k", "y"}, "c"},
		"regex":                    {value("regex-value-matcher", mappings("o", "a", "o.*", "b")+orC), "", []string{"k", "order"}, "b"},
		"regex, other":             {value("regex-value-matcher", mappings("o", "a")+orC), "", []string{"k", "order"}, "c"},
		"integer":                  {value("integer-value-matcher", mappings("&gt;10", "a", "&lt;=10", "b")+orC), "", []string{"k", "10"}, "b"},
		"integer, greater":         {value("integer-value-matcher", mappings("&gt;10", "a", "&lt;=10", "b")+orC), "", []string{"k", "11"}, "a"},
		"integer, sorted":          {value("integer-value-matcher", mappings("&gt;=1", "a", "=5", "b")+orC), "", []string{"k", "5"}, "b"},
		"integer, at least":        {value("integer-value-matcher", mappings("&gt;= 5", "a")+orC), "", []string{"k", "5"}, "a"},
		"integer, less":            {value("integer-value-matcher", mappings("&lt;5", "a")+orC), "", []string{"k", "5"}, "c"},
		"integer, none":            {value("integer-value-matcher", mappings("=5", "a")+orC), "", []string{"k", "five"}, "c"},
		"key as id":                {value("use-key-as-service-id-value-matcher", orC), "", []string{"k", "b"}, "b"},
		"key as id, blank":         {value("use-key-as-service-id-value-matcher", orC), "", []string{"k", " "}, "c"},
		"key as id, unknown":       {value("use-key-as-service-id-value-matcher", orC), "", []string{"k", "nope"}, `error: no service in it has the unique-id "nope"`},
		"exists":                   {exists + `</metadata-exists-branching-service>`, "", []string{"k", "x"}, "a"},
		"exists, empty":            {exists + orC + `</metadata-exists-branching-service>`, "", []string{"k", ""}, "c"},
		"exists, none":             {exists + `</metadata-exists-branching-service>`, "", nil, ""},
		"size, larger":             {size + `<size-criteria-bytes>2</size-criteria-bytes></size-based-branching-service>`, "123", nil, "a"},
		"size, the same":           {size + `<size-criteria-bytes>2</size-criteria-bytes></size-based-branching-service>`, "12", nil, "b"},
		"size, default":            {size + `</size-based-branching-service>`, "123", nil, "b"},
		"regexp of payload":        {syntax(regexp + rest), "an x\nand a y", nil, "a"},
		"regexp of payload, half":  {syntax(regexp + rest), "an x", nil, "b"},
		"xpath":                    {syntax(xpath + rest), "<r><i>1</i></r>", nil, "a"},
		"xpath, empty":             {syntax(xpath + rest), "<r><i/></r>", nil, "b"},
		"xpath, no xml":            {syntax(xpath + rest), "r", nil, "b"},
		"node":                     {syntax(node + rest), "<r><i/></r>", nil, "a"},
		"node, none":               {syntax(node + rest), "<r/>", nil, "b"},
		"json path":                {syntax(jsonpath + rest), `{"i":0}`, nil, "a"},
		"json path, null":          {syntax(jsonpath + rest), `{"i":null}`, nil, "a"},
		"json path, empty array":   {syntax(jsonpath + rest), `{"i":[]}`, nil, "b"},
		"json path, none":          {syntax(jsonpath + rest), `{}`, nil, "b"},
		"json path, no json":       {syntax(jsonpath + rest), `<i/>`, nil, "b"},
		"nothing recognises":       {syntax(jsonpath), `<i/>`, nil, "error: no identifier recognises"},
		"route":                    {route, "", []string{"httpmethod", "GET", "jettyURI", "/orders/12"}, "a"},
		"route, method":            {route, "", []string{"httpmethod", "PUT", "jettyURI", "/orders/12"}, "b"},
		"route, none":              {route, "", []string{"httpmethod", "GET", "jettyURI", "/"}, "c"},
		"route, no request":        {route, "", nil, "error: only a jetty-message-consumer"},
		"wrapped":                  {`<stateless-service-wrapper><unique-id>first</unique-id>` + as("service", size) + `</size-based-branching-service></stateless-service-wrapper>`, "123", nil, "b"},
		"disabled ends everything": {size + `<enabled>false</enabled></size-based-branching-service>`, "123", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			xml := branchingXML(c.first)
			if name == "wrapped" {
				xml = strings.Replace(xml, "</size-based-branching-service>", "</service>", 1)
			}
			s := decode[*BranchingCollection](t, xml)
			noting(s)
			m := newMessage(c.payload, c.metadata...)
			err := component.Apply(t.Context(), s, m)
			if want, isError := strings.CutPrefix(c.want, "error: "); isError {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v; want %s", err, want)
				}
				return
			}
			if err != nil || way(m) != c.want {
				t.Errorf("went to %q, %v; want %q", way(m), err, c.want)
			}
			if next := nextService(m); next != "" {
				t.Errorf("the choice %q is left behind", next)
			}
		})
	}
}

// as gives the first element of the XML another name, with its own as class.
func as(element, xml string) string {
	name := xml[1:strings.IndexByte(xml, '>')]
	return strings.Replace(xml, "<"+name+">", `<`+element+` class="`+name+`">`, 1)
}

func TestRoutingMakesMetadataOfThePath(t *testing.T) {
	s := decode[*Switch](t, `<switch><case><condition class="jetty-route-condition"><url-pattern>/(a)/(b)?</url-pattern><metadata-key>x</metadata-key><metadata-key>y</metadata-key></condition></case></switch>`)
	m := newMessage("", "jettyURI", "/a/")
	if err := s.Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if x, _ := m.Metadata("x"); x != "a" {
		t.Errorf("x is %q", x)
	}
	if y, there := m.Metadata("y"); y != "" || !there {
		t.Errorf("y is %q", y)
	}
}

func TestBranchingEnabler(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		fails error
		want  string
		back  error
	}{
		"success":    {nil, "a", nil},
		"failure":    {boom, "b", nil},
		"given back": {component.ErrStopped, "", component.ErrStopped},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[*BranchingCollection](t, branchingXML(`<branching-service-enabler><unique-id>first</unique-id><success-id>a</success-id><failure-id>b</failure-id>`+note("inner")+`</branching-service-enabler>`))
			noting(s)
			probes(s)["inner"].apply = failing(c.fails)
			m := newMessage("")
			if err := component.Apply(t.Context(), s, m); !errors.Is(err, c.back) || way(m) != c.want {
				t.Errorf("went to %q, %v", way(m), err)
			}
		})
	}
	inner := decode[*BranchingCollection](t, branchingXML(`<branching-service-enabler><unique-id>first</unique-id><success-id>a</success-id><failure-id>b</failure-id>
		<service class="size-based-branching-service"><greater-than-service-id>b</greater-than-service-id><smaller-than-service-id>c</smaller-than-service-id></service></branching-service-enabler>`))
	noting(inner)
	m := newMessage("")
	if err := component.Apply(t.Context(), inner, m); err != nil || way(m) != "c" {
		t.Errorf("a service that chooses itself went to %q, %v", way(m), err)
	}
}

func TestBranchingMayGoRoundUntilTheWorkflowStops(t *testing.T) {
	s := decode[*BranchingCollection](t, `<branching-service-collection><first-service-id>x</first-service-id><services><branching-service-enabler><unique-id>x</unique-id><success-id>x</success-id><failure-id>x</failure-id>`+
		note("a")+`</branching-service-enabler></services></branching-service-collection>`)
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	probes(s)["a"].apply = func(context.Context, *message.Message) error {
		if rounds++; rounds == 5 {
			cancel()
		}
		return nil
	}
	if err := s.Apply(ctx, newMessage("")); !errors.Is(err, context.Canceled) || rounds != 5 {
		t.Errorf("%v after %d rounds", err, rounds)
	}
}

func TestBranchingThroughASharedService(t *testing.T) {
	size, problems := decodeWith(t, `<size-based-branching-service><unique-id>chooser</unique-id><greater-than-service-id>a</greater-than-service-id><smaller-than-service-id>b</smaller-than-service-id></size-based-branching-service>`, sharedParts{})
	if len(problems) != 1 || !strings.Contains(problems[0], "does not stand in a branching-service-collection") {
		t.Errorf("alone: %v", problems)
	}
	s, problems := decodeWith(t, branchingXML(`<shared-service><unique-id>first</unique-id><lookup-name>chooser</lookup-name></shared-service>`), sharedParts{services: map[string]component.Service{"chooser": size}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	noting(s)
	m := newMessage("")
	if err := component.Apply(t.Context(), s, m); err != nil || way(m) != "b" || !size.(*SizeBranching).hosted {
		t.Errorf("went to %q, %v", way(m), err)
	}
}

func TestBranchingFaultsOfTheDocument(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"first not there":  {strings.Replace(branchingXML(""), ">first<", ">aa<", 1), `is "aa", but no service in here has that unique-id; did you mean a`},
		"id twice":         {branchingXML(probeXML("first") + probeXML("a")), `two services with the unique-id "a"`},
		"no id":            {branchingXML(probeXML("first") + `<null-service/>`), "has null-service as service 2, without a unique-id"},
		"target not there": {branchingXML(`<size-based-branching-service><unique-id>first</unique-id><greater-than-service-id>a</greater-than-service-id><smaller-than-service-id>d</smaller-than-service-id></size-based-branching-service>`), `may choose "d"`},
		"misplaced":        {`<service-list><null-service/><null-service/><size-based-branching-service><greater-than-service-id>a</greater-than-service-id><smaller-than-service-id>b</smaller-than-service-id></size-based-branching-service></service-list>`, "use switch"},
		"regex":            {branchingXML(`<metadata-value-branching-service><unique-id>first</unique-id><metadata-key>k</metadata-key><value-matcher class="regex-value-matcher"/><metadata-to-service-id-mappings><key-value-pair><key>(</key><value>a</value></key-value-pair></metadata-to-service-id-mappings></metadata-value-branching-service>`), `"(" is no regular expression`},
		"integer":          {branchingXML(`<metadata-value-branching-service><unique-id>first</unique-id><metadata-key>k</metadata-key><value-matcher class="integer-value-matcher"/><metadata-to-service-id-mappings><key-value-pair><key>5</key><value>a</value></key-value-pair></metadata-to-service-id-mappings></metadata-value-branching-service>`), `"5" is no comparison`},
		"integer too big":  {branchingXML(`<metadata-value-branching-service><unique-id>first</unique-id><metadata-key>k</metadata-key><value-matcher class="integer-value-matcher"/><metadata-to-service-id-mappings><key-value-pair><key>=5000000000</key><value>a</value></key-value-pair></metadata-to-service-id-mappings></metadata-value-branching-service>`), "32 bits"},
		"no keys":          {branchingXML(`<metadata-value-branching-service><unique-id>first</unique-id><value-matcher class="equals-value-matcher"/></metadata-value-branching-service>`), "name the metadata that decides"},
		"unused mappings":  {branchingXML(`<metadata-value-branching-service><unique-id>first</unique-id><metadata-key>k</metadata-key><value-matcher class="use-key-as-service-id-value-matcher"/><metadata-to-service-id-mappings><key-value-pair><key>5</key><value>a</value></key-value-pair></metadata-to-service-id-mappings></metadata-value-branching-service>`), "has no effect with use-key"},
		"route groups":     {branchingXML(`<jetty-routing-service><unique-id>first</unique-id><route><service-id>a</service-id><condition><url-pattern>/(.*)</url-pattern></condition></route></jetty-routing-service>`), "has 1 groups, but there are only 0"},
		"route pattern":    {branchingXML(`<jetty-routing-service><unique-id>first</unique-id><route><service-id>a</service-id><condition><url-pattern>(</url-pattern></condition></route></jetty-routing-service>`), "no regular expression"},
		"xpath":            {branchingXML(`<syntax-branching-service><unique-id>first</unique-id><routing-xpath-syntax-identifier><destination>a</destination><pattern>string(</pattern></routing-xpath-syntax-identifier></syntax-branching-service>`), "cannot be read"},
		"json path":        {branchingXML(`<syntax-branching-service><unique-id>first</unique-id><routing-json-path-syntax-identifier><destination>a</destination><pattern>$[</pattern></routing-json-path-syntax-identifier></syntax-branching-service>`), "<pattern> of routing-json-path-syntax-identifier"},
		"regexp":           {branchingXML(`<syntax-branching-service><unique-id>first</unique-id><routing-regexp-syntax-identifier><destination>a</destination><pattern>(</pattern></routing-regexp-syntax-identifier></syntax-branching-service>`), "no regular expression"},
		"nodeset":          {branchingXML(`<syntax-branching-service><unique-id>first</unique-id><routing-xpath-node-syntax-identifier><resolve-as-nodeset>true</resolve-as-nodeset><destination>a</destination><pattern>/a</pattern></routing-xpath-node-syntax-identifier></syntax-branching-service>`), "recognises all XML"},
		"mixed":            {`<branching-service-collection><first-service-id>a</first-service-id><services>` + probeXML("a") + `</services>` + probeXML("b") + `</branching-service-collection>`, "put all of them into <services>"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decodeWith(t, c.xml, sharedParts{})
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.want) }) {
				t.Errorf("problems %q; want %s", problems, c.want)
			}
		})
	}
}

func TestSyntaxRoutingSetsMetadata(t *testing.T) {
	s := decode[*SyntaxRouting](t, `<syntax-routing-service><routing-key>stream</routing-key><routing-xpath-syntax-identifier><destination>xml</destination>
		<namespace-context><key-value-pair><key>n</key><value>urn:n</value></key-value-pair></namespace-context><pattern>/n:r</pattern></routing-xpath-syntax-identifier>
		<routing-json-path-syntax-identifier><destination>json</destination></routing-json-path-syntax-identifier></syntax-routing-service>`)
	for payload, want := range map[string]string{`<r xmlns="urn:n">1</r>`: "xml", `{}`: "json", `<r>1</r>`: ""} {
		m := newMessage(payload)
		err := component.Apply(t.Context(), s, m)
		if got, _ := m.Metadata("stream"); got != want || (err != nil) != (want == "") {
			t.Errorf("%s: %q, %v", payload, got, err)
		}
	}
}

func TestListFollowsChoicesForwards(t *testing.T) {
	chooser := func(id, to string) string {
		return `<metadata-exists-branching-service><unique-id>` + id + `</unique-id><metadata-exists-service-id>nowhere</metadata-exists-service-id><default-service-id>` + to + `</default-service-id></metadata-exists-branching-service>`
	}
	for name, c := range map[string]struct{ services, want string }{
		"forwards":         {chooser("x", "c") + probeXML("a") + probeXML("b") + probeXML("c") + probeXML("d"), "c d"},
		"to the next one":  {chooser("x", "a") + probeXML("a") + probeXML("b"), "a b"},
		"not backwards":    {probeXML("a") + chooser("x", "a") + probeXML("b"), "a b"},
		"not to itself":    {chooser("x", "x") + probeXML("a"), "a"},
		"nowhere":          {chooser("x", "z") + probeXML("a") + probeXML("b"), "a b"},
		"no choice":        {chooser("x", "") + probeXML("a") + probeXML("b"), "a b"},
		"two":              {chooser("x", "y") + probeXML("a") + chooser("y", "c") + probeXML("b") + probeXML("c"), "c"},
		"of a shared one":  {`<shared-service><unique-id>x</unique-id><lookup-name>chooser</lookup-name></shared-service>` + probeXML("a") + probeXML("b"), "b"},
		"disabled chooser": {strings.Replace(chooser("x", "b"), "</unique-id>", "</unique-id><enabled>false</enabled>", 1) + probeXML("a") + probeXML("b"), "a b"},
	} {
		t.Run(name, func(t *testing.T) {
			shared, _ := decodeWith(t, chooser("chooser", "b"), sharedParts{})
			s, problems := decodeWith(t, `<service-list><services>`+c.services+`</services></service-list>`, sharedParts{services: map[string]component.Service{"chooser": shared}})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			noting(s)
			m := newMessage("")
			if err := component.Apply(t.Context(), s, m); err != nil || way(m) != c.want {
				t.Errorf("went to %q, %v; want %q", way(m), err, c.want)
			}
		})
	}
	_, problems := decodeWith(t, `<service-list><allow-forward-search>false</allow-forward-search>`+chooser("x", "b")+probeXML("b")+`</service-list>`, sharedParts{})
	if len(problems) != 1 || !strings.Contains(problems[0], "use switch") {
		t.Errorf("without forward search: %v", problems)
	}
}
