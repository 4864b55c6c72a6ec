package kpl

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func TestStatsShowWhereRecordsAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		f.order(func() { f.latency = time.Second })
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "0", Data: []byte("12345")})
		}
		if st := b.Stats(); st.OutstandingRecords != 10 || st.OutstandingBytes != 60 || st.Streams[0].Buffered != 10 || st.Streams[0].Shards[0].Buffered != 10 || st.Streams[0].Shards[1].Buffered != 0 {
			t.Errorf("buffered: %+v", st)
		}
		time.Sleep(500 * time.Millisecond)
		if st := b.Stats(); st.RequestsInFlight != 1 || st.Streams[0].InFlight != 10 || st.Streams[0].Shards[0].InFlight != 10 || st.Streams[0].Outstanding != 10 {
			t.Errorf("in flight: %+v", st)
		}
		time.Sleep(2 * time.Second)
		st := b.Stats()
		s := st.Streams[0]
		if s.Stored != 11 || s.StoredBytes != 54 || s.KinesisRecords != 2 || s.Requests != 2 || s.Outstanding != 0 || s.Shards[0].Stored != 10 || s.RecordsPerSecond == 0 || s.Latency.Max != 1100*time.Millisecond || s.RequestTime.Max != time.Second {
			t.Errorf("stored: %+v", s)
		}
		text, err := json.Marshal(st)
		if err != nil || !strings.Contains(string(text), `"stored":11,"stored_bytes":54`) {
			t.Errorf("%s, %v", text, err)
		}
		found := false
		for _, m := range b.Metrics() {
			found = found || m.Name == "UserRecordsPut" && m.Sum == 11
		}
		if !found {
			t.Error("no UserRecordsPut among the metrics")
		}
		b.close()
	})
}

func TestHistogramIsExactToAQuarter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(15*time.Minute)).Draw(t, "duration"))
		i := bucketOf(d)
		if d > bucketEnd(i) || i > 0 && d <= bucketEnd(i-1) || d > 2000 && float64(bucketEnd(i)) > 1.25*float64(d) {
			t.Fatalf("%v is in bucket %d, which ends at %v", d, i, bucketEnd(i))
		}
	})
	var h histogram
	for range 99 {
		h.add(time.Millisecond)
	}
	h.add(time.Second)
	if l := h.summary(); l.Count != 100 || l.Max != time.Second || l.P50 < time.Millisecond || l.P50 > 1250*time.Microsecond || l.P99 != time.Second || l.Mean != 10990*time.Microsecond {
		t.Errorf("%+v", l)
	}
	h.add(time.Hour)
	if h.quantile(1) != time.Hour {
		t.Error("beyond the last bucket")
	}
}

func TestRateCoversTheLastSeconds(t *testing.T) {
	var r rate
	second := instant(time.Second)
	for i := range 20 {
		r.add(instant(i)*second, 100, 1000)
	}
	if n, bytes := r.perSecond(20 * second); n != 100 || bytes != 1000 {
		t.Errorf("%v records and %v bytes per second", n, bytes)
	}
	if n, _ := r.perSecond(25 * second); n != 50 {
		t.Errorf("%v per second after five quiet ones", n)
	}
	if n, _ := r.perSecond(60 * second); n != 0 {
		t.Errorf("%v per second long after", n)
	}
}
