package adapter_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/document"
)

// What reading a document may take. A document of 20 KiB takes 3 MiB; the seeds are of that size.
const (
	fuzzedBytes  = 64 << 10
	fuzzedMemory = 128 << 20
	fuzzedTime   = 30 * time.Second
)

var variable = regexp.MustCompile(`\$\{[^}]*\}`)

// FuzzDocument: whatever the document, it is read and checked to the end, in bounded memory and time; either it can run or there is an
// error, and each problem has its place and a code that the manual explains. Nothing is started, and nothing is asked of the network.
func FuzzDocument(f *testing.F) {
	for _, name := range wholeDocumentNames(f) {
		text, err := os.ReadFile(filepath.Join(wholeDocuments, name, "config", "adapter.xml"))
		if err != nil {
			f.Fatal(err)
		}
		// A variable that is not defined would be all that is ever said.
		f.Add(variable.ReplaceAll(text, []byte("1")))
	}
	for _, h := range hostile {
		f.Add([]byte(h.document(1)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > fuzzedBytes || readsDevices(text) {
			t.Skip()
		}
		checkAnyDocument(t, text)
	})
}

// FuzzDocumentParts makes documents of the parts of others: they are well-formed, so what is tried is what reads elements, not what reads
// XML. Each six bytes of steps put an element of some document in the place of one of the document, or word in the place of a text.
func FuzzDocumentParts(f *testing.F) {
	var documents []string
	for _, name := range wholeDocumentNames(f) {
		text, err := os.ReadFile(filepath.Join(wholeDocuments, name, "config", "adapter.xml"))
		if err != nil {
			f.Fatal(err)
		}
		if text := string(variable.ReplaceAll(text, []byte("1"))); len(elements(text)) > 0 {
			documents = append(documents, text)
		}
	}
	for i, word := range []string{"", "true", "-1", "%message{a}", "%payload{jsonpath:$..a[?(@.b=='c')]}", "99999999999999999999", "[a-", "file:///%zz", "0 0 0 29 2 ? 1999", "\x00", "PW:AAAA", "${a}"} {
		f.Add(byte(3*i), []byte{byte(i), 0, 40, byte(7 * i), 0, byte(11 * i), byte(i), 1, 0, 90, byte(i), 3}, word)
	}
	f.Fuzz(func(t *testing.T, which byte, steps []byte, word string) {
		text := documents[int(which)%len(documents)]
		for ; len(steps) >= 6; steps = steps[6:] {
			text = step(text, documents, steps, word)
			if len(text) > fuzzedBytes {
				t.Skip()
			}
		}
		if readsDevices([]byte(text)) {
			t.Skip()
		}
		checkAnyDocument(t, []byte(text))
	})
}

// step is one change of a document.
func step(text string, documents []string, how []byte, word string) string {
	all := elements(text)
	if len(all) == 0 {
		return text
	}
	at := all[(int(how[1])<<8|int(how[2]))%len(all)]
	if how[0]%2 == 1 {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(word)) // a builder takes everything
		return text[:at.content] + b.String() + text[at.contentEnd:]
	}
	donor := documents[int(how[3])%len(documents)]
	parts := elements(donor)
	part := parts[(int(how[4])<<8|int(how[5]))%len(parts)]
	return text[:at.begin] + donor[part.begin:part.end] + text[at.end:]
}

// span is where an element stands in a text, and what is inside of it.
type span struct{ begin, content, contentEnd, end int }

// elements finds all elements, the root left out; none if the text is no XML.
func elements(text string) []span {
	d := xml.NewDecoder(strings.NewReader(text))
	var open, all []span
	for {
		begin := int(d.InputOffset())
		token, err := d.RawToken()
		if err == io.EOF {
			return all
		}
		if err != nil {
			return nil
		}
		switch token.(type) {
		case xml.StartElement:
			open = append(open, span{begin: begin, content: int(d.InputOffset())})
		case xml.EndElement:
			if len(open) == 0 {
				return nil
			}
			s := open[len(open)-1]
			open = open[:len(open)-1]
			s.contentEnd, s.end = begin, int(d.InputOffset())
			if len(open) > 0 && s.contentEnd > s.content { // <a/> has no inside to put a word into
				all = append(all, s)
			}
		}
	}
}

