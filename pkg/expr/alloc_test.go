package expr

import (
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/message"
)

// click is a typical payload: a small event whose id is the partition key.
const click = `{"id":"customer-4711","eventType":"click","at":"2024-05-17T12:34:56.789Z","session":{"id":"0f8fad5b-d9cb-469f-a165-70867728950e","n":17},` +
	`"page":{"url":"https://example.com/products/shoes?size=42","referrer":null,"tags":["shoes","summer","sale"]},"price":19.90,"new":true}`

var budgets = []struct {
	name, text         string
	resolve, appending float64
}{
	{"constant", "fixed-key", 0, 0},
	{"environment", "%env{STREAM}-events", 0, 0},
	{"metadata", "%message{key1}", 0, 0},
	{"reference", "%message{$$ref}", 0, 0},
	{"mixed text", "pre-%message{key1}-%message{%size}-post", 1, 0},
	{"unique id", "%message{%uniqueId}", 0, 0},
	{"payload", "%message{%payload}", 1, 0},
	{"json string", "%payload{jsonpath:$.id}", 1, 0},
	{"json number", "%payload{jsonpath:$.price}", 1, 0},
	{"json nested", "%message{jsonPath:$.page.tags[1]}", 1, 0},
	{"json in text", "%payload{jsonpath:$.eventType}-events", 1, 0},
}

func TestAllocationBudgets(t *testing.T) {
	for _, c := range budgets {
		t.Run(c.name, func(t *testing.T) {
			template, err := Compile(c.text, testSources)
			if err != nil {
				t.Fatal(err)
			}
			m := clickMessage()
			fresh := *m // a message that nothing has read, without the cost of making one
			var sink string
			if got := testing.AllocsPerRun(100, func() { *m = fresh; sink, _ = template.Resolve(m) }); got > c.resolve {
				t.Errorf("Resolve: %v allocations, %v allowed", got, c.resolve)
			}
			if sink == "" {
				t.Error("no result")
			}
			buffer := make([]byte, 0, 1024)
			if got := testing.AllocsPerRun(100, func() { *m = fresh; buffer, _ = template.Append(buffer[:0], m) }); got > c.appending {
				t.Errorf("Append: %v allocations, %v allowed", got, c.appending)
			}
			if string(buffer) != sink {
				t.Errorf("Append gave %q, Resolve %q", buffer, sink)
			}
		})
	}
}

func clickMessage() *message.Message {
	m := message.New([]byte(click))
	m.SetID("the-id")
	m.SetMetadata("key1", "v1")
	m.SetMetadata("ref", "key1")
	return m
}

func BenchmarkResolve(b *testing.B) {
	for _, c := range budgets {
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			template, err := Compile(c.text, testSources)
			if err != nil {
				b.Fatal(err)
			}
			m := clickMessage()
			fresh := *m
			b.ReportAllocs()
			for b.Loop() {
				*m = fresh
				if _, err := template.Resolve(m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// What does one path cost on a payload that nothing has read, by scanning and by building a tree?
func BenchmarkJSONPathScan(b *testing.B) { benchmarkPath(b, "$.session.id", false) }
func BenchmarkJSONPathTree(b *testing.B) { benchmarkPath(b, "$.session.id", true) }

// What does a filter cost, which needs the tree and maps of it?
func BenchmarkJSONPathFilter(b *testing.B) { benchmarkPath(b, "$.page[?(@ == 'x' || @.n)]", true) }

func benchmarkPath(b *testing.B, path string, tree bool) {
	p, err := CompileJSONPath(path)
	if err != nil {
		b.Fatal(err)
	}
	m := clickMessage()
	fresh := *m
	b.SetBytes(int64(len(click)))
	b.ReportAllocs()
	for b.Loop() {
		*m = fresh
		if tree {
			if _, err := ParseJSON(m); err != nil {
				b.Fatal(err)
			}
		}
		_, _ = p.Text(m)
	}
}

// What does building the tree cost? scansBeforeParsing is this over BenchmarkJSONPathScan.
func BenchmarkParseJSON(b *testing.B) {
	data := []byte(click)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseJSONBytes(data); err != nil {
			b.Fatal(err)
		}
	}
}

// What does a large payload cost, whose key stands first? The whole of it must be judged.
func BenchmarkJSONPathScanLarge(b *testing.B) {
	p, err := CompileJSONPath("$.id")
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(`{"id":"x","events":[` + strings.Repeat(click+",", 2000) + `{}]}`)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Text(message.New(payload)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkXPath(b *testing.B) {
	x, err := CompileXPath("/order/@id")
	if err != nil {
		b.Fatal(err)
	}
	payload := []byte(order)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := x.Text(message.New(payload)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile("%message{jsonPath:$.eventType}-%env{STREAM}-%message{key1}", testSources); err != nil {
			b.Fatal(err)
		}
	}
}
