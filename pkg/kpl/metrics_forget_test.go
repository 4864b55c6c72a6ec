package kpl

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// points gives the metrics of a snapshot by name and place.
func points(m *metrics) map[string]string {
	all := map[string]string{}
	for _, p := range m.snapshot() {
		var place []string
		for _, d := range p.Dimensions {
			place = append(place, d.Name+"="+d.Value)
		}
		all[p.Name+" {"+strings.Join(place, ",")+"}"] = fmt.Sprintf("n=%v sum=%v min=%v max=%v", p.SampleCount, p.Sum, p.Min, p.Max)
	}
	return all
}

func nodes(m *metrics) (n int) {
	m.streams.Range(func(any, any) bool { n++; return true })
	return n
}

func TestMetricsOfAForgottenStreamAreUploadedOnceAndStayInTheTotals(t *testing.T) {
	for _, extras := range [][]Dimension{nil, {{"Host", "h", GranularityGlobal}, {"Zone", "z", GranularityStream}}} {
		t.Run(fmt.Sprint(len(extras), " extras"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				kept, forgotten := &fakeCloudWatch{}, &fakeCloudWatch{}
				var snapshots []map[string]string
				for _, api := range []*fakeCloudWatch{kept, forgotten} {
					c := metricsConfig(api)
					c.AdditionalDimensions = extras
					m := newMetrics(c, time.Now)
					if err := m.start(t.Context()); err != nil {
						t.Fatal(err)
					}
					m.recordReceived("other")
					recordedRun(m)
					time.Sleep(c.MetricsUploadDelay + time.Second) // what comes before an upload counts in the totals, too
					recordedRun(m)
					if api == forgotten {
						m.forget("S")
						m.forget("S")
						if n := nodes(m); n != 1 {
							t.Errorf("%d nodes", n)
						}
					}
					time.Sleep(2 * c.MetricsUploadDelay) // the rest comes with one upload, and with no other
					snapshots = append(snapshots, points(m))
					if err := m.close(t.Context()); err != nil {
						t.Fatal(err)
					}
					if len(m.leftover) > 0 {
						t.Errorf("%d series left over", len(m.leftover))
					}
				}
				if diff := cmp.Diff(kept.data(), forgotten.data()); diff != "" {
					t.Errorf("uploads (-kept +forgotten):\n%s", diff)
				}
				for place, want := range snapshots[0] {
					got := snapshots[1][place]
					if strings.Contains(place, "StreamName=S") {
						want = ""
					}
					if got != want {
						t.Errorf("%s: %q, want %q", place, got, want)
					}
				}
			})
		})
	}
}

func TestMetricsOfAStreamThatComesBackBeginAtZero(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	old := m.stream("S")
	for range 3 {
		m.recordDone("S", shardZero, true, 1, nil)
	}
	m.forget("S")
	m.recordDone("S", shardZero, true, 1, nil)
	m.receive(old, 2) // by who looked the stream up before
	got := points(m)
	for place, want := range map[string]string{
		"UserRecordsPut {}":                                       "n=4 sum=4 min=1 max=1",
		"UserRecordsPut {StreamName=S}":                           "n=1 sum=1 min=1 max=1",
		"UserRecordsPut {StreamName=S,ShardId=" + shardZero + "}": "n=1 sum=1 min=1 max=1",
		"UserRecordsReceived {StreamName=S}":                      "n=2 sum=2 min=1 max=1",
	} {
		if got[place] != want {
			t.Errorf("%s: %q, want %q", place, got[place], want)
		}
	}
}

