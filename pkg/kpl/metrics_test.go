package kpl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// fakeCloudWatch keeps what is put, or fails.
type fakeCloudWatch struct {
	mu       sync.Mutex
	requests [][]types.MetricDatum
	fail     func(request int) error
	tried    int
}

func (f *fakeCloudWatch) PutMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried++
	if f.fail != nil {
		if err := f.fail(f.tried); err != nil {
			return nil, err
		}
	}
	f.requests = append(f.requests, in.MetricData)
	return &cloudwatch.PutMetricDataOutput{}, nil
}

// data returns everything put so far, as text.
func (f *fakeCloudWatch) data() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, request := range f.requests {
		for _, d := range request {
			all = append(all, datumText(d))
		}
	}
	return all
}

func datumText(d types.MetricDatum) string {
	return fmt.Sprintf("%s %s {%s} n=%v sum=%v min=%v max=%v", *d.MetricName, d.Unit, placeText(d), *d.StatisticValues.SampleCount,
		*d.StatisticValues.Sum, *d.StatisticValues.Minimum, *d.StatisticValues.Maximum)
}

func placeText(d types.MetricDatum) string {
	var parts []string
	for _, x := range d.Dimensions {
		parts = append(parts, *x.Name+"="+*x.Value)
	}
	return strings.Join(parts, ",")
}

func metricsConfig(api MetricsAPI) Config {
	c := DefaultConfig()
	c.MetricsAPI = api
	return c
}

const shardZero = "shardId-000000000000"

// recordedRun is what happened in the run of testdata/metrics.json: one 4-byte record before the shard map was ready, stored; three
// 10-byte records aggregated, throttled three times, then expired in the limiter.
func recordedRun(m *metrics) {
	const throttled = "ProvisionedThroughputExceededException"
	for range 4 {
		m.recordReceived("S")
	}
	for _, n := range []int64{0, 1, 3, 2} {
		m.pending("S", n)
	}
	m.kinesisRecord("S", "", true, 4, 1, "")
	m.request("S", 41*time.Millisecond, 1, 1, "")
	m.recordDone("S", shardZero, true, 4, []Attempt{{Delay: 100 * time.Millisecond, Success: true}})
	for range 3 {
		m.kinesisRecord("S", shardZero, false, 60, 3, throttled)
		m.request("S", 42*time.Millisecond, 1, 3, "")
	}
	for range 3 {
		m.recordDone("S", shardZero, false, 10, []Attempt{
			{Delay: 120 * time.Millisecond, ErrorCode: throttled}, {Delay: 70 * time.Millisecond, ErrorCode: throttled},
			{Delay: 70 * time.Millisecond, ErrorCode: throttled}, {Delay: 10 * time.Millisecond, ErrorCode: codeExpired}, {ErrorCode: codeExpired},
		})
	}
}

