package service

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// namedFile names files by metadata, as a creator of the producers does.
type namedFile struct {
	Key string `xml:"key"`
}

func (n *namedFile) Filename(m *message.Message) (string, error) {
	name, _ := m.Metadata(n.Key)
	return name, nil
}

func init() { component.Register[namedFile]("test-named-file", "", component.KindPart, "") }

func TestMetadataComeBackFromFiles(t *testing.T) {
	for _, style := range []string{"Text", "XML"} {
		t.Run(style, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "made", "for it")
			write := decode[component.Service](t, `<write-metadata-to-filesystem><base-url>`+dir+`</base-url><output-style>`+style+
				`</output-style><metadata-filter class="regex-metadata-filter"><exclude-pattern>^z</exclude-pattern></metadata-filter></write-metadata-to-filesystem>`)
			read := decode[component.Service](t, `<read-metadata-from-filesystem><base-url>`+dir+`</base-url><input-style>`+style+`</input-style></read-metadata-from-filesystem>`)
			m := newMessage("", " a b:", "  x #=é€😀\t<&>", "b", "", "z", "left out")
			if err := component.Apply(t.Context(), write, m); err != nil {
				t.Fatal(err)
			}
			if err := component.Apply(t.Context(), write, m); err == nil || !strings.Contains(err.Error(), "is there already; set <overwrite-if-exists>") {
				t.Errorf("written twice: %v", err)
			}
			other := newMessage("", "b", "kept")
			other.SetID(m.ID())
			if err := component.Apply(t.Context(), read, other); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]string{" a b:": "  x #=é€😀\t<&>", "b": "kept"}, metadataOf(other)); diff != "" {
				t.Errorf("metadata (-want +got):\n%s", diff)
			}
			if files, err := os.ReadDir(dir); err != nil || len(files) != 1 || files[0].Name() != m.ID() {
				t.Errorf("files are %v, %v", files, err)
			}
		})
	}
}

func TestPropertiesAreWrittenAsJavaDoes(t *testing.T) {
	got := string(encodeProperties([]MetadataItem{{Key: " a b:", Value: "  x #=é€😀\t"}}, time.Date(2026, 11, 24, 12, 48, 1, 0, time.UTC)))
	want := "#\n#Tue Nov 24 12:48:01 UTC 2026\n" + `\ a\ b\:=\  x \#\=\u00E9\u20AC\uD83D\uDE00\t` + "\n"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestPropertiesOfJavaInXMLCanBeRead(t *testing.T) {
	items, err := decodeXMLProperties([]byte(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE properties SYSTEM "http://java.sun.com/dtd/properties.dtd">
<properties>
<comment>x</comment>
<entry key=" a b:">  x #=é€&#xd83d;&#xde00;	</entry>
</properties>`))
	if diff := cmp.Diff([]MetadataItem{{Key: " a b:", Value: "  x #=é€😀\t"}}, items); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, bad := range []string{"", "text", "<x/>", "<properties>"} {
		if items, err := decodeXMLProperties([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v", bad, items)
		}
	}
}

func FuzzDecodeXMLProperties(f *testing.F) {
	f.Add([]byte(xmlPropertiesHead + `<properties><entry key="a">b</entry></properties>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		items, err := decodeXMLProperties(data)
		if err != nil {
			return
		}
		again, err := encodeXMLProperties(items)
		if err == nil {
			items2, err := decodeXMLProperties(again)
			if err != nil || len(items2) != len(items) {
				t.Errorf("%q comes back as %q, %v", items, items2, err)
			}
		}
	})
}

func TestMetadataFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	named := func(service, inside string) component.Service {
		return decode[component.Service](t, "<"+service+"><base-url>"+dir+`</base-url><filename-creator class="test-named-file"><key>name</key></filename-creator>`+inside+"</"+service+">")
	}
	write := named("write-metadata-to-filesystem", "<overwrite-if-exists>true</overwrite-if-exists>")
	for _, v := range []string{"1", "2"} {
		if err := component.Apply(t.Context(), write, newMessage("", "name", "sub/file", "a", v)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"../out", "/abs", "", ".", "a/../../b"} {
		if err := component.Apply(t.Context(), write, newMessage("", "name", name)); err == nil || !strings.Contains(err.Error(), "leads out of the directory") {
			t.Errorf("%q: %v", name, err)
		}
	}
	m := newMessage("", "name", "sub/file", "a", "old")
	if err := component.Apply(t.Context(), named("read-metadata-from-filesystem", "<overwrite-existing-metadata>true</overwrite-existing-metadata>"), m); err != nil {
		t.Fatal(err)
	}
	if got, _ := m.Metadata("a"); got != "2" {
		t.Errorf("read %q", got)
	}
	whole := decode[component.Service](t, "<read-metadata-from-filesystem><base-url>"+filepath.Join(dir, "sub", "file")+"</base-url></read-metadata-from-filesystem>")
	m = newMessage("")
	if err := component.Apply(t.Context(), whole, m); err != nil || metadataOf(m)["a"] != "2" {
		t.Errorf("metadata are %v, %v", metadataOf(m), err)
	}
}

func TestUnreadableMetadataFileChangesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad"), []byte(`a=\uXX`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := decode[component.Service](t, "<read-metadata-from-filesystem><base-url>"+dir+`</base-url><filename-creator class="test-named-file"><key>name</key></filename-creator></read-metadata-from-filesystem>`)
	for _, name := range []string{"none", "bad", "../x"} {
		core, lines := observer.New(zap.WarnLevel)
		m := newMessage("", "name", name)
		if err := component.Apply(component.WithLogger(t.Context(), zap.New(core)), s, m); err != nil {
			t.Error(err)
		}
		if lines.Len() != 1 || len(m.MetadataKeys()) != 1 {
			t.Errorf("%s: %d lines, metadata %v", name, lines.Len(), metadataOf(m))
		}
	}
}

