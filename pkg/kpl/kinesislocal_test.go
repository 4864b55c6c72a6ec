package kpl_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func localConfig(server *kinesislocal.Server) kpl.Config {
	c := kpl.DefaultConfig()
	c.Region, c.KinesisEndpoint, c.CloudWatchEndpoint = "us-east-1", server.URL(), server.URL()
	c.Credentials = credentials.NewStaticCredentialsProvider("id", "secret", "token")
	return c
}

// Over a real connection, with throttling, cut connections, lost answers, a split and a merge under way: every record arrives where a
// consumer keeps it.
func TestEveryRecordArrivesWhateverHappens(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 4}, RequireSignature: true})
	for _, fault := range []kinesislocal.Fault{
		{Operations: []string{"PutRecords"}, Code: "InternalFailure", Probability: 0.1},
		{Operations: []string{"PutRecords"}, RecordCode: "ProvisionedThroughputExceededException", Probability: 0.1},
		{Operations: []string{"PutRecords"}, Cut: kinesislocal.CutAfter, Probability: 0.05},
		{Operations: []string{"PutRecords"}, Latency: 2 * time.Millisecond},
	} {
		if _, err := server.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	c := localConfig(server)
	c.RecordMaxBufferedTime = 20 * time.Millisecond
	c.RecordTTL = 5 * time.Minute // a machine that is busy with others shall be slow, not fail
	c.RateLimitPercent = 1 << 30
	p, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	const records = 20000
	var mu sync.Mutex
	got := make([]int, records)
	for i := range records {
		data := fmt.Sprintf("%d|%s", i, strings.Repeat("x", i%300))
		if err := p.Put(t.Context(), kpl.Record{Stream: "s", PartitionKey: fmt.Sprint("key", i%997), Data: []byte(data)}, func(r kpl.Result) {
			mu.Lock()
			defer mu.Unlock()
			got[i]++
			if r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
		}); err != nil {
			t.Fatal(err)
		}
		switch i {
		case 5000:
			err = server.Reshard("s", kinesislocal.Reshard{Split: kinesislocal.AnyShard})
		case 10000:
			err = server.Reshard("s", kinesislocal.Reshard{Merge: kinesislocal.AnyShard})
		case 15000:
			err = server.Reshard("s", kinesislocal.Reshard{ShardCount: 8})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if left, err := p.Close(t.Context()); left != 0 || err != nil {
		t.Fatal(left, err)
	}
	ranges := map[string][2]kpl.HashKey{}
	for _, s := range server.Shards("s") {
		ranges[s.ID] = [2]kpl.HashKey{hashKey(t, s.Start), hashKey(t, s.End)}
	}
	arrived := make([]int, records)
	for _, r := range server.Records("s") {
		users, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			users = []aggregation.Record{{PartitionKey: r.PartitionKey, Data: r.Data}}
		}
		// As the KCL: an aggregate ends with the first user record of another shard.
		whole := true
		for _, u := range users {
			h, bounds := kpl.HashKeyOf(u.PartitionKey), ranges[r.ShardID]
			whole = whole && h.Compare(bounds[0]) >= 0 && h.Compare(bounds[1]) <= 0
		}
		for _, u := range users {
			h, bounds := kpl.HashKeyOf(u.PartitionKey), ranges[r.ShardID]
			if aggregated && !(h.Compare(bounds[0]) >= 0 && h.Compare(bounds[1]) <= 0) {
				continue
			}
			var i int
			if _, err := fmt.Sscanf(string(u.Data), "%d|", &i); err != nil {
				t.Fatal(err)
			}
			arrived[i]++
		}
	}
	for i := range records {
		if got[i] != 1 || arrived[i] == 0 {
			t.Fatalf("record %d has %d results and arrived %d times", i, got[i], arrived[i])
		}
	}
	if len(server.Metrics()) == 0 {
		t.Error("no metrics at Close")
	}
}

func hashKey(t *testing.T, text string) kpl.HashKey {
	t.Helper()
	h, err := kpl.ParseHashKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestARNStreamOverTheWire(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 2}})
	c := localConfig(server)
	c.MetricsLevel = kpl.MetricsNone
	p, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	arn := fmt.Sprintf("arn:aws:kinesis:us-east-1:%s:stream/s", kinesislocal.DefaultAccount)
	r, err := p.PutSync(t.Context(), kpl.Record{Stream: arn, PartitionKey: `k"\` + "\u00e9\x01", Data: []byte("x")})
	if err != nil || r.Stream != arn {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := p.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if records := server.Records("s"); len(records) != 1 || records[0].PartitionKey != `k"\`+"\u00e9\x01" {
		t.Errorf("%+v", records)
	}
}
