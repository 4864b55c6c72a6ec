package integration

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// place is where a metric is in CloudWatch; what is empty is no dimension there.
type place struct{ name, code, stream, shard string }

func (p place) dimensions() (all []types.Dimension) {
	for _, d := range [][2]string{{"ErrorCode", p.code}, {"StreamName", p.stream}, {"ShardId", p.shard}} {
		if d[1] != "" {
			all = append(all, types.Dimension{Name: aws.String(d[0]), Value: aws.String(d[1])})
		}
	}
	return all
}

// holds says whether a place has the dimensions of another one, and maybe more.
func (p place) holds(q place) bool {
	return p.name == q.name && (q.code == "" || q.code == p.code) && (q.stream == "" || q.stream == p.stream) && (q.shard == "" || q.shard == p.shard)
}

// added are how many samples there were and what they add up to.
type added struct{ count, sum float64 }

// expected is what must have been uploaded.
type expected map[place]added

// add notes samples at a place, which count for all places above it as well.
func (e expected) add(name, code, stream, shard string, count, sum float64) {
	places := map[place]bool{{name, "", "", ""}: true, {name, code, "", ""}: true, {name, code, stream, ""}: true, {name, code, stream, shard}: true}
	for p := range places {
		e[p] = added{e[p].count + count, e[p].sum + sum}
	}
}

// inMoto is what moto answers about a place: where CloudWatch takes the metric with just these dimensions, moto adds up all that have at
// least these.
func (e expected) inMoto(p place) (s added) {
	for q, one := range e {
		if q.holds(p) {
			s = added{s.count + one.count, s.sum + one.sum}
		}
	}
	return s
}

// The records go to one server and the metrics to another, as with the keys CloudwatchEndpoint and CloudwatchPort.
func TestMetricsInMotoAddUpToWhatWasPut(t *testing.T) {
	moto := endpoint{"moto", needed(t, "MOTO_ENDPOINT")}
	const shardOne, throttled = "shardId-000000000001", "ProvisionedThroughputExceededException"
	faults := []kinesislocal.Fault{
		{Shard: shardOne, RecordCode: throttled, Count: 3},
		{Shard: shardOne, RecordCode: "InternalFailure", Skip: 4, Count: 2},
		{Operations: []string{"PutRecords"}, Code: "ServiceUnavailable", Count: 2},
	}
	for _, granularity := range []kpl.MetricsGranularity{kpl.GranularityGlobal, kpl.GranularityStream, kpl.GranularityShard} {
		for _, faults := range [][]kinesislocal.Fault{nil, faults} {
			t.Run(fmt.Sprintf("%s/%d faults", granularity, len(faults)), func(t *testing.T) {
				server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders": 3}})
				want := expected{}
				if faults != nil {
					want.add("ErrorsByCode", throttled, "orders", shardOne, 3, 3)
					want.add("ErrorsByCode", "InternalFailure", "orders", shardOne, 2, 2)
					want.add("ErrorsByCode", "ServiceUnavailable", "orders", "", 2, 2)
					want.add("AllErrors", "", "orders", shardOne, 5, 5)
					want.add("AllErrors", "", "orders", "", 2, 2)
					want.add("KinesisRecordsPut", "", "orders", shardOne, 5, 0)
				}
				for _, f := range faults {
					if _, err := server.Inject(f); err != nil {
						t.Fatal(err)
					}
				}
				cfg := moto.config(t)
				cfg.CloudWatchEndpoint = moto.url // plain HTTP
				cfg.KinesisEndpoint = server.URL()
				cfg.MetricsLevel, cfg.MetricsGranularity, cfg.MetricsNamespace = kpl.MetricsDetailed, granularity, "it-"+rand.Text()[:12]
				cfg.MetricsUploadDelay = 50 * time.Millisecond // several uploads, and what Close adds
				cfg.AggregationMaxSizeBytes = 500              // many aggregates
				putIntoOrders(t, server, cfg, want)

				for p := range want {
					if p.shard != "" && granularity != kpl.GranularityShard || p.stream != "" && granularity == kpl.GranularityGlobal {
						delete(want, p) // too fine to be uploaded
					}
				}
				api := moto.cloudWatch(t)
				for p := range want {
					if got := statisticsOf(t, api, cfg.MetricsNamespace, p); got != want.inMoto(p) {
						t.Errorf("%+v: %+v, want %+v", p, got, want.inMoto(p))
					}
				}
				listed := placesIn(t, api, cfg.MetricsNamespace)
				names := map[string]bool{"ErrorsByCode": true}
				for p := range want {
					names[p.name] = true
					if !listed[p] {
						t.Errorf("%+v was not uploaded", p)
					}
				}
				for p := range listed {
					if _, ok := want[p]; names[p.name] && !ok {
						t.Errorf("%+v was uploaded", p)
					}
				}
			})
		}
	}
}