func TestSequenceNumbers(t *testing.T) {
	for _, c := range []struct{ name, format, inside, file, want, left string }{
		{"from nothing", "000", "", "", "001 002 003 004", "5"},
		{"from a file of Interlok", "0", "", "#\n#Tue Nov 24 12:48:01 UTC 2026\nSimpleSequenceNumberService.next=41\n", "41 42 43 44", "45"},
		{"maximum", "0", "<maximum-sequence-number>2</maximum-sequence-number>", "", "1 2 1 2", "1"},
		{"above the maximum", "0", "<maximum-sequence-number>2</maximum-sequence-number>", "SimpleSequenceNumberService.next=9", "1 2 1 2", "1"},
		{"longer than the format", "0", "", "SimpleSequenceNumberService.next=8", "8 9 10 11", "12"},
		{"reset", "0", "<overflow-behaviour>ResetToOne</overflow-behaviour>", "SimpleSequenceNumberService.next=8", "8 9 1 2", "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "next")
			if c.file != "" {
				if err := os.WriteFile(file, []byte(c.file+"\nother=x"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := decode[component.Service](t, "<simple-sequence-number-service><metadata-key>n</metadata-key><number-format>"+c.format+"</number-format><sequence-number-file>"+file+
				"</sequence-number-file>"+c.inside+"</simple-sequence-number-service>")
			var got []string
			for range 4 {
				m := newMessage("")
				if err := component.Apply(t.Context(), s, m); err != nil {
					t.Fatal(err)
				}
				got = append(got, metadataOf(m)["n"])
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("numbers are %s; want %s", text, c.want)
			}
			data, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(data), "\nSimpleSequenceNumberService.next="+c.left+"\n") || c.file != "" && !strings.Contains(string(data), "\nother=x\n") {
				t.Errorf("the file has %q, %v", data, err)
			}
		})
	}
}

func TestSequenceNumberLeavesAlone(t *testing.T) {
	file := filepath.Join(t.TempDir(), "next")
	s := decode[component.Service](t, "<simple-sequence-number-service><metadata-key>n</metadata-key><sequence-number-file>"+file+"</sequence-number-file><always-replace-metadata>false</always-replace-metadata></simple-sequence-number-service>")
	m := newMessage("", "n", "x")
	if err := component.Apply(t.Context(), s, m); err != nil || metadataOf(m)["n"] != "x" {
		t.Errorf("%v, %v", metadataOf(m), err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a number was used")
	}
	if err := os.WriteFile(file, []byte("SimpleSequenceNumberService.next=x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := component.Apply(t.Context(), s, newMessage("")); err == nil || !strings.Contains(err.Error(), `="x", which is no number; correct it`) {
		t.Error(err)
	}
}

// TestNumbersAreWrittenAsJavaDoes has what DecimalFormat makes of the same numbers.
func TestNumbersAreWrittenAsJavaDoes(t *testing.T) {
	for _, c := range []struct {
		pattern string
		n       int64
		want    string
	}{
		{"0", 7, "7"}, {"00000", 42, "00042"}, {"N-#,##000.00x", 1234567, "N-12,34567.00x"}, {"#.00", 0, ".00"}, {"#", 0, "0"}, {"A0", -5, "-A5"}, {"#,#00", 1234567, "1,234,567"},
	} {
		f, err := parseDecimalFormat(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := f.write(c.n); got != c.want {
			t.Errorf("%d by %s is %q, want %q", c.n, c.pattern, got, c.want)
		}
	}
	for _, bad := range []string{"", "x", "0%", "0E0", "0;0", "0,", "'0'", "0x0"} {
		if _, err := parseDecimalFormat(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

// Messages of the same name that come side by side: one gets the file, the others learn that it is there.
func TestMetadataOfOneOfManyMessagesIsWritten(t *testing.T) {
	s := decode[*WriteMetadata](t, `<write-metadata-to-filesystem><base-url>`+t.TempDir()+`</base-url></write-metadata-to-filesystem>`)
	for i := range 50 {
		var wg sync.WaitGroup
		var written atomic.Int32
		for range 4 {
			wg.Go(func() {
				m := newMessage("x")
				m.SetID(strconv.Itoa(i))
				switch err := component.Apply(t.Context(), s, m); {
				case err == nil:
					written.Add(1)
				case !strings.Contains(err.Error(), "is there already; set <overwrite-if-exists>"):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := written.Load(); n != 1 {
			t.Fatalf("%d messages wrote the same file", n)
		}
	}
}
