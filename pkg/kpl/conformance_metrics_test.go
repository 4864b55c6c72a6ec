package kpl

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

// meteredRun is the run of testdata/metrics.json through a producer: a record that is stored before the shard map is there, then three that are
// aggregated, throttled three times, and expire while they wait for the shard's rate. It returns after Close.
func meteredRun(t *testing.T, change func(*Config)) *fakeCloudWatch {
	t.Helper()
	f, api := newFake(1), &fakeCloudWatch{}
	f.latency, f.listLatency = 40*time.Millisecond, 300*time.Millisecond
	c := DefaultConfig()
	c.Region, c.API, c.MetricsAPI = "us-east-1", f, api
	c.RecordTTL = 10 * time.Second // three attempts have their back-offs before
	change(&c)
	b := start(t, c)
	b.put("early", Record{Stream: "S", PartitionKey: "k", Data: make([]byte, 4)})
	time.Sleep(time.Second)
	synctest.Wait()
	if r := b.result("early"); r.Err != nil || r.Attempts[0].Delay != c.RecordMaxBufferedTime {
		t.Errorf("the record before the map: %+v", r)
	}
	l := (*b.streams.Load())["S"].routes.Load().lanes[0]
	refused := 0
	f.order(func() {
		f.refuse = func(types.PutRecordsRequestEntry, string) string {
			if refused++; refused == 3 { // from now on the shard's bucket is empty for long
				l.mu.Lock()
				l.bucket.records = -1e9
				l.mu.Unlock()
			}
			return codeThrottled
		}
	})
	for i := range 3 {
		b.put(fmt.Sprint(i), Record{Stream: "S", PartitionKey: "k", Data: make([]byte, 10)})
	}
	time.Sleep(20 * time.Second)
	synctest.Wait()
	for i := range 3 {
		e := failure(t, b.result(fmt.Sprint(i)))
		want := []string{codeThrottled, codeThrottled, codeThrottled, codeExpired, codeExpired}
		if got := codes(e.Attempts); !slices.Equal(got, want) || e.Attempts[3].ErrorMessage != expiredInLimiter {
			t.Errorf("attempts %v", got)
		}
	}
	b.close()
	return api
}

// recordedMetrics are the data of testdata/metrics.json. What depends on timing is compared without its values.
func recordedMetrics(t *testing.T) (data []string, requests int, timing []string) {
	t.Helper()
	var recorded struct {
		DependsOnTiming []string `json:"depends_on_timing"`
		Requests        []struct {
			Data []struct {
				Name, Unit            string
				Dimensions            [][2]string
				SampleCount           float64 `json:"sample_count"`
				Sum, Minimum, Maximum float64
			}
		}
	}
	readVectors(t, "testdata/metrics.json", &recorded)
	for _, request := range recorded.Requests {
		for _, d := range request.Data {
			var place []string
			for _, x := range d.Dimensions {
				place = append(place, x[0]+"="+x[1])
			}
			line := fmt.Sprintf("%s %s {%s} n=%v sum=%v min=%v max=%v", d.Name, d.Unit, strings.Join(place, ","), d.SampleCount, d.Sum, d.Minimum, d.Maximum)
			data = append(data, withoutTiming(line, recorded.DependsOnTiming))
		}
	}
	return data, len(recorded.Requests), recorded.DependsOnTiming
}

// withoutTiming leaves of a datum what does not depend on how long things took: of BufferingTime and RequestTime the number of samples too.
func withoutTiming(line string, timing []string) string {
	name, _, _ := strings.Cut(line, " ")
	switch {
	case !slices.Contains(timing, name):
		return line
	case name == "UserRecordsPending":
		return line[:strings.Index(line, " n=")]
	default:
		return line[:strings.Index(line, " sum=")]
	}
}

// The KPL sends the 40 data in two requests of 20; here they go in one.
func TestC90MetricsOfTheRecordedRun(t *testing.T) {
	t.Parallel()
	want, requests, timing := recordedMetrics(t)
	if len(want) != 40 || requests != 2 {
		t.Fatalf("%d data in %d requests recorded", len(want), requests)
	}
	synctest.Test(t, func(t *testing.T) {
		api := meteredRun(t, func(*Config) {})
		got := api.data()
		for i, line := range got {
			got[i] = withoutTiming(line, timing)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("data (-KPL +ours):\n%s", diff)
		}
		if len(api.requests) != 1 {
			t.Errorf("%d requests, want one", len(api.requests))
		}
	})
}