// checkAnyDocument loads a document of anybody and looks at what is said.
func checkAnyDocument(t *testing.T, text []byte) {
	path := filepath.Join(t.TempDir(), "adapter.xml")
	write(t, path, text)
	hangs := time.AfterFunc(fuzzedTime, func() { panic(fmt.Sprintf("reading the document takes longer than %s", fuzzedTime)) })
	defer hangs.Stop()
	ended, end := context.WithCancel(context.Background())
	end() // so that no URL is ever asked for
	env := document.Environment{Variables: map[string]string{"SITE": "s"}, SystemProperties: map[string]string{"jetty.http.port": "0"}}
	before := allocated()
	a, problems := adapter.Load(ended, path, adapter.Options{Env: env})
	if a != nil {
		problems = append(problems, checks.Advise(a)...)
	}
	if took := allocated() - before; took > fuzzedMemory {
		t.Errorf("%d bytes of document took %d MiB", len(text), took>>20)
	}
	if (a == nil) != (len(problems.Errors()) > 0) {
		t.Errorf("adapter %v with problems %v", a, problems)
	}
	for _, p := range problems {
		if p.Message == "" || p.Pos.File == "" || p.Pos.Line < 0 {
			t.Errorf("%+v", p)
		}
		if _, ok := checks.Lookup(p.Code); !ok {
			t.Errorf("the code %q is not explained: %v", p.Code, p)
		}
	}
}

// readsDevices says that the document may name a file that never ends or never begins, which is not the document's fault.
func readsDevices(text []byte) bool {
	return bytes.Contains(text, []byte("/dev/")) || bytes.Contains(text, []byte("/proc/")) || bytes.Contains(text, []byte("/sys/"))
}

// allocated is the sum of all that was ever allocated.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// hostile are documents that want to fill memory, or to read what is not theirs. Each is made to a size.
var hostile = []struct {
	name     string
	document func(size int) string
	code     string
}{
	{"billion laughs", func(size int) string {
		var b strings.Builder
		b.WriteString("<!DOCTYPE adapter [<!ENTITY l0 \"lol\">")
		for i := 1; i <= 9*size; i++ {
			fmt.Fprintf(&b, "<!ENTITY l%d %q>", i, strings.Repeat(fmt.Sprintf("&l%d;", i-1), 10))
		}
		fmt.Fprintf(&b, "]><adapter><unique-id>&l%d;</unique-id></adapter>", 9*size)
		return b.String()
	}, "xml-doctype"},
	{"external entity", func(int) string {
		return `<!DOCTYPE adapter [<!ENTITY e SYSTEM "file:///etc/passwd">]><adapter><unique-id>&e;</unique-id></adapter>`
	}, "xml-doctype"},
	{"external parameter entity", func(int) string {
		return `<!DOCTYPE adapter [<!ENTITY % e SYSTEM "http://127.0.0.1:1/e.dtd">%e;]><adapter/>`
	}, "xml-doctype"},
	{"external subset", func(int) string { return `<!DOCTYPE adapter SYSTEM "http://127.0.0.1:1/a.dtd"><adapter/>` }, "xml-doctype"},
	{"entity without declaration", func(int) string { return "<adapter><unique-id>&e;</unique-id></adapter>" }, "xml-entity"},
	{"deep", func(size int) string {
		return "<adapter>" + strings.Repeat("<service-list><services>", 100*size) + strings.Repeat("</services></service-list>", 100*size) + "</adapter>"
	}, "xml-too-deep"},
	{"deep and never closed", func(size int) string { return strings.Repeat("<channel>", 250*size) }, "xml-too-deep"},
	{"wide", func(size int) string {
		return "<adapter><channel-list>" + strings.Repeat("<channel/>", 100*size) + "</channel-list></adapter>"
	}, ""},
	{"many mistakes", func(size int) string {
		return "<adapter><channel-list>" + strings.Repeat("<chanel><unique-id/></chanel>", 100*size) + "</channel-list></adapter>"
	}, ""},
	{"a long word", func(size int) string {
		word := strings.Repeat("w", 1000*size)
		return "<adapter><" + word + "/><channel-list><channel><unique-id>" + word + "</unique-id><produce-connection class=\"" + word + "\"/></channel></channel-list></adapter>"
	}, ""},
	{"values in values", func(size int) string {
		return "<adapter><unique-id>" + strings.Repeat("${", 1000*size) + strings.Repeat("}", 1000*size) + "</unique-id></adapter>"
	}, ""},
	{"expressions without end", func(size int) string {
		return `<channel><workflow><producer class="aws-kinesis-stream-producer"><stream>` + strings.Repeat("%message{", 1000*size) + `</stream><partition-key>` +
			strings.Repeat("%payload{jsonpath:$[?(", 500*size) + `</partition-key></producer></workflow></channel>`
	}, ""},
	{"a path without end", func(size int) string {
		return `<channel><workflow><producer class="aws-kinesis-stream-producer"><stream>%payload{xpath:` + strings.Repeat("(", 1000*size) + `}</stream><partition-key>%payload{jsonpath:$` +
			strings.Repeat("[?(@.a", 300*size) + `}</partition-key></producer></workflow></channel>`
	}, ""},
	{"an expression without end", func(size int) string {
		return `<channel><workflow><service-collection class="service-list"><services><if-then-otherwise><condition class="expression"><algorithm>` + strings.Repeat("(-", 1000*size) +
			`</algorithm></condition><then/></if-then-otherwise></services></service-collection></workflow></channel>`
	}, ""},
	{"a pattern that repeats", func(size int) string {
		return `<channel><workflow><consumer class="fs-consumer"><base-directory-url>x</base-directory-url><filter-expression>` + strings.Repeat("(a{1000}", 20*size) + strings.Repeat("){1000}", 20*size) +
			`</filter-expression></consumer></workflow></channel>`
	}, ""},
}

