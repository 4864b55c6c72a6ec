package service

import (
	"context"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// in is a message whose payload is text in a character set.
func in(t *testing.T, charset, text string) *message.Message {
	t.Helper()
	data, err := encodeText(charset, text)
	if err != nil {
		t.Fatal(err)
	}
	m := message.New(data)
	m.SetEncoding(charset)
	return m
}

func TestAggregatorsKeepText(t *testing.T) {
	const first, appending = "replace-with-first-message-aggregator", "appending-message-aggregator"
	for name, c := range map[string]struct {
		class, of, parts string // character sets
		want, payload    string // character set and text; and bytes, if they are looked at
	}{
		"first":                         {first, "UTF-16", "UTF-8", "UTF-8 é1", ""},
		"first, unnamed":                {first, "UTF-16", "", " é1", ""},
		"first, of an unnamed":          {first, "", "ISO-8859-1", "ISO-8859-1 é1", "\xe91"},
		"appending":                     {appending, "UTF-16BE", "UTF-8", "UTF-16BE ü0é1é2", ""},
		"appending, unnamed":            {appending, "ISO-8859-1", "", "ISO-8859-1 ü0é1é2", "\xfc0\xe91\xe92"},
		"appending to an unnamed":       {appending, "", "UTF-16", " ü0é1é2", "ü0é1é2"},
		"appending the same":            {appending, "iso-8859-1", "ISO-8859-1", "iso-8859-1 ü0é1é2", "\xfc0\xe91\xe92"},
		"appending, one mark of order":  {appending, "UTF-16", "UTF-16", "UTF-16 ü0é1é2", "\xfe\xff\x00\xfc\x000\x00\xe9\x001\x00\xe9\x002"},
		"appending, other names of one": {appending, "ascii", "UTF8", "ascii ü0é1é2", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := joinBy(t, aggregatorXML(c.class, ""))
			m := in(t, c.of, "ü0")
			parts := []*message.Message{in(t, c.parts, "é1"), in(t, c.parts, "é2")}
			if err := s.Aggregator.Aggregate(t.Context(), m, parts); err != nil {
				t.Fatal(err)
			}
			text, err := m.Text()
			if got := m.Encoding() + " " + text; err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
			if c.payload != "" && string(m.Payload()) != c.payload {
				t.Errorf("payload %q; want %q", m.Payload(), c.payload)
			}
		})
	}
}

func TestAppendingLeavesBytesAlone(t *testing.T) {
	for _, charset := range []string{"", "UTF-8", "ISO-8859-1", "x-nothing"} {
		s, _ := joinBy(t, aggregatorXML("appending-message-aggregator", ""))
		m, part := newMessage("\xff\x00"), newMessage("\xfe\x81")
		m.SetEncoding(charset)
		part.SetEncoding(charset)
		if err := s.Aggregator.Aggregate(t.Context(), m, []*message.Message{part}); err != nil || string(m.Payload()) != "\xff\x00\xfe\x81" {
			t.Errorf("%q: %q, %v", charset, m.Payload(), err)
		}
	}
}

func TestAppendingNamesWhatCanNotBeRead(t *testing.T) {
	s, _ := joinBy(t, aggregatorXML("appending-message-aggregator", ""))
	m, part := newMessage("a"), newMessage("b")
	part.SetEncoding("x-nothing")
	err := s.Aggregator.Aggregate(t.Context(), m, []*message.Message{part})
	if err == nil || !strings.Contains(err.Error(), part.ID()) || !strings.Contains(err.Error(), "x-nothing") || string(m.Payload()) != "a" {
		t.Errorf("%v, payload %q", err, m.Payload())
	}
}

// A splitter may give its parts another character set than the message has.
func TestFirstPartOfSplitIsReadable(t *testing.T) {
	s := decode[*SplitJoin](t, `<pooled-split-join-service><splitter class="json-array-splitter"/><service class="test-probe"/><aggregator class="replace-with-first-message-aggregator"/></pooled-split-join-service>`)
	s.Service.(*probe).apply = func(_ context.Context, part *message.Message) error {
		part.SetEncoding("UTF-8")
		part.SetPayload([]byte(`{"a":"é"}`))
		return nil
	}
	m := in(t, "UTF-16", `[{"a":"é"}]`)
	if err := component.Apply(t.Context(), s, m); err != nil {
		t.Fatal(err)
	}
	if text, err := m.Text(); err != nil || text != `{"a":"é"}` {
		t.Errorf("%q in %q, %v", text, m.Encoding(), err)
	}
}
