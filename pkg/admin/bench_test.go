package admin

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// sending is an adapter with 20 channels that has sent to as many streams of four shards each.
func sending(b *testing.B) *adapter.Adapter {
	const streams = 20
	server := kinesislocal.NewTest(b, kinesislocal.Options{})
	var doc strings.Builder
	fmt.Fprintf(&doc, `<adapter><unique-id>a</unique-id><shared-components><connections><aws-kinesis-kpl-inline-connection><unique-id>kinesis</unique-id>
<credentials class="aws-static-credentials-builder"><access-key>x</access-key><secret-key>y</secret-key></credentials>
<config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair><key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>
<key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair></config></aws-kinesis-kpl-inline-connection></connections></shared-components><channel-list>`, server.URL())
	for i := range streams {
		if err := server.CreateStream(fmt.Sprintf("s%d", i), 4); err != nil {
			b.Fatal(err)
		}
		fmt.Fprintf(&doc, `<channel><unique-id>c%d</unique-id><produce-connection class="shared-connection"><lookup-name>kinesis</lookup-name></produce-connection><workflow-list><standard-workflow>
<producer class="aws-kinesis-stream-producer"><stream>s%d</stream><partition-key>k</partition-key></producer></standard-workflow></workflow-list></channel>`, i, i)
	}
	doc.WriteString(`</channel-list></adapter>`)
	path := filepath.Join(b.TempDir(), "adapter.xml")
	if err := os.WriteFile(path, []byte(doc.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	a, problems := adapter.Load(b.Context(), path, adapter.Options{})
	if a == nil {
		b.Fatal(problems)
	}
	if err := a.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			b.Error(err)
		}
	})
	p := a.Producers()["kinesis"]
	for i := range streams {
		for k := range 50 {
			if err := p.Put(b.Context(), kpl.Record{Stream: fmt.Sprintf("s%d", i), PartitionKey: fmt.Sprint(k), Data: []byte("x")}, func(kpl.Result) {}); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := p.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	shards := 0
	for _, st := range a.Status().Connections[0].Producer.Streams {
		shards += len(st.Shards)
	}
	if shards != 4*streams {
		b.Fatalf("there are %d shards", shards)
	}
	return a
}

// What does it cost each second that nobody looks?
func BenchmarkSecondWithoutListeners(b *testing.B) {
	a := sending(b)
	r := history.New(time.Now())
	b.ReportAllocs()
	for at := time.Now(); b.Loop(); at = at.Add(time.Second) {
		st := a.Status()
		st.Now = at
		r.Add(&st)
	}
}

// And what when somebody does?
func BenchmarkSecondWithListeners(b *testing.B) {
	a := sending(b)
	s := &Server{options: Options{Mask: mask}, history: history.New(time.Now())}
	e := &events{s: s}
	b.ReportAllocs()
	for at := time.Now(); b.Loop(); at = at.Add(time.Second) {
		st := a.Status()
		st.Now = at
		sample, _ := s.history.Add(&st)
		b.SetBytes(int64(len(e.event("status", st)) + len(e.event("sample", sample))))
	}
}

// What does it cost to answer with the history?
func BenchmarkHistoryAnswer(b *testing.B) {
	s := &Server{options: Options{Mask: mask}, history: history.New(time.Now())}
	st := busy().Status()
	for range history.Most {
		st.Now = st.Now.Add(time.Second)
		s.history.Add(&st)
	}
	handle := s.json(s.getHistory)
	b.ReportAllocs()
	for b.Loop() {
		handle(httptest.NewRecorder(), httptest.NewRequest("GET", "/api/history", nil))
	}
}
