package connection

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
)

func reference(id string) string {
	return `<produce-connection class="shared-connection"><lookup-name>` + id + `</lookup-name></produce-connection>`
}

func TestSharedConnectionStandsForTheConnectionItNames(t *testing.T) {
	target := &Null{base{UniqueID: "kinesis"}}
	second := &Shared{LookupName: "kinesis", target: target}
	for _, id := range []string{"kinesis", "second"} {
		c, problems := decodeWith[component.Connection](t, reference(id), connections{"kinesis": target, "second": second})
		if problems != "" {
			t.Fatal(problems)
		}
		if got := component.Resolve(c); got != target {
			t.Errorf("%s leads to %v", id, got)
		}
		if c.ConnectionID() != "" {
			t.Errorf("a reference can be referred to as %q", c.ConnectionID())
		}
	}
}

func TestSharedConnectionRefusesNamesThatLeadNowhere(t *testing.T) {
	a, b := &Shared{LookupName: "b"}, &Shared{LookupName: "a"}
	for name, c := range map[string]struct {
		xml    string
		shared connections
		want   string
	}{
		"no name":   {`<produce-connection class="shared-connection"/>`, nil, "test.xml:1:1: shared-connection has no <lookup-name>, which it needs; add it, such as <lookup-name>kinesis</lookup-name>"},
		"misspelt":  {reference("kinesys"), connections{"kinesis": &Null{}, "files": &Null{}}, `test.xml:1:47: <lookup-name> of shared-connection is "kinesys", but no connection under shared-components has that unique-id; did you mean kinesis?`},
		"unknown":   {reference("x"), connections{"kinesis": &Null{}, "files": &Null{}}, "there are: files, kinesis"},
		"none":      {reference("x"), nil, "there are none, add one"},
		"circular":  {reference("a"), connections{"a": a, "b": b}, `is "a", a shared-connection that leads back to itself`},
		"dangling":  {reference("c"), connections{"c": &Shared{LookupName: "d"}}, `is "d", but no connection`},
		"identical": {`<produce-connection class="shared-connection"><lookup-name>a</lookup-name><unique-id>a</unique-id></produce-connection>`, nil, "<unique-id> is no element of shared-connection"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decodeWith[component.Connection](t, c.xml, c.shared)
			if !strings.Contains(problems, c.want) {
				t.Errorf("got  %s\nwant %s", problems, c.want)
			}
		})
	}
}

func TestReferenceToItselfIsRefused(t *testing.T) {
	_, problems := decodeWith[component.Connection](t, reference("me"), &selfReferring{})
	if !strings.Contains(problems, "leads back to itself") {
		t.Error(problems)
	}
}

// selfReferring answers every name with a reference to that name.
type selfReferring struct{ me *Shared }

func (s *selfReferring) Connection(id string) (component.Connection, []string) {
	if s.me == nil {
		s.me = &Shared{LookupName: id}
	}
	return s.me, nil
}

func (*selfReferring) Service(string) (component.Service, []string) { return nil, nil }

func TestHarmlessElementsOfConnectionsAreAccepted(t *testing.T) {
	c, problems := decode[component.Connection](t, `<consume-connection class="com.adaptris.core.NullConnection"><unique-id>n</unique-id>
		<connection-error-handler class="null-connection-error-handler"/><workers-first-on-shutdown>true</workers-first-on-shutdown></consume-connection>`)
	if c == nil || c.ConnectionID() != "n" || strings.Count(problems, "is accepted, without effect") != 1 {
		t.Errorf("%v: %s", c, problems)
	}
}
