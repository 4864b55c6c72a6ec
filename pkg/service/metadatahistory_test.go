package service

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
)

// javaHistory is what Java's ObjectOutputStream writes of an ArrayList of "a", "é", the same "a" again, null, and "\0😀".
const javaHistory = "rO0ABXNyABNqYXZhLnV0aWwuQXJyYXlMaXN0eIHSHZnHYZ0DAAFJAARzaXpleHAAAAAFdwQAAAAFdAABYXQAAsOpcQB+AAJwdAAIwIDtoL3tuIB4"

func TestHistoryOfJavaCanBeRead(t *testing.T) {
	data, err := base64.StdEncoding.DecodeString(javaHistory)
	if err != nil {
		t.Fatal(err)
	}
	values, err := decodeHistory(data)
	if err != nil || !slices.Equal(values, []string{"a", "é", "a", "\x00😀"}) {
		t.Errorf("values are %q, %v", values, err)
	}
}

func TestHistoryIsWrittenAsJavaDoes(t *testing.T) {
	want := "\xAC\xED\x00\x05sr\x00\x13java.util.ArrayListx\x81\xD2\x1D\x99\xC7a\x9D\x03\x00\x01I\x00\x04sizexp\x00\x00\x00\x02w\x04\x00\x00\x00\x02t\x00\x01at\x00\x08\xC0\x80\xED\xA0\xBD\xED\xB8\x80x"
	if got := string(encodeHistory([]string{"a", "\x00😀"})); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestHistoryRefusesOtherFiles(t *testing.T) {
	good := encodeHistory([]string{"ab", "cd"})
	for n := 1; n < len(good); n++ {
		if _, err := decodeHistory(good[:n]); err == nil {
			t.Errorf("the first %d bytes are accepted", n)
		}
	}
	for _, bad := range []string{"text", string(good) + "x"} {
		if _, err := decodeHistory([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestHistoryComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.String(), 1, 5).Draw(t, "values")
		for i := range values {
			values[i] = strings.ToValidUTF8(values[i], "?")
		}
		if got, err := decodeHistory(encodeHistory(values)); err != nil || !slices.Equal(got, values) {
			t.Fatalf("got %q, %v; want %q", got, err, values)
		}
	})
	long := []string{strings.Repeat("x", 70000)}
	if got, err := decodeHistory(encodeHistory(long)); err != nil || !slices.Equal(got, long) {
		t.Errorf("a long text does not come back: %v", err)
	}
}

func FuzzDecodeHistory(f *testing.F) {
	java, _ := base64.StdEncoding.DecodeString(javaHistory)
	f.Add(java)
	f.Add(encodeHistory([]string{"", "😀"}))
	f.Fuzz(func(t *testing.T, data []byte) {
		values, err := decodeHistory(data)
		if err != nil {
			return
		}
		for i := range values {
			values[i] = strings.ToValidUTF8(values[i], "\uFFFD")
		}
		again, err := decodeHistory(encodeHistory(values))
		if err != nil || !slices.Equal(again, values) {
			t.Fatalf("%q comes back as %q, %v", values, again, err)
		}
	})
}

// branchingBy is a collection that begins with a service, which chooses between two that set the metadata out.
func branchingBy(service string) string {
	add := func(id string) string {
		return `<add-metadata-service><unique-id>` + id + `</unique-id><metadata-element><key>out</key><value>` + id + `</value></metadata-element></add-metadata-service>`
	}
	return `<branching-service-collection><first-service-id>check</first-service-id><services>` + service + add("old") + add("new") + `</services></branching-service-collection>`
}

func initialised(t *testing.T, xml string) component.Service {
	t.Helper()
	s := decode[component.Service](t, xml)
	if err := component.Init(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := component.Start(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := component.Stop(t.Context(), s); err != nil {
				t.Error(err)
			}
		}
	})
	return s
}

// outcome is what a service makes of a value: the metadata out, or the error.
func outcome(t *testing.T, s component.Service, value string) string {
	t.Helper()
	m := newMessage("", "k", value)
	if err := component.Apply(t.Context(), s, m); err != nil {
		return err.Error()
	}
	out, _ := m.Metadata("out")
	return out
}

