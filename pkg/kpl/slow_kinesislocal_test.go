package kpl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// pattern is a payload that tells its number and whether a byte of it was overwritten.
func pattern(number uint64, length int) []byte {
	out := make([]byte, 8+length)
	binary.BigEndian.PutUint64(out, number)
	random := rand.New(rand.NewPCG(number, 1))
	for i := range out[8:] {
		out[8+i] = byte(random.Uint32())
	}
	return out
}

// Requests that are given up while they are under way must not be followed by a reuse of the memory that they still read from.
func TestSlowAnswersNeitherCorruptNorLoseRecords(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 4}, Seed: 7})
	for _, f := range []kinesislocal.Fault{
		{Operations: []string{"PutRecords"}, AnswerLatency: 400 * time.Millisecond, Probability: 0.2},
		{Operations: []string{"PutRecords"}, Latency: 400 * time.Millisecond, Probability: 0.1},
		{Operations: []string{"PutRecords"}, Cut: kinesislocal.CutBefore, Probability: 0.05},
		{Operations: []string{"PutRecords"}, Cut: kinesislocal.CutAfter, Probability: 0.05},
	} {
		if _, err := server.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	cfg := kpl.DefaultConfig()
	cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.TLSURL(), kpl.MetricsNone
	cfg.VerifyCertificate = false
	cfg.Credentials = credentials.NewStaticCredentialsProvider("x", "y", "")
	// No expiry: on a busy machine many requests in a row may take longer than their time.
	cfg.RequestTimeout, cfg.RecordMaxBufferedTime, cfg.RecordTTL = 200*time.Millisecond, 20*time.Millisecond, math.MaxInt64
	cfg.RateLimitPercent = 1_000_000
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	const records = 20_000
	var results, failed atomic.Int64
	for i := range uint64(records) {
		r := kpl.Record{Stream: "s", PartitionKey: fmt.Sprint("key-", i%977), Data: pattern(i, int(i*37%700))}
		if err := p.Put(t.Context(), r, func(r kpl.Result) {
			results.Add(1)
			if r.Err != nil {
				failed.Add(1)
				t.Errorf("record: %v", r.Err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if left, err := p.Close(ctx); left > 0 || err != nil {
		t.Errorf("close: %d left, %v", left, err)
	}
	if results.Load() != records {
		t.Errorf("%d results", results.Load())
	}
	seen := make([]int, records)
	for _, k := range server.Records("s") {
		users, aggregated, err := aggregation.Decode(k.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			users = []aggregation.Record{{PartitionKey: k.PartitionKey, Data: k.Data}}
		}
		for _, u := range users {
			number := binary.BigEndian.Uint64(u.Data)
			if number >= records || !bytes.Equal(u.Data, pattern(number, int(number*37%700))) || u.PartitionKey != fmt.Sprint("key-", number%977) {
				t.Fatalf("a record is not as it was put: number %d, key %s, %d bytes", number, u.PartitionKey, len(u.Data))
			}
			seen[number]++
		}
	}
	missing, twice := 0, 0
	for _, n := range seen {
		switch {
		case n == 0:
			missing++
		case n > 1:
			twice++
		}
	}
	if missing > 0 {
		t.Errorf("%d records are lost", missing)
	}
	if twice == 0 {
		t.Error("no record came twice: the faults did not happen")
	}
}
