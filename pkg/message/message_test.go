package message

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMetadata(t *testing.T) {
	m := New(nil)
	if _, ok := m.Metadata("key"); ok {
		t.Error("a new message has metadata")
	}
	m.SetMetadata("key", "value")
	m.SetMetadata("Key", "other")
	m.SetMetadata("ref", "key")
	m.SetMetadata("dangling", "nowhere")
	for key, want := range map[string]string{"key": "value", "Key": "other", "$$ref": "value"} {
		if got, ok := m.Metadata(key); !ok || got != want {
			t.Errorf("%s: %q %v", key, got, ok)
		}
	}
	for _, key := range []string{"KEY", "$$nope", "$$dangling", ""} {
		if got, ok := m.Metadata(key); ok {
			t.Errorf("%s: %q", key, got)
		}
	}
	m.SetMetadata("$$ref", "by reference")
	if got, _ := m.Metadata("key"); got != "by reference" {
		t.Errorf("key: %q", got)
	}
	if got := m.MetadataKeys(); !slices.Equal(got, []string{"Key", "dangling", "key", "ref"}) {
		t.Errorf("%q", got)
	}
	m.RemoveMetadata("key")
	m.RemoveMetadata("nope")
	if _, ok := m.Metadata("$$ref"); ok {
		t.Error("removed and still there")
	}
}

// TestCopiesDoNotSeeEachOther drives messages, clones and children at random against plain maps.
func TestCopiesDoNotSeeEachOther(t *testing.T) {
	type pair struct {
		m     *Message
		model map[string]string
	}
	rapid.Check(t, func(t *rapid.T) {
		all := []*pair{{New(nil), map[string]string{}}}
		key := rapid.SampledFrom([]string{"a", "b", "c"})
		value := rapid.SampledFrom([]string{"", "1", "2"})
		t.Repeat(map[string]func(*rapid.T){
			"set": func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "message")
				k, v := key.Draw(t, "key"), value.Draw(t, "value")
				p.m.SetMetadata(k, v)
				p.model[k] = v
			},
			"remove": func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "message")
				k := key.Draw(t, "key")
				p.m.RemoveMetadata(k)
				delete(p.model, k)
			},
			"replace": func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "message")
				items := map[string]string{key.Draw(t, "key"): value.Draw(t, "value")}
				p.m.SetAllMetadata(items)
				p.model = maps.Clone(items)
				items["later"] = "must not be seen"
			},
			"clone": func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "message")
				all = append(all, &pair{p.m.Clone(), maps.Clone(p.model)})
			},
			"child": func(t *rapid.T) {
				p := rapid.SampledFrom(all).Draw(t, "message")
				all = append(all, &pair{p.m.Child(nil), maps.Clone(p.model)})
			},
			"": func(t *rapid.T) {
				for i, p := range all {
					got := map[string]string{}
					for _, k := range p.m.MetadataKeys() {
						got[k], _ = p.m.Metadata(k)
					}
					if !maps.Equal(got, p.model) {
						t.Fatalf("message %d: %v, want %v", i, got, p.model)
					}
				}
			},
		})
	})
}

func TestCloneAndChild(t *testing.T) {
	m := New([]byte("payload"))
	d := NewDelivery(func(error) {})
	m.SetDelivery(d)
	m.SetEncoding("ISO-8859-1")
	m.SetMetadata("k", "v")
	m.SetObject("o", 1)

	c := m.Clone()
	if c.ID() != m.ID() || string(c.Payload()) != "payload" || c.Delivery() != d || c.Encoding() != "ISO-8859-1" {
		t.Errorf("clone %+v", c)
	}
	c.SetPayload([]byte("other"))
	c.SetObject("o", 2)
	if v, _ := m.Object("o"); v != 1 || string(m.Payload()) != "payload" {
		t.Error("the original sees its clone's changes")
	}
	later := m.Clone()
	m.SetObject("o", 4)
	m.SetObject("p", 5)
	if v, _ := later.Object("o"); v != 1 || len(later.ObjectKeys()) != 1 {
		t.Error("a clone sees what its original changed afterwards")
	}

	part := m.Child([]byte("part"))
	if part.ID() == m.ID() || string(part.Payload()) != "part" || part.Delivery() != d || part.Encoding() != "ISO-8859-1" {
		t.Errorf("child %+v", part)
	}
	if v, ok := part.Metadata("k"); !ok || v != "v" {
		t.Error("a child has its parent's metadata")
	}
	if _, ok := part.Object("o"); ok {
		t.Error("objects belong to the whole message")
	}
	c.PassObjects()
	part = c.Child(nil)
	if v, _ := part.Object("o"); v != 2 {
		t.Errorf("a child was passed %v", v)
	}
	part.SetObject("o", 3)
	if v, _ := c.Object("o"); v != 2 {
		t.Error("the parent sees its child's changes")
	}
	part = c.Child(nil)
	c.SetObject("o", 6)
	if v, _ := part.Object("o"); v != 2 {
		t.Error("a child sees what its parent changed afterwards")
	}
	if _, ok := part.Child(nil).Object("o"); ok {
		t.Error("objects are passed once")
	}
	if _, ok := m.Child(nil).Object("o"); ok {
		t.Error("the original passes what its clone was told to")
	}
}

