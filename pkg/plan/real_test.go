package plan

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// What is planned must be what the producer does: a load is kept for a while of virtual time, and what the endpoint has is counted.
func TestPlanIsWhatTheProducerDoes(t *testing.T) {
	for _, c := range []struct {
		name   string
		load   Load
		config func(*kpl.Config)
		lasts  time.Duration
		// requests bounds what was made by what is planned: an estimate, which aggregates that open in step undercut.
		fewest, most float64
	}{
		{"hardly any company", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 20, 8 }), nil, 5 * time.Minute, 0.8, 1.1},
		{"a few in each aggregate", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 400, 8 }), nil, 40 * time.Second, 0.8, 1.1},
		{"many shards", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 1000, 64 }), nil, 8 * time.Second, 0.8, 1.1},
		{"aggregates half full", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 3000, 4 }), nil, 8 * time.Second, 0.4, 1.1},
		{"aggregates full just in time", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 5700, 4 }), nil, 8 * time.Second, 0.4, 1.1},
		{"full aggregates", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.Shards = 2000, 2000, 4 }), func(c *kpl.Config) { c.RecordMaxBufferedTime = 500 * time.Millisecond },
			8 * time.Second, 0.8, 1.3},
		{"a short wait", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 1000, 2 }), func(c *kpl.Config) { c.RecordMaxBufferedTime = 20 * time.Millisecond }, 8 * time.Second, 0.6, 1.3},
		{"a long wait", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 100, 4 }), func(c *kpl.Config) { c.RecordMaxBufferedTime = 2 * time.Second }, 4 * time.Minute, 0.4, 1.1},
		{"at most two in each", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 400, 8 }), func(c *kpl.Config) { c.AggregationMaxCount = 2 }, 40 * time.Second, 0.8, 1.3},
		{"not aggregated", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 1000, 4 }), func(c *kpl.Config) { c.AggregationEnabled = false }, 8 * time.Second, 0.9, 1.1},
		{"not aggregated, full requests", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 6000, 8 }), func(c *kpl.Config) { c.AggregationEnabled = false }, 5 * time.Second, 0.9, 1.1},
		{"larger than an aggregate", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.Shards = 50, 60_000, 4 }), nil, 8 * time.Second, 0.8, 1.2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := kpl.DefaultConfig()
			if c.config != nil {
				c.config(&config)
			}
			p, err := Make(c.load, config, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got arrived
			synctest.Test(t, func(t *testing.T) { got = keep(t, c.load, config, c.lasts) })
			f, passed := p.Average, c.lasts.Seconds()
			near(t, "user records", got.userRecords/passed, f.UserRecords, 0.05)
			near(t, "user records per Kinesis record", got.userRecords/got.records, f.UserRecordsPerKinesisRecord, 0.03)
			near(t, "bytes of a Kinesis record", got.bytes/got.records, f.KinesisRecordBytes, 0.03)
			near(t, "units of a Kinesis record", got.units/got.records, f.Units/f.KinesisRecords, 0.03)
			near(t, "on-demand bytes of a Kinesis record", got.onDemand/got.records, f.OnDemandBytes/f.KinesisRecords, 0.03)
			if ratio := got.requests / got.records / (f.Requests / f.KinesisRecords); ratio < c.fewest || ratio > c.most {
				t.Errorf("%v requests for %v Kinesis records, %v times what is planned", got.requests, got.records, ratio)
			}
		})
	}
}

// A backlog fills every aggregate, as a plan of a high rate says.
func TestBacklogIsPackedAsPlanned(t *testing.T) {
	l := load(func(l *Load) { l.RecordsPerSecond, l.Shards = 1e6, 1 })
	config := kpl.DefaultConfig()
	config.RateLimitPercent = 1 << 30
	p, err := Make(l, config, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got arrived
	synctest.Test(t, func(t *testing.T) { got = keep(t, l, config, 50*time.Millisecond) })
	near(t, "user records per Kinesis record", got.userRecords/got.records, p.Average.UserRecordsPerKinesisRecord, 0.02)
	near(t, "units per user record", got.units/got.userRecords, p.Average.Units/p.Average.UserRecords, 0.02)
}

// arrived is what an endpoint has of a load.
type arrived struct{ userRecords, records, bytes, units, onDemand, requests float64 }

// slow is an API whose PutRecords takes its time.
type slow struct {
	kpl.API
	takes time.Duration
}

func (s slow) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, o ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	time.Sleep(s.takes)
	return s.API.PutRecords(ctx, in, o...)
}

// keep keeps a load for that long, in a bubble of virtual time, and counts what arrived. Records come independently of each other.
func keep(t *testing.T, l Load, c kpl.Config, lasts time.Duration) (got arrived) {
	t.Helper()
	server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": l.Shards}, RequestLog: 1 << 20, MaxStoredBytes: 1 << 30})
	if err != nil {
		t.Fatal(err)
	}
	c.Region, c.MetricsLevel = "us-east-1", kpl.MetricsNone
	c.API = slow{kinesis.New(kinesis.Options{
		Region: c.Region, HTTPClient: &http.Client{Transport: server.Transport()}, BaseEndpoint: aws.String("http://kinesis.test"), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider("id", "secret", ""),
	}), l.RequestTime}
	p, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	// The shard map comes with the first record, which is not counted.
	if _, err := p.PutSync(t.Context(), kpl.Record{Stream: "s", PartitionKey: "first"}); err != nil {
		t.Fatal(err)
	}
	before := len(server.Requests())
	chance := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, l.SizeBytes)
	began := time.Now()
	for put, at := 0, 0.0; ; put++ {
		at += chance.ExpFloat64() / l.RecordsPerSecond
		if at > lasts.Seconds() {
			break
		}
		if due := began.Add(seconds(at)); due.After(time.Now()) {
			time.Sleep(time.Until(due))
		}
		record := kpl.Record{Stream: "s", PartitionKey: fmt.Sprintf("%0*d", l.KeyBytes, put), Data: data}
		if err := p.Put(t.Context(), record, func(r kpl.Result) {
			if r.Err != nil {
				t.Error(r.Err)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := p.Close(t.Context()); left > 0 || err != nil {
		t.Fatal(left, err)
	}
	for _, r := range server.Records("s") {
		if r.PartitionKey == "first" {
			continue
		}
		users, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			users = make([]aggregation.Record, 1)
		}
		got.userRecords += float64(len(users))
		got.records++
		got.bytes += float64(len(r.Data))
		got.units += float64(explain.Units(len(r.Data)))
		got.onDemand += float64((len(r.Data) + kilobyte - 1) / kilobyte * kilobyte)
	}
	for _, r := range server.Requests()[before:] {
		if r.Operation == "PutRecords" {
			got.requests++
		}
	}
	return got
}
