package kpl

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"
)

// How many records go through the engine, the AWS SDK and a loopback connection, into a server of the same process that reads and
// answers but looks at nothing?
func BenchmarkPut200BOverHTTP(b *testing.B) {
	const entry = `{"SequenceNumber":"1","ShardId":"shardId-000000000000"},`
	answers := make([]string, 501)
	for i := 1; i <= 500; i++ {
		answers[i] = `{"FailedRecordCount":0,"Records":[` + strings.TrimSuffix(strings.Repeat(entry, i), ",") + `]}`
	}
	const shards = `{"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		switch target := r.Header.Get("X-Amz-Target"); {
		case strings.HasSuffix(target, "ListShards"):
			_, _ = io.WriteString(w, shards)
			return
		case !strings.HasSuffix(target, "PutRecords"):
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		n := -1 // a brace for the request, then one for each record: a single byte can not lie across two reads
		buf := make([]byte, 64<<10)
		for {
			read, err := r.Body.Read(buf)
			n += bytes.Count(buf[:read], []byte("{"))
			if err != nil {
				break
			}
		}
		_, _ = io.WriteString(w, answers[n])
	}))
	defer server.Close()
	c := DefaultConfig()
	c.Region, c.KinesisEndpoint, c.MetricsLevel = "us-east-1", server.URL, MetricsNone
	c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "")
	c.RateLimitPercent = 1 << 40
	p, err := New(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	keys := make([]string, 4096)
	for i := range keys {
		keys[i] = fmt.Sprintf("device-%08x", i*7919)
	}
	data := make([]byte, 200)
	var stored atomic.Int64
	done := func(r Result) {
		if r.Err == nil {
			stored.Add(1)
		} else {
			b.Error(r.Err)
		}
	}
	if _, err := p.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k"}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(200)
	b.ResetTimer()
	for i := range b.N {
		if err := p.Put(context.Background(), Record{Stream: "s", PartitionKey: keys[i&4095], Data: data}, done); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	if stored.Load() != int64(b.N) {
		b.Errorf("%d of %d stored", stored.Load(), b.N)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
	if _, err := p.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
}
