package adapter

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/document"
)

// prints are the fingerprints of the parts of a document, by name.
func prints(t *testing.T, xml string, properties map[string]string) map[string]fingerprint {
	t.Helper()
	tree, problems := document.Parse("a.xml", strings.NewReader(xml), document.Options{})
	if tree == nil {
		t.Fatal(problems)
	}
	c, problems := decode(tree, document.Environment{SystemProperties: properties}, nil)
	if c == nil {
		t.Fatal(problems.Errors())
	}
	out := make(map[string]fingerprint)
	for _, p := range c.parts {
		out[p.String()] = p.print
	}
	return out
}

// dynamic is a shared service that may use any other one.
func dynamic(id, more string) string {
	return `<dynamic-shared-service><unique-id>` + id + `</unique-id><lookup-name>%message{next}</lookup-name>` + more + `</dynamic-shared-service>`
}

func TestFingerprintsAreEqualForWhatDoesTheSame(t *testing.T) {
	shared := func(services ...string) string {
		return `<adapter><shared-components><services>` + strings.Join(services, "") + `</services></shared-components><channel-list>
			<channel><unique-id>uses</unique-id><workflow><service-collection class="service-list"><shared-service><lookup-name>a</lookup-name></shared-service></service-collection></workflow></channel>
			<channel><unique-id>other</unique-id><workflow><service-collection class="service-list"><log-message-service><log-prefix> x </log-prefix></log-message-service></service-collection></workflow></channel></channel-list></adapter>`
	}
	base := shared(dynamic("a", ""), dynamic("b", ""), dynamic("c", ""))
	for _, c := range []struct {
		name, xml  string
		properties map[string]string
		changed    string // names of parts
	}{
		{"the same", base, nil, ""},
		{"comments, CDATA, white space between elements", strings.NewReplacer("<workflow>", "\n<!-- x --> <workflow>\n", "> x <", "><![CDATA[ x ]]><").Replace(base), nil, ""},
		{"the order of shared parts that use each other", shared(dynamic("c", ""), dynamic("b", ""), dynamic("a", "")), nil, ""},
		{"a shared part that all use", shared(dynamic("a", ""), dynamic("b", "<comments>x</comments>"), dynamic("c", "")), nil, "service a, service b, service c, channel uses"},
		{"one more that all may use", shared(dynamic("a", ""), dynamic("b", ""), dynamic("c", ""), dynamic("d", "")), nil, "service a, service b, service c, channel uses"},
		{"white space in a text", strings.Replace(base, " x ", " x  ", 1), nil, "channel other"},
		{"a class", strings.Replace(base, `class="service-list"><log`, `class="com.adaptris.core.ServiceList"><log`, 1), nil, "channel other"},
		{"a text that moves to another element", strings.Replace(base, "<log-prefix> x </log-prefix>", "<comments> x </comments>", 1), nil, "channel other"},
		{"a system property", base, map[string]string{"a": "1"}, "service a, service b, service c, channel uses, channel other"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, after := prints(t, base, nil), prints(t, c.xml, c.properties)
			changed := strings.Split(c.changed, ", ")
			for name, print := range before {
				want := false
				for _, n := range changed {
					want = want || n == name
				}
				if (after[name] != print) != want {
					t.Errorf("%s: changed %v, want %v", name, !want, want)
				}
			}
		})
	}
}