// placesOf lists the metrics and the dimension names that were uploaded.
func placesOf(api *fakeCloudWatch) (names, places []string) {
	n, p := map[string]bool{}, map[string]bool{}
	for _, request := range api.requests {
		for _, d := range request {
			n[*d.MetricName] = true
			var dimensions []string
			for _, x := range d.Dimensions {
				dimensions = append(dimensions, *x.Name)
			}
			p["{"+strings.Join(dimensions, ",")+"}"] = true
		}
	}
	return sortedKeys(n), sortedKeys(p)
}

func TestC91MetricsLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[MetricsLevel][]string{
		MetricsSummary: {"AllErrors", "BufferingTime", "ErrorsByCode", "KinesisRecordsPut", "UserRecordExpired", "UserRecordsPut"},
		MetricsNone:    nil,
	} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := meteredRun(t, func(c *Config) { c.MetricsLevel = level })
				names, _ := placesOf(api)
				if diff := cmp.Diff(want, names); diff != "" {
					t.Errorf("metrics (-want +got):\n%s", diff)
				}
				if want == nil && api.tried != 0 {
					t.Errorf("%d requests", api.tried)
				}
			})
		})
	}
}

func TestC92MetricsGranularity(t *testing.T) {
	t.Parallel()
	for granularity, want := range map[MetricsGranularity][]string{
		GranularityStream: {"{ErrorCode,StreamName}", "{ErrorCode}", "{StreamName}", "{}"},
		GranularityGlobal: {"{ErrorCode}", "{}"},
	} {
		t.Run(fmt.Sprint(granularity), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				_, places := placesOf(meteredRun(t, func(c *Config) { c.MetricsGranularity = granularity }))
				if diff := cmp.Diff(want, places); diff != "" {
					t.Errorf("dimension sets (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestC93AdditionalDimensions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := meteredRun(t, func(c *Config) {
			c.AdditionalDimensions = []Dimension{{"Host", "h", GranularityGlobal}, {"Zone", "z", GranularityStream}, {"Rack", "r", GranularityShard}}
		})
		sets := map[string]map[string]bool{}
		for _, request := range api.requests {
			for _, d := range request {
				if sets[*d.MetricName] == nil {
					sets[*d.MetricName] = map[string]bool{}
				}
				sets[*d.MetricName][placeText(d)] = true
			}
		}
		const stream, shard = "Host=h,StreamName=S", "Host=h,StreamName=S,Zone=z,ShardId=" + shardZero
		want := []string{"", "Host=h", stream, stream + ",Zone=z", shard, shard + ",Rack=r"}
		if diff := cmp.Diff(want, sortedKeys(sets["UserRecordsPut"])); diff != "" {
			t.Errorf("UserRecordsPut (-want +got):\n%s", diff)
		}
		const code = "Host=h,ErrorCode=" + codeThrottled
		want = []string{"", "Host=h", code, code + ",StreamName=S", code + ",StreamName=S,Zone=z", code + ",StreamName=S,Zone=z,ShardId=" + shardZero,
			code + ",StreamName=S,Zone=z,ShardId=" + shardZero + ",Rack=r"}
		if diff := cmp.Diff(want, sortedKeys(sets["ErrorsByCode"])); diff != "" {
			t.Errorf("ErrorsByCode (-want +got):\n%s", diff)
		}
	})
}

// The KPL makes five requests of it, of 19, 19, 19, 19 and 3 data.
func TestC94ManyMetricsInOneRequest(t *testing.T) {
	t.Parallel()
	api := &fakeCloudWatch{}
	m := newMetrics(metricsConfig(api), time.Now)
	if err := m.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 77 { // and one for the stream, and one for all
		m.kinesisRecordUnanswered("S", fmt.Sprintf("shardId-%012d", i), 1)
	}
	if err := m.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(api.requests) != 1 || len(api.requests[0]) != 79 {
		t.Errorf("%d requests with %d data, want one with 79", len(api.requests), len(api.data()))
	}
}

// sumOf adds up the samples of a metric over all uploads, at one place.
func sumOf(api *fakeCloudWatch, name, place string) (samples, sum float64) {
	api.mu.Lock()
	defer api.mu.Unlock()
	for _, request := range api.requests {
		for _, d := range request {
			if *d.MetricName == name && placeText(d) == place {
				samples += *d.StatisticValues.SampleCount
				sum += *d.StatisticValues.Sum
			}
		}
	}
	return samples, sum
}

// uploads is how many were tried, and how many of them went well.
func uploads(api *fakeCloudWatch) (tried, well int) {
	api.mu.Lock()
	defer api.mu.Unlock()
	return api.tried, len(api.requests)
}