func TestMetricsAreThoseOfTheKPL(t *testing.T) {
	raw, err := os.ReadFile("testdata/metrics.json")
	if err != nil {
		t.Fatal(err)
	}
	var recorded struct {
		DependsOnTiming []string `json:"depends_on_timing"`
		Requests        []struct {
			Namespace string
			Data      []struct {
				Name, Unit   string
				Dimensions   [][2]string
				SampleCount  float64 `json:"sample_count"`
				Sum, Minimum float64
				Maximum      float64
			}
		}
	}
	if err := json.Unmarshal(raw, &recorded); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, request := range recorded.Requests {
		for _, d := range request.Data {
			var place []string
			for _, x := range d.Dimensions {
				place = append(place, x[0]+"="+x[1])
			}
			line := fmt.Sprintf("%s %s {%s}", d.Name, d.Unit, strings.Join(place, ","))
			if d.Name == "BufferingTime" {
				line += fmt.Sprintf(" n=%v", d.SampleCount)
			} else if !slices.Contains(recorded.DependsOnTiming, d.Name) {
				line += fmt.Sprintf(" n=%v sum=%v min=%v max=%v", d.SampleCount, d.Sum, d.Minimum, d.Maximum)
			}
			want = append(want, line)
		}
	}
	if len(want) != 40 {
		t.Fatalf("%d data recorded, want 40", len(want))
	}

	api := &fakeCloudWatch{}
	m := newMetrics(metricsConfig(api), time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	recordedRun(m)
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := api.data()
	for i, line := range got {
		name, _, _ := strings.Cut(line, " ")
		place := line[:strings.Index(line, "}")+1]
		if name == "BufferingTime" {
			got[i] = strings.Fields(line)[0] + strings.TrimPrefix(line[:strings.Index(line, " sum=")], name)
		} else if slices.Contains(recorded.DependsOnTiming, name) {
			got[i] = place
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-KPL +ours):\n%s", diff)
	}
	// Ours: one request where the KPL makes two of 20.
	if len(api.requests) != 1 {
		t.Errorf("%d requests, want 1", len(api.requests))
	}
}

func TestMetricsLevelAndGranularity(t *testing.T) {
	summary := []string{"AllErrors", "BufferingTime", "ErrorsByCode", "KinesisRecordsPut", "UserRecordExpired", "UserRecordsPut"}
	tests := []struct {
		name        string
		level       MetricsLevel
		granularity MetricsGranularity
		names       []string // nil: any
		places      []string
	}{
		{"summary", MetricsSummary, GranularityShard, summary, []string{"", "ErrorCode", "ErrorCode,StreamName", "ErrorCode,StreamName,ShardId", "StreamName", "StreamName,ShardId"}},
		{"stream", MetricsDetailed, GranularityStream, nil, []string{"", "ErrorCode", "ErrorCode,StreamName", "StreamName"}},
		{"global", MetricsDetailed, GranularityGlobal, nil, []string{"", "ErrorCode"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			api := &fakeCloudWatch{}
			c := metricsConfig(api)
			c.MetricsLevel, c.MetricsGranularity = tt.level, tt.granularity
			m := newMetrics(c, time.Now)
			if err := m.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			recordedRun(m)
			if err := m.close(t.Context()); err != nil {
				t.Fatal(err)
			}
			names, places := map[string]bool{}, map[string]bool{}
			for _, d := range api.requests[0] {
				names[*d.MetricName] = true
				var dims []string
				for _, x := range d.Dimensions {
					dims = append(dims, *x.Name)
				}
				places[strings.Join(dims, ",")] = true
			}
			if tt.names != nil {
				if diff := cmp.Diff(tt.names, sortedKeys(names)); diff != "" {
					t.Errorf("metrics (-want +got):\n%s", diff)
				}
			}
			if diff := cmp.Diff(tt.places, sortedKeys(places)); diff != "" {
				t.Errorf("dimension sets (-want +got):\n%s", diff)
			}
		})
	}
}

func sortedKeys(set map[string]bool) []string {
	var all []string
	for k := range set {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

func TestMetricsLevelNoneMakesNoClientAndStillCounts(t *testing.T) {
	api := &fakeCloudWatch{}
	c := metricsConfig(api)
	c.MetricsLevel = MetricsNone
	m := newMetrics(c, time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	recordedRun(m)
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if api.tried != 0 {
		t.Errorf("%d uploads with level none", api.tried)
	}
	if n := len(m.snapshot()); n != 40 {
		t.Errorf("%d metrics in the snapshot, want 40", n)
	}
	var none *metrics
	recordedRun(none)
	none.watchPending(nil)
	if none.start(t.Context()) != nil || none.close(t.Context()) != nil || none.snapshot() != nil {
		t.Error("nil metrics do something")
	}
}

func TestMetricsExtraDimensionsStandInTheirPlaceOfThePath(t *testing.T) {
	api := &fakeCloudWatch{}
	c := metricsConfig(api)
	c.AdditionalDimensions = []Dimension{
		{"Rack", "r", GranularityShard}, {"Zone", "z", GranularityStream}, {"Host", "h", GranularityGlobal}, {"Blank", " ", GranularityGlobal},
	}
	m := newMetrics(c, time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.kinesisRecord("S", "7", false, 1, 1, "X")
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range api.requests[0] {
		switch *d.MetricName {
		case "KinesisRecordsPut", "ErrorsByCode":
			got = append(got, *d.MetricName+" "+placeText(d))
		}
	}
	want := []string{
		"ErrorsByCode ", "KinesisRecordsPut ",
		"ErrorsByCode Host=h", "KinesisRecordsPut Host=h",
		"ErrorsByCode Host=h,ErrorCode=X", "KinesisRecordsPut Host=h,StreamName=S",
		"ErrorsByCode Host=h,ErrorCode=X,StreamName=S", "KinesisRecordsPut Host=h,StreamName=S,Zone=z",
		"ErrorsByCode Host=h,ErrorCode=X,StreamName=S,Zone=z", "KinesisRecordsPut Host=h,StreamName=S,Zone=z,ShardId=7",
		"ErrorsByCode Host=h,ErrorCode=X,StreamName=S,Zone=z,ShardId=7", "KinesisRecordsPut Host=h,StreamName=S,Zone=z,ShardId=7,Rack=r",
		"ErrorsByCode Host=h,ErrorCode=X,StreamName=S,Zone=z,ShardId=7,Rack=r",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestMetricsOfWhatTheKPLDoesNotCountAsErrors(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	m.kinesisRecord("S", "1", true, 5, 2, codeWrongShard)
	m.kinesisRecord("S", "1", false, 5, 2, codeCountMismatch)
	m.kinesisRecordUnanswered("S", "1", 9)
	m.request("S", time.Millisecond, 3, 13, "Timeout")
	got := map[string]string{}
	for _, p := range m.snapshot() {
		if len(p.Dimensions) == 0 {
			got[p.Name] = fmt.Sprintf("n=%v sum=%v min=%v max=%v", p.SampleCount, p.Sum, p.Min, p.Max)
		}
	}
	want := map[string]string{
		"KinesisRecordsPut": "n=2 sum=1 min=0 max=1", "KinesisRecordsDataPut": "n=1 sum=5 min=5 max=5", "WrongShard": "n=1 sum=1 min=1 max=1",
		"AllErrors": "n=2 sum=1 min=0 max=1", "ErrorsByCode": "n=1 sum=1 min=1 max=1", "UserRecordsPerKinesisRecord": "n=3 sum=13 min=2 max=9",
		"RequestTime": "n=1 sum=1 min=1 max=1", "KinesisRecordsPerPutRecordsRequest": "n=1 sum=3 min=3 max=3",
		"UserRecordsPerPutRecordsRequest": "n=1 sum=13 min=13 max=13",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMetricsManyRecordsAtOnceCountAsOneByOne(t *testing.T) {
	attempts := []Attempt{{Delay: 3 * time.Millisecond, ErrorCode: "X"}, {Delay: 5 * time.Millisecond, Success: true}}
	one, many := newMetrics(DefaultConfig(), time.Now), newMetrics(DefaultConfig(), time.Now)
	for _, size := range []int{7, 1, 4} {
		one.recordReceived("S")
		one.recordDone("S", "1", true, size, attempts)
	}
	many.recordsReceived("S", 3)
	many.recordsDone("S", "1", 3, 12, 1, 7, attempts)
	if diff := cmp.Diff(one.snapshot(), many.snapshot()); diff != "" {
		t.Errorf("(-one by one +together):\n%s", diff)
	}
}

func TestMetricsUploadFailuresGoWithTheNextUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, logs := observer.New(zap.InfoLevel)
		api := &fakeCloudWatch{fail: func(request int) error {
			if request <= 2 {
				return &smithy.GenericAPIError{Code: "Throttling", Message: "slow down"}
			}
			return nil
		}}
		c := metricsConfig(api)
		c.MetricsUploadDelay = 10 * time.Second
		c.MetricsLevel = MetricsSummary
		c.Logger = zap.New(logger)
		m := newMetrics(c, time.Now)
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 4 { // in the intervals of three uploads and of close
			m.recordDone("S", "", true, 1, nil)
			time.Sleep(9 * time.Second)
			synctest.Wait()
			time.Sleep(time.Second)
			synctest.Wait()
		}
		m.recordDone("S", "", false, 1, nil)
		if err := m.close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := m.close(t.Context()); err != nil {
			t.Errorf("second close: %v", err)
		}
		want := []string{
			"UserRecordsPut Count {} n=3 sum=3 min=1 max=1", "UserRecordsPut Count {StreamName=S} n=3 sum=3 min=1 max=1",
			"UserRecordsPut Count {} n=1 sum=1 min=1 max=1", "UserRecordsPut Count {StreamName=S} n=1 sum=1 min=1 max=1",
			"UserRecordsPut Count {} n=1 sum=0 min=0 max=0", "UserRecordsPut Count {StreamName=S} n=1 sum=0 min=0 max=0",
		}
		var got []string
		for _, line := range api.data() {
			if strings.HasPrefix(line, "UserRecordsPut ") {
				got = append(got, line)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("uploads (-want +got):\n%s", diff)
		}
		if n := logs.FilterLevelExact(zap.WarnLevel).Len(); n != 1 {
			t.Errorf("%d warnings for two failures of one kind, want 1", n)
		}
		if n := logs.FilterMessage("metrics are uploaded again").Len(); n != 1 {
			t.Errorf("recovery was told %d times, want once", n)
		}
	})
}

func TestMetricsCloseSaysWhatCouldNotBeUploaded(t *testing.T) {
	api := &fakeCloudWatch{fail: func(int) error { return errors.New("nobody there") }}
	m := newMetrics(metricsConfig(api), time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.recordReceived("S")
	err := m.close(t.Context())
	if want := "upload of 2 metrics to CloudWatch, namespace KinesisProducerLibrary: nobody there"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
}

func TestMetricsCloseEndsAnUploadThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := metricsConfig(hanging{})
		c.MetricsUploadDelay = time.Second
		m := newMetrics(c, time.Now)
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.recordReceived("S")
		time.Sleep(1500 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if err := m.close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the deadline", err)
		}
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("close took %v", took)
		}
	})
}

type hanging struct{}

func (hanging) PutMetricData(ctx context.Context, _ *cloudwatch.PutMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestMetricsPendingIsAskedForEvery200MillisecondsAndUploadedWithoutTraffic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := &fakeCloudWatch{}
		m := newMetrics(metricsConfig(api), time.Now)
		m.watchPending(func(report func(string, int64)) { report("S", 0) })
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute - time.Millisecond)
		synctest.Wait()
		if err := m.close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"UserRecordsPending Count {} n=299 sum=0 min=0 max=0", "UserRecordsPending Count {StreamName=S} n=299 sum=0 min=0 max=0"}
		if diff := cmp.Diff(want, api.data()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestMetricsOfManyShardsGoInFullRequests(t *testing.T) {
	api := &fakeCloudWatch{}
	m := newMetrics(metricsConfig(api), time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 999 {
		m.kinesisRecordUnanswered("S", fmt.Sprintf("shardId-%012d", i), 1)
	}
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if total := len(api.data()); total != 1001 {
		t.Errorf("%d data, want 1001", total)
	}
	if n := len(api.requests); n != 2 || len(api.requests[0]) != 1000 {
		t.Errorf("%d requests, the first with %d data; want 2, 1000", n, len(api.requests[0]))
	}
}

func TestMetricsNamesThatCloudWatchRefusesAreReplaced(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	m.kinesisRecordUnanswered("é\n"+strings.Repeat("x", 2000), "", 1)
	p := m.snapshot()[1]
	if v := p.Dimensions[0].Value; len(v) != 1024 || !strings.HasPrefix(v, "??x") {
		t.Errorf("StreamName of %d characters: %.10q", len(v), v)
	}
}

func TestMetricsCountFromManyGoroutinesWhileTheyAreRead(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	var work sync.WaitGroup
	for g := range 4 {
		work.Go(func() {
			for i := range 500 {
				stream, shard := fmt.Sprint("s", i%3), fmt.Sprint(g%2)
				m.recordReceived(stream)
				m.recordDone(stream, shard, i%2 == 0, 1, []Attempt{{ErrorCode: "X"}})
				m.kinesisRecord(stream, shard, false, 1, 1, fmt.Sprint("code", i%5))
				if i%100 == 0 {
					m.snapshot()
					m.interval()
				}
			}
		})
	}
	work.Wait()
	for _, p := range m.snapshot() {
		want := 2000.0
		if p.Name == "UserRecordsDataPut" || p.Name == "KinesisRecordsDataPut" {
			want = 1000 // of those that ended well
		}
		if len(p.Dimensions) == 0 && p.SampleCount != want {
			t.Errorf("%s: %v samples, want %v", p.Name, p.SampleCount, want)
		}
	}
}

func BenchmarkMetricsReceivedAndDone(b *testing.B) {
	m := newMetrics(DefaultConfig(), time.Now)
	attempts := []Attempt{{Delay: time.Millisecond, Success: true}}
	b.ReportAllocs()
	for b.Loop() {
		m.recordReceived("orders")
		m.recordsDone("orders", shardZero, 1, 100, 100, 100, attempts)
	}
}

func TestMetricsCountingDoesNotAllocate(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	attempts := []Attempt{{Delay: time.Millisecond, Success: true}}
	n := testing.AllocsPerRun(100, func() {
		m.recordReceived("orders")
		m.recordsDone("orders", shardZero, 3, 100, 10, 50, attempts)
		m.recordDone("orders", shardZero, false, 100, attempts)
		m.kinesisRecord("orders", shardZero, false, 100, 3, "X")
		m.kinesisRecord("orders", shardZero, true, 100, 3, "")
		m.request("orders", time.Millisecond, 1, 3, "")
		m.pending("orders", 4)
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

var _ MetricsAPI = (*cloudwatch.Client)(nil)
