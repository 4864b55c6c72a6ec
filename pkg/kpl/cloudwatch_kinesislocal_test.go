package kpl

import (
	"fmt"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// What GetMetricStatistics reads back is all that was counted, whatever failed in between.
func TestMetricsReadBackAddUp(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{RequireSignature: true})
	// Each upload makes one request and up to two tries more: the first three uploads fail for good, later ones for once.
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutMetricData"}, Code: "ServiceUnavailable", Count: 7})
	if err != nil {
		t.Fatal(err)
	}
	// Example 6 of the README document: host and port, TLS, certificate not verified.
	host, port, err := net.SplitHostPort(server.Addr())
	if err != nil {
		t.Fatal(err)
	}
	c := clientConfig(t, "")
	c.CloudWatchEndpoint, c.VerifyCertificate, c.MetricsNamespace = host, false, "Test"
	if c.CloudWatchPort, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	c.MetricsUploadDelay = 5 * time.Millisecond
	now := time.Now()
	m := newMetrics(c, func() time.Time { return now })
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	const rounds = 40
	for i := range rounds {
		shard := fmt.Sprint("shardId-", i%3)
		m.recordsReceived("orders", 2)
		m.recordsDone("orders", shard, 2, int64(2*i), i, i, []Attempt{{Delay: 3 * time.Millisecond, Success: true}})
		m.kinesisRecord("orders", shard, i%2 == 0, 10, 2, map[bool]string{false: "InternalFailure"}[i%2 == 0])
		m.request("orders", 1500*time.Microsecond, 1, 2, "")
		if i%8 == 7 {
			uploads := len(server.Requests())
			if _, err := server.WaitRequests(t.Context(), func(all []kinesislocal.Request) bool { return len(all) > uploads }); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if fault.Hits() == 0 {
		t.Fatal("no upload failed")
	}

	api, release, err := c.newCloudWatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	points := m.snapshot()
	if len(points) < 40 {
		t.Fatalf("only %d metrics", len(points))
	}
	for _, p := range points {
		var dimensions []types.Dimension
		for _, d := range p.Dimensions {
			dimensions = append(dimensions, types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)})
		}
		out, err := api.(*cloudwatch.Client).GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: aws.String("Test"), MetricName: &p.Name, Dimensions: dimensions, Period: aws.Int32(60),
			StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Hour)),
			Statistics: []types.Statistic{types.StatisticSampleCount, types.StatisticSum, types.StatisticMinimum, types.StatisticMaximum},
		})
		if err != nil {
			t.Fatal(err)
		}
		var got MetricPoint
		for _, d := range out.Datapoints {
			got.SampleCount += *d.SampleCount
			got.Sum += *d.Sum
			got.Min, got.Max = *d.Minimum, *d.Maximum
			got.Unit = string(d.Unit)
		}
		if len(out.Datapoints) != 1 || got.SampleCount != p.SampleCount || !near(got.Sum, p.Sum) || got.Min != p.Min || got.Max != p.Max || got.Unit != p.Unit {
			t.Errorf("%s %v: read back %+v, counted %+v", p.Name, p.Dimensions, got, p)
		}
	}
	received := slices.IndexFunc(points, func(p MetricPoint) bool { return p.Name == "UserRecordsReceived" })
	if points[received].Sum != 2*rounds {
		t.Errorf("%v records received, want %d", points[received].Sum, 2*rounds)
	}
}

// near is equal but for the rounding of times that are summed up in milliseconds there, in microseconds here.
func near(a, b float64) bool { return max(a-b, b-a) < 1e-6 }
