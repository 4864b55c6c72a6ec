package service

import (
	"context"
	"encoding/xml"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func forEach(t *testing.T) *ForEachJSON {
	t.Helper()
	return decode[*ForEachJSON](t, `<for-each-json-array-element-service><json-array-source class="string-payload-data-input-parameter"/>
		<per-element-destination class="metadata-data-output-parameter"><metadata-key>element</metadata-key></per-element-destination>
		<for-each-element-service class="test-probe"><name>a</name></for-each-element-service></for-each-json-array-element-service>`)
}

func TestForEachJSONElement(t *testing.T) {
	for name, c := range map[string]struct {
		payload string
		want    []string
		failure string
	}{
		"objects":        {` [ {"a": 1.10, "b": [1, 2]}, {"é":"\u00e9"} ] `, []string{`{"a":1.10,"b":[1,2]}`, `{"é":"é"}`}, ""},
		"empty":          {`[]`, nil, ""},
		"object":         {`{"a":1}`, nil, "not an array"},
		"text":           {`"a"`, nil, ""},
		"no json":        {`[{"a":1},`, nil, "not JSON"},
		"not all object": {`[{"a":1},2,{"a":3}]`, []string{`{"a":1}`}, "element 2: 2 is no object"},
	} {
		t.Run(name, func(t *testing.T) {
			s := forEach(t)
			var got []string
			s.Service.(*probe).apply = func(_ context.Context, m *message.Message) error {
				element, _ := m.Metadata("element")
				got = append(got, element)
				return nil
			}
			err := component.Apply(t.Context(), s, newMessage(c.payload))
			if (err != nil) != (c.failure != "") || err != nil && !strings.Contains(err.Error(), c.failure) {
				t.Errorf("error %v; want %q", err, c.failure)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestForEachJSONElementEnds(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		apply func(cancel func(), m *message.Message) error
		want  error
	}{
		"at a failure":           {func(func(), *message.Message) error { return boom }, boom},
		"with its workflow":      {func(cancel func(), _ *message.Message) error { cancel(); return nil }, context.Canceled},
		"with a stopped message": {func(_ func(), m *message.Message) error { m.StopProcessing(); return nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := forEach(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			elements := 0
			s.Service.(*probe).apply = func(_ context.Context, m *message.Message) error { elements++; return c.apply(cancel, m) }
			if err := s.Apply(ctx, newMessage(`[{},{},{}]`)); !errors.Is(err, c.want) || elements != 1 {
				t.Errorf("%v after %d elements", err, elements)
			}
		})
	}
}

func TestDynamicSharedService(t *testing.T) {
	a, b := &probe{ServiceBase: component.ServiceBase{Enabled: true}, Name: "a"}, &probe{ServiceBase: component.ServiceBase{Enabled: true}, Name: "b"}
	noting(a)
	noting(b)
	all := sharedParts{services: map[string]component.Service{"event-a": a, "event-b": b}}
	const xml = `<dynamic-shared-service><unique-id>d</unique-id><lookup-name>event-%message{type}</lookup-name></dynamic-shared-service>`
	s, problems := decodeWith(t, xml, all)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	all.services["event-self"] = s
	for kind, want := range map[string]string{"a": "a", "b": "b"} {
		m := newMessage("", "type", kind)
		if err := component.Apply(t.Context(), s, m); err != nil || way(m) != want {
			t.Errorf("%s: %q, %v", kind, way(m), err)
		}
	}
	for kind, want := range map[string]string{"c": `"event-c", but no service under shared-components has that unique-id; did you mean event-a`, "self": "leads back to itself"} {
		if err := component.Apply(t.Context(), s, newMessage("", "type", kind)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", kind, err, want)
		}
	}
	if err := component.Apply(t.Context(), s, newMessage("")); err == nil || !strings.Contains(err.Error(), "<lookup-name>") {
		t.Errorf("without metadata: %v", err)
	}
	_, problems = decodeWith(t, `<dynamic-shared-service><unique-id>d</unique-id><lookup-name>event-c</lookup-name></dynamic-shared-service>`, all)
	if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, `is "event-c"`) }) {
		t.Errorf("a constant name that is not there: %v", problems)
	}
}

func TestExceptionReports(t *testing.T) {
	failure := errors.New("no <customer> & \"so\" on ]]> \x00")
	for name, c := range map[string]struct{ serializer, want string }{
		"text":          {`class="exception-as-string"/>`, failure.Error()},
		"json":          {`class="exception-as-json"/>`, "{\n  \"exceptionLocation\" : null,\n  \"exceptionMessage\" : \"no <customer> & \\\"so\\\" on ]]> \\u0000\",\n  \"workflow\" : \"w@c\"\n}"},
		"json, stack":   {`class="exception-as-json-with-stacktrace"/>`, "{\n  \"exceptionLocation\" : null,\n  \"exceptionMessage\" : \"no <customer> & \\\"so\\\" on ]]> \\u0000\",\n  \"stacktrace\" : [ ],\n  \"workflow\" : \"w@c\"\n}"},
		"simple xml":    {`class="exception-as-xml"/>`, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<Exception>\n<![CDATA[\nno <customer> & \"so\" on ]]]]><![CDATA[> \uFFFD\n]]>\n</Exception>\n"},
		"named element": {`class="exception-as-xml"><exception-generator class="simple-exception-report"><element-name>E</element-name></exception-generator></exception-serializer>`, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<E>\n<![CDATA[\nno <customer> & \"so\" on ]]]]><![CDATA[> \uFFFD\n]]>\n</E>\n"},
		"xml":           {`class="exception-as-xml"><exception-generator class="xml-exception-report"/></exception-serializer>`, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<exception-report>\n  <exception-message>no &lt;customer&gt; &amp; &#34;so&#34; on ]]&gt; \uFFFD</exception-message>\n  <workflow>w@c</workflow>\n</exception-report>\n"},
		"xml, stack":    {`class="exception-as-xml"><exception-generator class="xml-with-stacktrace-exception-report"/></exception-serializer>`, "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\"?>\n<exception-report>\n  <exception-message>no &lt;customer&gt; &amp; &#34;so&#34; on ]]&gt; \uFFFD</exception-message>\n  <stacktrace></stacktrace>\n  <workflow>w@c</workflow>\n</exception-report>\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode[*ExceptionReport](t, `<exception-report-service><exception-serializer `+c.serializer+`</exception-report-service>`)
			m := newMessage("before", "workflowId", "w@c")
			if err := component.Apply(t.Context(), s, m); err != nil || string(m.Payload()) != "before" {
				t.Errorf("a message that has not failed: %q, %v", m.Payload(), err)
			}
			m.SetObject(objectError, failure)
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, string(m.Payload())); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(name, "xml") {
				var any struct {
					Inner string `xml:",innerxml"`
				}
				if err := xml.Unmarshal(m.Payload(), &any); err != nil {
					t.Errorf("no XML: %v", err)
				}
			}
		})
	}
}

func TestExceptionReportInAnotherCharacterSet(t *testing.T) {
	s := decode[*ExceptionReport](t, `<exception-report-service><exception-serializer class="exception-as-xml"><xml-encoding>ISO-8859-1</xml-encoding></exception-serializer></exception-report-service>`)
	m := newMessage("before")
	m.SetObject(objectError, errors.New("é"))
	if err := component.Apply(t.Context(), s, m); err != nil || !strings.Contains(string(m.Payload()), "\xe9") || !strings.Contains(string(m.Payload()), `encoding="ISO-8859-1"`) {
		t.Errorf("%q, %v", m.Payload(), err)
	}
	for element, value := range map[string]string{"xml-encoding": "<xml-encoding>no</xml-encoding>", "element-name": `<exception-generator class="simple-exception-report"><element-name>a b</element-name></exception-generator>`} {
		_, problems := decodeWith(t, `<exception-report-service><exception-serializer class="exception-as-xml">`+value+`</exception-serializer></exception-report-service>`, sharedParts{})
		if len(problems) != 1 || !strings.Contains(problems[0], element) {
			t.Errorf("%s: %v", value, problems)
		}
	}
}

func TestExceptionsThatAMessageFailedWith(t *testing.T) {
	failure := errors.New("boom")
	last := decode[*ThrowException](t, `<throw-exception-service><exception-generator class="last-known-exception"/></throw-exception-service>`)
	clearing := decode[*ClearException](t, `<clear-exception-service/>`)
	m := newMessage("")
	if err := component.Apply(t.Context(), last, m); err != nil {
		t.Errorf("without an error: %v", err)
	}
	if err := component.Apply(t.Context(), clearing, m); err != nil {
		t.Error(err)
	}
	m.SetObject(objectError, failure)
	if err := component.Apply(t.Context(), last, m); !errors.Is(err, failure) {
		t.Errorf("with one: %v", err)
	}
	if err := component.Apply(t.Context(), clearing, m); err != nil || errorOf(m) != nil {
		t.Errorf("cleared: %v, %v", errorOf(m), err)
	}
	possible := decode[*ThrowException](t, `<throw-exception-service><exception-generator class="possible-exception-from-metadata"><exception-message-metadata-key>k</exception-message-metadata-key></exception-generator></throw-exception-service>`)
	for value, fails := range map[string]bool{"": false, " ": false, "why": true} {
		if err := component.Apply(t.Context(), possible, newMessage("", "k", value)); (err != nil) != fails {
			t.Errorf("%q: %v", value, err)
		}
	}
}