// The KPL drops what it could not upload.
func TestC95FailedUploadGoesWithTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		api := &fakeCloudWatch{fail: func(request int) error {
			if request <= 2 {
				return &smithy.GenericAPIError{Code: "InternalFailure", Message: "oh"}
			}
			return nil
		}}
		c := testConfig(f)
		c.MetricsAPI, c.MetricsLevel, c.MetricsUploadDelay = api, MetricsDetailed, 10*time.Second
		b := start(t, c)
		for range 25 { // in three intervals
			if _, err := b.PutSync(t.Context(), Record{Stream: "S", PartitionKey: "k", Data: []byte("12345")}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if tried, well := uploads(api); tried != 2 || well != 0 {
			t.Fatalf("%d uploads, %d of them well", tried, well)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if _, well := uploads(api); well != 1 {
			t.Fatalf("%d uploads", well)
		}
		for _, place := range []string{"", "StreamName=S", "StreamName=S,ShardId=" + shardZero} {
			if n, sum := sumOf(api, "UserRecordsDataPut", place); n != 25 || sum != 125 {
				t.Errorf("UserRecordsDataPut {%s}: %v samples, %v bytes; want those of all three intervals", place, n, sum)
			}
		}
		b.close()
		if n, sum := sumOf(api, "UserRecordsPut", ""); n != 25 || sum != 25 {
			t.Errorf("UserRecordsPut: %v samples, sum %v: nothing counts twice", n, sum)
		}
	})
}

func TestC96NoTraffic(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, api := newFake(1), &fakeCloudWatch{}
		c := testConfig(f)
		c.MetricsAPI, c.MetricsLevel = api, MetricsDetailed
		b := start(t, c)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if tried, _ := uploads(api); tried != 0 {
			t.Errorf("%d uploads while no stream is in use", tried)
		}
		for _, stream := range []string{"A", "B"} {
			if _, err := b.PutSync(t.Context(), Record{Stream: stream, PartitionKey: "k", Data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute + time.Second)
		synctest.Wait()
		api.mu.Lock()
		api.requests = nil
		api.mu.Unlock()
		time.Sleep(time.Minute)
		synctest.Wait()
		want := []string{
			"UserRecordsPending Count {} n=600 sum=0 min=0 max=0",
			"UserRecordsPending Count {StreamName=A} n=300 sum=0 min=0 max=0", "UserRecordsPending Count {StreamName=B} n=300 sum=0 min=0 max=0",
		}
		if diff := cmp.Diff(want, api.data()); diff != "" {
			t.Errorf("a minute without traffic (-want +got):\n%s", diff)
		}
		// A stream that is given up is not in use.
		time.Sleep(streamIdle)
		synctest.Wait()
		before, _ := uploads(api)
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if after, _ := uploads(api); after != before {
			t.Errorf("%d uploads after the streams were given up", after-before)
		}
		b.close()
	})
}

// Many streams share a producer; what an idle one holds is given back, and the stream works again afterwards.
func TestHundredsOfIdleStreamsAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const streams = 300
		f := newFake(4)
		before := runtime.NumGoroutine()
		b := start(t, testConfig(f))
		round := func(name string) {
			t.Helper()
			for i := range 4 * streams {
				b.put(fmt.Sprint(name, i), Record{Stream: fmt.Sprint("s", i%streams), PartitionKey: fmt.Sprint(i), Data: []byte("x")})
			}
			if err := b.Flush(context.Background()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for i := range 4 * streams {
				if r := b.result(fmt.Sprint(name, i)); r.Err != nil || r.Stream != fmt.Sprint("s", i%streams) {
					t.Fatalf("%+v", r)
				}
			}
			if n := len(b.Stats().Streams); n != streams {
				t.Errorf("%d streams in use, want %d", n, streams)
			}
			if n := runtime.NumGoroutine() - before; n < streams-20 || n > 2*streams { // some that an earlier test left may have ended meanwhile
				t.Errorf("%d goroutines for %d streams", n, streams)
			}
		}
		round("first")
		if n := f.listCount(); n != streams {
			t.Errorf("%d ListShards for %d streams", n, streams)
		}
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		if n := len(b.Stats().Streams); n != streams {
			t.Errorf("%d streams left before their time", n)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if n := len(b.Stats().Streams); n != 0 {
			t.Errorf("%d streams are kept though idle for more than ten minutes", n)
		}
		if n := runtime.NumGoroutine() - before; n > 5 {
			t.Errorf("%d goroutines are left", n)
		}
		round("second")
		b.close()
	})
}