func TestParsedOnceUntilThePayloadChanges(t *testing.T) {
	m := New([]byte("x"))
	calls := 0
	parse := func(payload []byte) (any, error) {
		calls++
		return strings.ToUpper(string(payload)), nil
	}
	if m.HasParsed(JSON) {
		t.Error("parsed before anybody asked")
	}
	for range 3 {
		if v, err := m.Parsed(JSON, parse); err != nil || v != "X" {
			t.Errorf("%v, %v", v, err)
		}
	}
	if v, _ := m.Clone().Parsed(JSON, parse); v != "X" || calls != 1 || !m.HasParsed(JSON) || m.HasParsed(XML) {
		t.Errorf("%v after %d parses", v, calls)
	}
	m.SetEncoding("")
	if _, _ = m.Parsed(JSON, parse); calls != 1 {
		t.Error("parsed again although nothing changed")
	}
	m.SetEncoding("ISO-8859-1")
	m.SetPayload([]byte("y"))
	if v, _ := m.Parsed(JSON, parse); v != "Y" || calls != 2 {
		t.Errorf("%v after %d parses", v, calls)
	}
	boom := errors.New("boom")
	for range 2 {
		if _, err := m.Parsed(XML, func([]byte) (any, error) { calls++; return nil, boom }); err != boom {
			t.Error(err)
		}
	}
	if calls != 3 {
		t.Error("a payload that cannot be parsed was parsed again")
	}
}

func TestScannedCountsPerPayload(t *testing.T) {
	m := New(nil)
	for want := 1; want <= 255; want++ {
		if got := m.Scanned(JSON); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	}
	if got := m.Scanned(JSON); got != 255 {
		t.Errorf("%d after 256", got)
	}
	if got := m.Scanned(XML); got != 1 {
		t.Errorf("the other slot: %d", got)
	}
	m.SetPayload(nil)
	if got := m.Scanned(JSON); got != 1 {
		t.Errorf("new payload: %d", got)
	}
}

func TestIDsAreUUIDsAndDiffer(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 10_000 {
		m := New(nil)
		id := m.ID()
		if !uuid.MatchString(id) {
			t.Fatalf("%s is no UUID of version 8", id)
		}
		if seen[id] {
			t.Fatalf("%s twice", id)
		}
		seen[id] = true
		if got := string(m.AppendID([]byte("<"))); got != "<"+id {
			t.Fatalf("AppendID %s, ID %s", got, id)
		}
	}
	m := New(nil)
	m.SetID("jms-7")
	m.SetID("")
	if m.ID() != "jms-7" || string(m.AppendID(nil)) != "jms-7" {
		t.Error(m.ID())
	}
}

func TestText(t *testing.T) {
	for _, c := range []struct{ encoding, payload, want string }{
		{"", "café", "café"},
		{"", "\xff", "\xff"},
		{"UTF-8", "café", "café"},
		{"utf8", "café", "café"},
		{"US-ASCII", "cafe", "cafe"},
		{"ISO-8859-1", "caf\xe9", "café"},
		{"windows-1252", "\x80", "€"},
		{"UTF-16", "\xfe\xff\x00x", "x"},
	} {
		m := New([]byte(c.payload))
		m.SetEncoding(c.encoding)
		if got, err := m.Text(); err != nil || got != c.want {
			t.Errorf("%s: %q, %v", c.encoding, got, err)
		}
	}
	m := New(nil)
	m.SetEncoding("martian")
	if _, err := m.Text(); err == nil || !strings.Contains(err.Error(), `"martian"`) {
		t.Errorf("%v", err)
	}
}

type attempts struct{ error }

func (a attempts) Annotate(m *Message) { m.SetMetadata("attempts", a.Error()) }

func TestAnnotateFindsEveryAnnotator(t *testing.T) {
	m := New(nil)
	Annotate(m, nil)
	Annotate(m, errors.New("plain"))
	if len(m.MetadataKeys()) != 0 {
		t.Error(m.MetadataKeys())
	}
	Annotate(m, fmt.Errorf("outer: %w", errors.Join(errors.New("x"), fmt.Errorf("inner: %w", attempts{errors.New("3")}))))
	if v, _ := m.Metadata("attempts"); v != "3" {
		t.Errorf("%q", v)
	}
}

func TestAllocationBudgets(t *testing.T) {
	m := New([]byte("x"))
	m.SetMetadata("k", "v")
	m.SetMetadata("ref", "k")
	buffer := make([]byte, 0, 64)
	for _, c := range []struct {
		name   string
		budget float64
		do     func()
	}{
		{"read metadata", 0, func() { m.Metadata("k"); m.Metadata("$$ref") }},
		{"set a known key", 0, func() { m.SetMetadata("k", "w") }},
		{"append the id", 0, func() { buffer = m.AppendID(buffer[:0]) }},
		{"id", 1, func() { _ = m.ID() }},
		{"hold and release", 0, func() { m.Delivery().Hold(); m.Delivery().Release(nil) }},
	} {
		if got := testing.AllocsPerRun(100, c.do); got > c.budget {
			t.Errorf("%s: %v allocations, %v allowed", c.name, got, c.budget)
		}
	}
}

var sink *Message

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		sink = New(nil)
	}
}

func BenchmarkCloneAndRead(b *testing.B) { benchmarkClone(b, false) }

func BenchmarkCloneAndWrite(b *testing.B) { benchmarkClone(b, true) }

func benchmarkClone(b *testing.B, write bool) {
	m := New([]byte("x"))
	for _, k := range []string{"originalname", "lastmodified", "fsFileSize", "fsConsumeDir"} {
		m.SetMetadata(k, "value")
	}
	m.SetObject("response", m)
	b.ReportAllocs()
	for b.Loop() {
		sink = m.Clone()
		if write {
			sink.SetMetadata("k", "v")
		}
	}
}
