package plan

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/kpl"
)

func drawLoad(t *rapid.T) Load {
	return Load{
		RecordsPerSecond: math.Exp(rapid.Float64Range(-3, 11).Draw(t, "log of records per second")),
		SizeBytes:        int(math.Exp(rapid.Float64Range(0, math.Log(1<<20)).Draw(t, "log of size"))) - 1,
		KeyBytes:         rapid.IntRange(1, 256).Draw(t, "key"),
		Streams:          rapid.IntRange(1, 5).Draw(t, "streams"),
		Producers:        rapid.IntRange(1, 8).Draw(t, "producers"),
		Burst:            rapid.Float64Range(1, 10).Draw(t, "burst"),
		HeadroomPercent:  rapid.Float64Range(0, 90).Draw(t, "headroom"),
		RequestTime:      rapid.SampledFrom([]time.Duration{time.Millisecond, 30 * time.Millisecond, time.Second}).Draw(t, "request time"),
		Retention:        LeastRetention,
		OnDemand:         rapid.Bool().Draw(t, "on demand"),
	}
}

func drawConfig(t *rapid.T) kpl.Config {
	c := kpl.DefaultConfig()
	c.RecordMaxBufferedTime = time.Duration(rapid.IntRange(0, 5000).Draw(t, "buffer")) * time.Millisecond
	c.AggregationEnabled = rapid.IntRange(0, 3).Draw(t, "aggregation") > 0
	c.AggregationMaxCount = rapid.SampledFrom([]int64{1, 2, 100, math.MaxUint32}).Draw(t, "count")
	c.AggregationMaxSizeBytes = rapid.SampledFrom([]int{64, 51200, 1 << 20}).Draw(t, "aggregate")
	c.RateLimitPercent = rapid.Int64Range(1, 300).Draw(t, "rate limit")
	return c
}

func TestPlansHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLoad(t), drawConfig(t)
		p, err := Make(l, c, nil)
		if err != nil {
			t.Skip("more shards than can be") // the only reason left
		}
		m := newModel(l, c)
		// The shards planned suffice, and one less does not.
		within := func(shards int) bool {
			f := m.flow(m.peak(), shards)
			return f.ShardBytesPercent <= p.Shards.UsablePercent && f.ShardRecordsPercent <= p.Shards.UsablePercent
		}
		needed := p.Shards.NeededPerStream
		if !within(needed) || needed > 1 && within(needed-1) {
			t.Fatalf("%d shards: %v, one less: %v", needed, within(needed), within(max(1, needed-1)))
		}
		for name, f := range map[string]Flow{"average": p.Average, "peak": p.Peak, "plain": p.Plain.Average} {
			// Nothing gets lost on the way.
			if math.Abs(f.KinesisRecords*f.UserRecordsPerKinesisRecord-f.UserRecords) > 1e-6*f.UserRecords ||
				math.Abs(f.Requests*f.KinesisRecordsPerRequest-f.KinesisRecords) > 1e-6*f.KinesisRecords {
				t.Fatalf("%s: %+v", name, f)
			}
			full := float64(m.packing.PerKinesisRecord)
			if f.UserRecordsPerKinesisRecord < 1-1e-9 || f.UserRecordsPerKinesisRecord > full*(1+1e-9) || f.KinesisRecordsPerRequest > float64(c.CollectionMaxCount) {
				t.Fatalf("%s: %+v with %v in a full aggregate", name, f, full)
			}
			// A record has a unit at least, and no more than its bytes need.
			if f.Units < f.KinesisRecords*(1-1e-9) || f.Units > f.KinesisRecords*(1+f.KinesisRecordBytes/25600)+1e-6 {
				t.Fatalf("%s: %v units for %v records of %v bytes", name, f.Units, f.KinesisRecords, f.KinesisRecordBytes)
			}
			if f.OnDemandBytes < f.KinesisRecords*f.KinesisRecordBytes*(1-1e-9) {
				t.Fatalf("%s: %v bytes on demand", name, f.OnDemandBytes)
			}
		}
		// Aggregation never costs more where two records fit into a unit. Beyond that what it adds to each may be what begins another unit: at
		// worst one for two records that have one each, and for keys of 256 bytes a fiftieth.
		most := 1 + 1e-9
		if l.SizeBytes > 12_000 {
			most = 1.52
		}
		if p.Month.Units > p.Month.UnitsAlone*most {
			t.Fatalf("%v units, %v without aggregation", p.Month.Units, p.Month.UnitsAlone)
		}
		planned := 0
		for i, b := range p.Buffering {
			if b.Planned {
				planned++
			}
			if i > 0 && (b.RecordMaxBufferedTime <= p.Buffering[i-1].RecordMaxBufferedTime ||
				b.UserRecordsPerKinesisRecord < p.Buffering[i-1].UserRecordsPerKinesisRecord*(1-1e-9)) {
				t.Fatalf("waiting longer brings less: %+v", p.Buffering)
			}
		}
		if planned != 1 {
			t.Fatalf("%d values are the planned one", planned)
		}
	})
}

func TestMoreLoadNeverNeedsLess(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, c := drawLoad(t), drawConfig(t)
		more := l
		more.RecordsPerSecond *= 1 + rapid.Float64Range(0, 3).Draw(t, "more")
		p, err := Make(l, c, nil)
		if err != nil {
			t.Skip("more shards than can be")
		}
		q, err := Make(more, c, nil)
		if err != nil {
			t.Skip("more shards than can be")
		}
		if q.Shards.NeededPerStream < p.Shards.NeededPerStream || q.Month.UnitsAlone < p.Month.UnitsAlone || q.Producer.OutstandingRecords < p.Producer.OutstandingRecords ||
			q.Producer.HoldsOut > p.Producer.HoldsOut {
			t.Fatalf("%+v\n%+v", p, q)
		}
	})
}