func TestUniqueValuesAreToldFromDuplicates(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seen")
	xml := branchingBy(`<check-unique-metadata-value-service><unique-id>check</unique-id><metadata-key-to-check>k</metadata-key-to-check><store-file-url>` + file +
		`</store-file-url><next-service-id-if-duplicate>old</next-service-id-if-duplicate><next-service-id-if-unique>new</next-service-id-if-unique><number-of-previous-values-to-store>2</number-of-previous-values-to-store></check-unique-metadata-value-service>`)
	s := initialised(t, xml)
	for i, step := range []struct{ value, want string }{{"a", "new"}, {"a", "old"}, {"b", "new"}, {"c", "new"}, {"b", "old"}, {"a", "new"}} {
		if got := outcome(t, s, step.value); got != step.want {
			t.Errorf("step %d: %s is %q; want %s", i, step.value, got, step.want)
		}
	}
	again := initialised(t, xml)
	if got := outcome(t, again, "c") + outcome(t, again, "b"); got != "oldnew" {
		t.Errorf("after a restart: %s", got)
	}
	if got := outcome(t, s, " "); !strings.Contains(got, `check-unique-metadata-value-service: the message has no metadata "k", or a blank one`) {
		t.Error(got)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*")); err != nil || len(left) != 1 {
		t.Errorf("files are %q, %v", left, err)
	}
}

func TestStoredValuesAreFoundByTheCheck(t *testing.T) {
	file := filepath.Join(t.TempDir(), "seen")
	store := initialised(t, `<store-metadata-value-service><metadata-key>k</metadata-key><store-file-url>`+file+`</store-file-url><number-of-previous-values-to-store>2</number-of-previous-values-to-store></store-metadata-value-service>`)
	check := initialised(t, branchingBy(`<check-metadata-value-service><unique-id>check</unique-id><metadata-key>k</metadata-key><store-file-url>`+file+
		`</store-file-url><next-service-id-if-duplicate>old</next-service-id-if-duplicate><next-service-id-if-unique>new</next-service-id-if-unique></check-metadata-value-service>`))
	for i, step := range []struct{ check, want, store string }{{"a", "new", "a"}, {"a", "old", "b"}, {"b", "old", "b"}, {"a", "new", "c"}} {
		if got := outcome(t, check, step.check); got != step.want {
			t.Errorf("step %d: %s is %q; want %s", i, step.check, got, step.want)
		}
		if got := outcome(t, store, step.store); got != "" {
			t.Error(got)
		}
	}
	if err := os.WriteFile(file, []byte("no list"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, check, "a"); !strings.Contains(got, "check-metadata-value-service: the values seen before cannot be read") {
		t.Error(got)
	}
	if err := component.Init(t.Context(), store); err == nil || !strings.Contains(err.Error(), "move the file away") {
		t.Error(err)
	}
}

func TestNoTwoMessagesSideBySideAreUnique(t *testing.T) {
	s := initialised(t, branchingBy(`<check-unique-metadata-value-service><unique-id>check</unique-id><metadata-key-to-check>k</metadata-key-to-check><store-file-url>`+
		filepath.Join(t.TempDir(), "seen")+`</store-file-url><next-service-id-if-duplicate>old</next-service-id-if-duplicate><next-service-id-if-unique>new</next-service-id-if-unique></check-unique-metadata-value-service>`))
	var all sync.WaitGroup
	fresh := make(chan string, 80)
	for worker := range 4 {
		all.Go(func() {
			for i := range 20 {
				m := newMessage("", "k", strconv.Itoa(i))
				if err := component.Apply(t.Context(), s, m); err != nil {
					t.Error(worker, err)
				}
				if out, _ := m.Metadata("out"); out == "new" {
					fresh <- out
				}
			}
		})
	}
	all.Wait()
	if len(fresh) != 20 {
		t.Errorf("%d messages count as unique; want 20", len(fresh))
	}
}
