package service

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestRetryStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "retry")
	store := `<retry-store class="retry-store-filesystem"><base-url>` + dir + `</base-url></retry-store>`
	write := decode[*RetryStoreWrite](t, `<retry-store-write-message>`+store+`</retry-store-write-message>`)
	remove := decode[*RetryStoreDelete](t, `<retry-store-delete-service><message-id>%message{id}</message-id>`+store+`</retry-store-delete-service>`)

	m := newMessage("first", "k", "a=b")
	m.SetID("order 1")
	for _, payload := range []string{"first", "second"} {
		m.SetPayload([]byte(payload))
		if err := component.Apply(t.Context(), write, m); err != nil {
			t.Fatal(err)
		}
		m.SetObject(objectError, errors.New("boom"))
	}
	got := map[string]string{}
	entries, err := os.ReadDir(filepath.Join(dir, "order 1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, "order 1", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[e.Name()] = string(data)
	}
	items, err := decodeProperties(storedMetadata, []byte(got[storedMetadata]))
	if diff := cmp.Diff([]MetadataItem{{Key: "k", Value: "a=b"}}, items); diff != "" || err != nil {
		t.Errorf("metadata: %v %s", err, diff)
	}
	delete(got, storedMetadata)
	if diff := cmp.Diff(map[string]string{storedPayload: "second", storedError: "boom\n"}, got); diff != "" {
		t.Error(diff)
	}
	for range 2 { // the second time nothing is there
		if err := component.Apply(t.Context(), remove, newMessage("", "id", "order 1")); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "order 1")); !os.IsNotExist(err) {
		t.Errorf("still there: %v", err)
	}
	if err := component.Apply(t.Context(), remove, newMessage("")); err == nil {
		t.Error("without an id")
	}
}

func TestRetryStoreKeepsToItsDirectory(t *testing.T) {
	outside := t.TempDir()
	dir := filepath.Join(outside, "retry")
	store := `<retry-store class="retry-store-filesystem"><base-url>` + dir + `</base-url></retry-store>`
	write := decode[*RetryStoreWrite](t, `<retry-store-write-message>`+store+`</retry-store-write-message>`)
	remove := decode[*RetryStoreDelete](t, `<retry-store-delete-service><message-id>%message{id}</message-id>`+store+`</retry-store-delete-service>`)
	for _, id := range []string{"..", ".", "../x", "a/b", `a\b`, "/etc", "\x00"} {
		m := newMessage("p", "id", id)
		m.SetID(id)
		for _, s := range []component.Service{write, remove} {
			if err := component.Apply(t.Context(), s, m); err == nil || !strings.Contains(err.Error(), "can not name") {
				t.Errorf("%T of %q: %v", s, id, err)
			}
		}
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) > 0 {
		t.Errorf("made %v, %v", entries, err)
	}
}

func TestDuplicateRouting(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seen")
	xml := `<duplicate-message-routing-service><destination-key>to</destination-key><unique-destination>new</unique-destination><duplicate-destination>old</duplicate-destination>
		<history-size>2</history-size><config-location>` + file + `</config-location></duplicate-message-routing-service>`
	for _, c := range []struct{ values, want string }{
		{"a b a b c", "new new old old new"},
		{"a b c", "new new new"}, // after a restart: b and c were kept, then a pushed b out, and so on
		{"b c", "old old"},
	} {
		s := decode[*DuplicateRouting](t, xml)
		if err := errors.Join(component.Init(t.Context(), s), component.Start(t.Context(), s)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for value := range strings.FieldsSeq(c.values) {
			m := newMessage("", "DuplicateCheck", value)
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			to, _ := m.Metadata("to")
			got = append(got, to)
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", c.values, diff)
		}
		if err := component.Stop(t.Context(), s); err != nil {
			t.Error(err)
		}
	}
	if err := os.WriteFile(file, []byte("no list"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := component.Init(t.Context(), decode[*DuplicateRouting](t, xml)); err == nil || !strings.Contains(err.Error(), "name another one") {
		t.Errorf("a file of another kind: %v", err)
	}
}