// A document that wants too much is refused, or read, with memory in proportion to its size. Bytes are what is held: time is the machine's.
func TestHostileDocumentsAreBounded(t *testing.T) {
	const (
		fixed   = 16 << 20
		perByte = 3000
	)
	for _, h := range hostile {
		for _, size := range []int{1, 10, 50} {
			t.Run(fmt.Sprintf("%s %d", h.name, size), func(t *testing.T) {
				text := h.document(size)
				path := filepath.Join(t.TempDir(), "adapter.xml")
				write(t, path, []byte(text))
				before := allocated()
				a, problems := adapter.Load(t.Context(), path, adapter.Options{})
				took := allocated() - before
				if took > fixed+perByte*uint64(len(text)) {
					t.Errorf("%d bytes of document took %d MiB", len(text), took>>20)
				}
				if a != nil {
					t.Error("it is taken")
				}
				if h.code != "" && (len(problems) != 1 || problems[0].Code != h.code) {
					t.Errorf("problems %v, want %s alone", problems, h.code)
				}
				if said := len(problems.Error()); said > 1<<20+200*len(text) {
					t.Errorf("%d bytes are said about %d bytes", said, len(text))
				}
			})
		}
	}
}

// The parser's own bounds are tested in pkg/document; these are the files as they come.
func TestHugeFilesAreNotRead(t *testing.T) {
	const size = 100 << 20
	head := "<adapter><unique-id>huge</unique-id><channel-list>"
	for name, fill := range map[string]string{"elements": "<channel/>", "text": "text ", "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "adapter.xml")
			f, err := os.Create(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := io.WriteString(f, head+strings.Repeat(fill, 1<<16)); err != nil {
				t.Fatal(err)
			}
			if err := f.Truncate(size); err != nil { // a sparse file costs no disk
				t.Fatal(err)
			}
			before := allocated()
			a, problems := adapter.Load(t.Context(), path, adapter.Options{})
			if took := allocated() - before; took > document.DefaultMaxBytes*6 {
				t.Errorf("took %d MiB", took>>20)
			}
			if a != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, "more than 16777216 bytes") {
				t.Errorf("adapter %v, problems %v", a, problems)
			}
		})
	}
}
