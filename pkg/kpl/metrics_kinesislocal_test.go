package kpl_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// metricPlace is where a metric is in CloudWatch; what is empty is no dimension there.
type metricPlace struct{ name, code, stream, shard string }

func (p metricPlace) dimensions() (all []types.Dimension) {
	for _, d := range [][2]string{{"ErrorCode", p.code}, {"StreamName", p.stream}, {"ShardId", p.shard}} {
		if d[1] != "" {
			all = append(all, types.Dimension{Name: aws.String(d[0]), Value: aws.String(d[1])})
		}
	}
	return all
}

// samples are how many there were of a metric and what they add up to.
type samples struct{ count, sum float64 }

// ledger is what must be in CloudWatch.
type ledger map[metricPlace]samples

// add notes samples of a metric at a place, which count for all places above it as well.
func (l ledger) add(name, code, stream, shard string, count, sum float64) {
	places := map[metricPlace]bool{{name, "", "", ""}: true, {name, code, "", ""}: true, {name, code, stream, ""}: true, {name, code, stream, shard}: true}
	for p := range places {
		l[p] = samples{l[p].count + count, l[p].sum + sum}
	}
}

// readMetric asks CloudWatch for all that there is of a metric at a place.
func readMetric(t *testing.T, api *cloudwatch.Client, namespace string, p metricPlace) (s samples) {
	t.Helper()
	out, err := api.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: &p.name, Dimensions: p.dimensions(), Period: aws.Int32(60),
		StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range out.Datapoints {
		s.count += *d.SampleCount
		s.sum += *d.Sum
	}
	return s
}

// What CloudWatch has after Close is what was put, stored, refused and failed, to the record, as finely as was asked for.
func TestCloudWatchHasExactlyWhatWasPut(t *testing.T) {
	const shardOne, throttled = "shardId-000000000001", "ProvisionedThroughputExceededException"
	faults := []kinesislocal.Fault{
		{Stream: "orders", Shard: shardOne, RecordCode: throttled, Count: 3},
		{Stream: "orders", Shard: shardOne, RecordCode: "InternalFailure", Skip: 4, Count: 2},
		{Operations: []string{"PutRecords"}, Stream: "payments", Code: "ServiceUnavailable", Count: 2},
	}
	for _, granularity := range []kpl.MetricsGranularity{kpl.GranularityGlobal, kpl.GranularityStream, kpl.GranularityShard} {
		for _, faults := range [][]kinesislocal.Fault{nil, faults} {
			for _, aggregated := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%d faults/aggregated %v", granularity, len(faults), aggregated), func(t *testing.T) {
					t.Parallel()
					server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 3, "payments": 1}})
					for _, f := range faults {
						if _, err := server.Inject(f); err != nil {
							t.Fatal(err)
						}
					}
					want := ledger{}
					if faults != nil {
						want.add("ErrorsByCode", throttled, "orders", shardOne, 3, 3)
						want.add("ErrorsByCode", "InternalFailure", "orders", shardOne, 2, 2)
						want.add("ErrorsByCode", "ServiceUnavailable", "payments", "", 2, 2)
						want.add("AllErrors", "", "orders", shardOne, 5, 5)
						want.add("AllErrors", "", "payments", "", 2, 2)
						want.add("KinesisRecordsPut", "", "orders", shardOne, 5, 0)
					}
					c := localConfig(server)
					c.MetricsGranularity, c.AggregationEnabled = granularity, aggregated
					c.AggregationMaxSizeBytes = 500             // many aggregates
					c.MetricsUploadDelay = 5 * time.Millisecond // many uploads
					putAndCount(t, server, c, want)
					checkCloudWatch(t, server, c, want)
				})
			}
		}
	}
}

// putAndCount puts records until all are stored and notes what must have been counted but for faults.
func putAndCount(t *testing.T, server *kinesislocal.Server, c kpl.Config, want ledger) {
	t.Helper()
	c.RecordMaxBufferedTime = time.Minute // so that the first ones wait for the shard map: without it no shard is known
	p, err := kpl.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards want while results come
	put := func(stream string, i int) {
		data := make([]byte, 1+i%90)
		if err := p.Put(t.Context(), kpl.Record{Stream: stream, PartitionKey: fmt.Sprint("key", i), Data: data}, func(r kpl.Result) {
			if r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
			mu.Lock()
			defer mu.Unlock()
			want.add("UserRecordsPut", "", stream, r.ShardID, 1, 1)
			want.add("UserRecordsDataPut", "", stream, r.ShardID, 1, float64(len(data)))
			want.add("RetriesPerRecord", "", stream, r.ShardID, 1, float64(len(r.Attempts)-1))
		}); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		want.add("UserRecordsReceived", "", stream, "", 1, 1)
	}
	streams := map[string]int{"orders": 400, "payments": 50}
	for stream := range streams {
		put(stream, 0)
	}
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for known := 0; known < len(streams); {
		<-look.C // the answer of ListShards is known by its effect only
		known = 0
		for _, s := range p.Stats().Streams {
			if s.OpenShards > 0 {
				known++
			}
		}
	}
	for stream, n := range streams {
		for i := 1; i < n; i++ {
			put(stream, i)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Not all goes with one upload.
		before := len(server.Metrics())
		if _, err := server.WaitMetrics(t.Context(), func(all []kinesislocal.Datum) bool { return len(all) > before }); err != nil {
			t.Fatal(err)
		}
	}
	if left, err := p.Close(t.Context()); left != 0 || err != nil {
		t.Fatal(left, err)
	}
	for stream := range streams {
		for _, r := range server.Records(stream) {
			want.add("KinesisRecordsPut", "", stream, r.ShardID, 1, 1)
			want.add("KinesisRecordsDataPut", "", stream, r.ShardID, 1, float64(len(r.Data)))
			want.add("AllErrors", "", stream, r.ShardID, 1, 0)
		}
	}
}

func checkCloudWatch(t *testing.T, server *kinesislocal.Server, c kpl.Config, want ledger) {
	t.Helper()
	api := cloudwatch.New(cloudwatch.Options{Region: c.Region, BaseEndpoint: aws.String(server.URL()), Credentials: c.Credentials})
	uploads := 0
	for _, r := range server.Requests() {
		if r.Operation == "PutMetricData" {
			uploads++
		}
	}
	if uploads < 2 {
		t.Errorf("%d uploads", uploads)
	}
	for place, s := range want {
		tooFine := place.shard != "" && c.MetricsGranularity != kpl.GranularityShard || place.stream != "" && c.MetricsGranularity == kpl.GranularityGlobal
		if tooFine {
			s = samples{}
		}
		if got := readMetric(t, api, c.MetricsNamespace, place); got != s {
			t.Errorf("%+v: %+v, want %+v", place, got, s)
		}
	}
	// And nothing else of these metrics.
	names := map[string]bool{"ErrorsByCode": true}
	for place := range want {
		names[place.name] = true
	}
	for _, d := range server.Metrics() {
		place := metricPlace{d.Name, d.Dimensions["ErrorCode"], d.Dimensions["StreamName"], d.Dimensions["ShardId"]}
		if _, ok := want[place]; names[d.Name] && !ok {
			t.Errorf("%+v was uploaded", place)
		}
	}
}