func TestMetricsForgetWithoutUploadsKeepsTheTotalsOnly(t *testing.T) {
	var none *metrics
	none.forget("S")
	tests := map[string]func(*Config){
		"level none": func(c *Config) { c.MetricsLevel, c.MetricsAPI = MetricsNone, &fakeCloudWatch{} },
		"no client":  func(c *Config) { c.API = newFake(1) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			c := DefaultConfig()
			change(&c)
			m := newMetrics(c, time.Now)
			if err := m.start(t.Context()); err != nil {
				t.Fatal(err)
			}
			for i := range 1000 {
				stream := fmt.Sprint("s", i)
				m.recordReceived(stream)
				m.kinesisRecord(stream, shardZero, false, 1, 1, "X")
				m.forget(stream)
			}
			if n := nodes(m); n > 0 || len(m.leftover) > 0 {
				t.Errorf("%d nodes, %d series left over", n, len(m.leftover))
			}
			want := map[string]string{
				"AllErrors {}": "n=1000 sum=1000 min=1 max=1", "ErrorsByCode {}": "n=1000 sum=1000 min=1 max=1",
				"ErrorsByCode {ErrorCode=X}": "n=1000 sum=1000 min=1 max=1", "KinesisRecordsPut {}": "n=1000 sum=0 min=0 max=0",
				"UserRecordsPerKinesisRecord {}": "n=1000 sum=1000 min=1 max=1", "UserRecordsReceived {}": "n=1000 sum=1000 min=1 max=1",
			}
			if diff := cmp.Diff(want, points(m)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err := m.close(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Uploads take every sample once, totals have all, whenever streams are forgotten.
func TestMetricsForgetWhileOthersCount(t *testing.T) {
	stored := make([]userRecord, 1)
	tests := []struct {
		name  string
		count func(m *metrics, shard string)
		want  []string
	}{
		{"results", func(m *metrics, shard string) {
			m.recordDone("S", shard, true, 1, nil)
			m.kinesisRecord("S", "", false, 1, 1, "X")
		}, []string{"UserRecordsReceived", "UserRecordsPut", "KinesisRecordsPut", "ErrorsByCode"}},
		{"requests", func(m *metrics, shard string) {
			m.request("S", time.Millisecond, 1, 1, "X")
			m.kinesisRecordUnanswered("S", shard, 1)
		}, []string{"UserRecordsReceived", "RequestTime", "ErrorsByCode", "UserRecordsPerKinesisRecord"}},
		{"stored records", func(m *metrics, shard string) {
			m.recordsStored("S", shard, stored)
		}, []string{"UserRecordsReceived", "UserRecordsPut"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const counters, each = 4, 3000
			m := newMetrics(DefaultConfig(), time.Now)
			m.uploads.Store(true)
			uploaded := seriesSet{}
			var counting, reading sync.WaitGroup
			stop := make(chan struct{})
			for g := range counters {
				counting.Go(func() {
					mine := m.stream("S")
					for i := range each {
						m.receive(mine, 1)
						tt.count(m, fmt.Sprint((g+i)%3))
						if i%100 == 0 {
							mine = m.stream("S")
						}
					}
				})
			}
			for _, read := range []func(){func() { m.forget("S") }, func() { m.snapshot(); m.values() }, func() { uploaded.addSet(m.interval()) }} {
				reading.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
							read()
						}
					}
				})
			}
			counting.Wait()
			close(stop)
			reading.Wait()
			uploaded.addSet(m.interval())
			for _, name := range tt.want {
				sent := int64(0)
				for _, s := range uploaded {
					if metricKinds[s.metric].name == name && len(s.dimensions) == 0 {
						sent = s.statistic.count
					}
				}
				if sent != counters*each {
					t.Errorf("uploaded: %s has %d samples, want %d", name, sent, counters*each)
				}
				if got := points(m)[name+" {}"]; !strings.HasPrefix(got, fmt.Sprintf("n=%d ", counters*each)) {
					t.Errorf("totals: %s %s, want %d samples", name, got, counters*each)
				}
			}
		})
	}
}

func (set seriesSet) addSet(o seriesSet) {
	for _, s := range o {
		set.add(s.metric, s.dimensions, s.statistic)
	}
}

// Many names while CloudWatch is down: what waits for it does not grow without end, and what is in use is not lost.
func TestMetricsOfForgottenStreamsThatCannotBeUploadedAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		logger, logs := observer.New(zap.WarnLevel)
		up := false
		api := &fakeCloudWatch{fail: func(int) error {
			if !up {
				return &smithy.GenericAPIError{Code: "ServiceUnavailable"}
			}
			return nil
		}}
		c := metricsConfig(api)
		c.Logger = zap.New(logger)
		c.MetricsUploadDelay = time.Second
		m := newMetrics(c, time.Now)
		if err := m.start(t.Context()); err != nil {
			t.Fatal(err)
		}
		m.recordReceived("in use")
		const seconds, streams = 4, 40_000
		for i := range seconds * streams {
			stream := fmt.Sprint("s", i)
			m.recordReceived(stream)
			m.forget(stream)
			if i%streams == streams-1 {
				time.Sleep(time.Second)
				synctest.Wait()
			}
		}
		if n := len(m.up.backlog); n > maxLeftover {
			t.Errorf("%d series wait", n)
		}
		if logs.FilterMessageSnippet("no longer in use").Len() == 0 {
			t.Error("nothing was told of it")
		}
		up = true
		if err := m.close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{
			fmt.Sprintf("UserRecordsReceived Count {} n=%d sum=%[1]d min=1 max=1", seconds*streams+1),
			"UserRecordsReceived Count {StreamName=in use} n=1 sum=1 min=1 max=1",
		}
		for _, line := range want {
			if !slices.Contains(api.data(), line) {
				t.Errorf("%s was not uploaded", line)
			}
		}
	})
}

func TestMetricsLeftOverWithinOneIntervalAreBounded(t *testing.T) {
	m := newMetrics(DefaultConfig(), time.Now)
	m.uploads.Store(true)
	const streams = maxLeftover + 5000
	for i := range streams {
		stream := fmt.Sprint("s", i)
		m.recordReceived(stream)
		m.forget(stream)
	}
	set := m.interval()
	if len(set) != maxLeftover {
		t.Errorf("%d series to upload", len(set))
	}
	for _, s := range set {
		if len(s.dimensions) == 0 && s.statistic.count != streams {
			t.Errorf("%d received in all, want %d", s.statistic.count, streams)
		}
	}
}

// A producer that is used with many stream names one after the other does not grow with them.
func TestMetricsOfIdleStreamsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, api := newFake(2), &fakeCloudWatch{}
		c := testConfig(f)
		c.MetricsAPI, c.MetricsLevel = api, MetricsDetailed
		b := start(t, c)
		const streams = 20
		for round := range 2 {
			for i := range streams {
				b.put(fmt.Sprint(round, i), Record{Stream: fmt.Sprint("s", i), PartitionKey: "k", Data: []byte("x")})
			}
			time.Sleep(streamIdle + 2*time.Minute)
			if n := nodes(b.metrics); n > 0 {
				t.Errorf("%d nodes after a quarter of an hour without records", n)
			}
		}
		if got := points(b.metrics)["UserRecordsReceived {}"]; got != "n=40 sum=40 min=1 max=1" {
			t.Errorf("total received: %q", got)
		}
		b.close()
		received := map[string]float64{}
		for _, request := range api.requests {
			for _, d := range request {
				if *d.MetricName == "UserRecordsReceived" {
					received[placeText(d)] += *d.StatisticValues.Sum
				}
			}
		}
		if received[""] != 2*streams || received["StreamName=s7"] != 2 {
			t.Errorf("uploaded: %v", received)
		}
	})
}
