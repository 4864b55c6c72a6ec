package kpl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// certain are the codes of failed attempts after which the service holds nothing.
var certain = map[string]bool{"ProvisionedThroughputExceededException": true, "InternalFailure": true, "ServiceUnavailable": true, "ConnectionRefused": true}

// All faults at once, with shards that split and merge all the time: what is said to be stored is, byte for byte, and is stored more than
// once only as often as an attempt left open whether it was.
func TestStormOfFaults(t *testing.T) {
	for name, aggregate := range map[string]bool{"aggregated": true, "plain": false} {
		t.Run(name, func(t *testing.T) { storm(t, aggregate) })
	}
}

func storm(t *testing.T, aggregate bool) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 4}, Seed: 11})
	put := []string{"PutRecords"}
	for _, f := range []kinesislocal.Fault{
		{Operations: put, RecordCode: "ProvisionedThroughputExceededException", Probability: 0.05},
		{Operations: put, RecordCode: "InternalFailure", Probability: 0.02},
		{Operations: put, Code: "ProvisionedThroughputExceededException", Probability: 0.02},
		{Operations: put, Status: 503, Code: "ServiceUnavailable", Probability: 0.02},
		{Operations: put, Cut: kinesislocal.CutBefore, Probability: 0.03},
		{Operations: put, Cut: kinesislocal.CutAfter, Probability: 0.03},
		{Operations: put, AnswerLatency: 300 * time.Millisecond, Probability: 0.05},
		{Operations: put, Answer: kinesislocal.AnswerShort, Probability: 0.01},
		{Operations: put, Answer: kinesislocal.AnswerMalformed, Probability: 0.01},
		{Operations: put, Answer: kinesislocal.AnswerTruncated, Probability: 0.01},
		{Operations: put, Answer: kinesislocal.AnswerEmpty, Probability: 0.01},
		{Operations: []string{"ListShards"}, Code: "LimitExceededException", Probability: 0.3},
	} {
		if _, err := server.Inject(f); err != nil {
			t.Fatal(err)
		}
	}
	cfg := kpl.DefaultConfig()
	cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.URL(), kpl.MetricsNone
	cfg.Credentials = credentials.NewStaticCredentialsProvider("x", "y", "")
	cfg.RequestTimeout, cfg.RecordMaxBufferedTime, cfg.AggregationEnabled = 150*time.Millisecond, 20*time.Millisecond, aggregate
	cfg.RecordTTL = 5 * time.Minute // a machine that is busy with others shall be slow, not fail
	cfg.MaxConnections, cfg.RateLimitPercent, cfg.MaxOutstandingRecords = 8, 1_000_000, 3000
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	const putters, each = 4, 1500
	var mu sync.Mutex
	results := make([][]kpl.Result, putters*each)
	var work sync.WaitGroup
	for g := range putters {
		work.Go(func() {
			for i := g * each; i < (g+1)*each; i++ {
				r := kpl.Record{Stream: "s", PartitionKey: fmt.Sprint("key-", i%977), Data: pattern(uint64(i), i*37%700)}
				err := p.Put(t.Context(), r, func(r kpl.Result) {
					mu.Lock()
					defer mu.Unlock()
					results[i] = append(results[i], r)
				})
				clear(r.Data) // the caller may use it again
				if err != nil {
					t.Error(err)
					return
				}
				if i%each == each/2 {
					if err := p.Flush(t.Context()); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	quiet := make(chan struct{})
	var resharding sync.WaitGroup
	resharding.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-quiet:
				return
			case <-time.After(100 * time.Millisecond):
			}
			change := kinesislocal.Reshard{Split: kinesislocal.AnyShard}
			if n%2 == 1 {
				change = kinesislocal.Reshard{Merge: kinesislocal.AnyShard}
			}
			if err := server.Reshard("s", change); err != nil {
				t.Log(err)
			}
		}
	})
	work.Wait()
	close(quiet)
	resharding.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if left, err := p.Close(ctx); left > 0 || err != nil {
		t.Errorf("close: %d left, %v", left, err)
	}
	arrived := make([]int, putters*each)
	for _, k := range server.Records("s") {
		users, aggregated, err := aggregation.Decode(k.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			users = []aggregation.Record{{PartitionKey: k.PartitionKey, Data: k.Data}}
		}
		for _, u := range users {
			i := binary.BigEndian.Uint64(u.Data)
			if i >= putters*each || !bytes.Equal(u.Data, pattern(i, int(i*37%700))) || u.PartitionKey != fmt.Sprint("key-", i%977) {
				t.Fatalf("a record is not as it was put: number %d, key %s, %d bytes", i, u.PartitionKey, len(u.Data))
			}
			arrived[i]++
		}
	}
	failed, twice := 0, 0
	for i, r := range results {
		if len(r) != 1 {
			t.Fatalf("record %d has %d results", i, len(r))
		}
		open := 0
		for _, a := range r[0].Attempts {
			if !a.Success && !certain[a.ErrorCode] {
				open++
			}
		}
		switch {
		case r[0].Err == nil && arrived[i] == 0:
			t.Fatalf("record %d is said to be stored and is not: %+v", i, r[0])
		case r[0].Err == nil && arrived[i] > 1+open, r[0].Err != nil && arrived[i] > open:
			t.Fatalf("record %d is stored %d times: %+v", i, arrived[i], r[0])
		case r[0].Err != nil && r[0].Attempts[len(r[0].Attempts)-1].ErrorCode != "Record Count Mismatch":
			t.Fatal(r[0].Err)
		case r[0].Err != nil:
			failed++
		case arrived[i] > 1:
			twice++
		}
	}
	t.Logf("%d failed for answers that were short, %d came more than once", failed, twice)
}