// putIntoOrders puts records until all are stored and notes what must have been counted but for faults.
func putIntoOrders(t *testing.T, server *kinesislocal.Server, cfg kpl.Config, want expected) {
	t.Helper()
	const n = 400
	cfg.RecordMaxBufferedTime = time.Minute // so that the first one waits for the shard map: without it no shard is known
	p, err := kpl.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex // guards want while results come
	put := func(i int) {
		data := make([]byte, 1+i%90)
		if err := p.Put(t.Context(), kpl.Record{Stream: "orders", PartitionKey: fmt.Sprint("key", i), Data: data}, func(r kpl.Result) {
			if r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
			mu.Lock()
			defer mu.Unlock()
			want.add("UserRecordsPut", "", "orders", r.ShardID, 1, 1)
			want.add("UserRecordsDataPut", "", "orders", r.ShardID, 1, float64(len(data)))
			want.add("RetriesPerRecord", "", "orders", r.ShardID, 1, float64(len(r.Attempts)-1))
		}); err != nil {
			t.Fatal(err)
		}
	}
	put(0)
	for p.Stats().Streams[0].OpenShards == 0 {
		<-time.After(time.Millisecond)
	}
	for i := 1; i < n; i++ {
		put(i)
		if i == n/2 {
			if err := p.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			<-time.After(2 * cfg.MetricsUploadDelay) // one upload at least in the middle
		}
	}
	closeProducer(t, p)
	want.add("UserRecordsReceived", "", "orders", "", n, n)
	for _, r := range server.Records("orders") {
		want.add("KinesisRecordsPut", "", "orders", r.ShardID, 1, 1)
		want.add("KinesisRecordsDataPut", "", "orders", r.ShardID, 1, float64(len(r.Data)))
		want.add("AllErrors", "", "orders", r.ShardID, 1, 0)
	}
}

// cloudWatch is the AWS SDK's client for the endpoint. moto does not take the SDK's CBOR.
func (e endpoint) cloudWatch(t *testing.T) *cloudwatch.Client {
	t.Helper()
	return cloudwatch.New(cloudwatch.Options{Region: region, BaseEndpoint: aws.String(e.url), Credentials: anyone}, func(o *cloudwatch.Options) {
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		o.DisableRequestCompression = true
	})
}

func statisticsOf(t *testing.T, api *cloudwatch.Client, namespace string, p place) (s added) {
	t.Helper()
	out, err := api.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: &namespace, MetricName: &p.name, Dimensions: p.dimensions(), Period: aws.Int32(60),
		StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now().Add(5 * time.Minute)),
		Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range out.Datapoints {
		s = added{s.count + *d.SampleCount, s.sum + *d.Sum}
	}
	return s
}

// placesIn lists all metrics of a namespace.
func placesIn(t *testing.T, api *cloudwatch.Client, namespace string) map[place]bool {
	t.Helper()
	all := map[place]bool{}
	for pages := cloudwatch.NewListMetricsPaginator(api, &cloudwatch.ListMetricsInput{Namespace: &namespace}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Metrics {
			p := place{name: *m.MetricName}
			for _, d := range m.Dimensions {
				switch *d.Name {
				case "ErrorCode":
					p.code = *d.Value
				case "StreamName":
					p.stream = *d.Value
				case "ShardId":
					p.shard = *d.Value
				}
			}
			all[p] = true
		}
	}
	return all
}
