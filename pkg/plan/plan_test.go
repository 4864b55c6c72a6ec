package plan

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*want {
		t.Errorf("%s is %v, want %v within %v %%", what, got, want, 100*tolerance)
	}
}

func TestShardsAreThoseOfTheNarrowerLimit(t *testing.T) {
	plain := func(c *kpl.Config) { c.AggregationEnabled = false }
	for _, c := range []struct {
		name           string
		load           Load
		config         func(*kpl.Config)
		bytes, records int
	}{
		{"records that go alone are limited by their number", load(func(l *Load) { l.SizeBytes, l.HeadroomPercent = 100, 0 }), plain, 1, 5},
		{"with headroom", load(func(l *Load) { l.SizeBytes, l.HeadroomPercent = 100, 20 }), plain, 1, 7},
		{"aggregated by their bytes", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.HeadroomPercent = 10_000, 1000, 0 }), nil, 10, 1},
		{"in a burst", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.HeadroomPercent, l.Burst = 10_000, 1000, 0, 3 }), nil, 30, 1},
		{"of many streams", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.HeadroomPercent, l.Streams = 10_000, 1000, 0, 10 }), nil, 1, 1},
		// 1 MiB/s is 10.24 records of 100 KiB, less their keys.
		{"larger than an aggregate", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.HeadroomPercent = 10, 100<<10, 0 }), nil, 1, 1},
		{"and a few more", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.HeadroomPercent = 11, 100<<10, 0 }), nil, 2, 1},
		// RateLimit=50 and one producer: half a shard is all it gets.
		{"that the producer limits", load(func(l *Load) { l.SizeBytes, l.HeadroomPercent = 100, 0 }), func(c *kpl.Config) { plain(c); c.RateLimitPercent = 50 }, 2, 10},
		{"that two such producers limit", load(func(l *Load) { l.SizeBytes, l.HeadroomPercent, l.Producers = 100, 0, 2 }), func(c *kpl.Config) { plain(c); c.RateLimitPercent = 50 }, 1, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var changes []func(*kpl.Config)
			if c.config != nil {
				changes = append(changes, c.config)
			}
			s := made(t, c.load, changes...).Shards
			if s.ForBytes != c.bytes || s.ForRecords != c.records || s.PerStream != max(c.bytes, c.records) || s.Total != s.PerStream*c.load.Streams {
				t.Errorf("%+v, want %d for bytes and %d for records", s, c.bytes, c.records)
			}
		})
	}
}

// What a plan says of one Kinesis record must be what the builder makes, and what it costs what explain says.
func TestKinesisRecordsAreThoseOfTheBuilder(t *testing.T) {
	for _, size := range []int{0, 1, 100, 127, 128, 1000, 17_000} {
		l := load(func(l *Load) { l.SizeBytes, l.KeyBytes = size, 5 })
		m := newModel(l, kpl.DefaultConfig())
		var b aggregation.Builder
		data := make([]byte, size)
		for n := 1; n <= min(100, m.packing.PerKinesisRecord); n++ {
			b.Append(strings.Repeat("k", 3)+string(rune('A'+n/50))+string(rune('A'+n%50)), "", data)
			got := m.one(n)
			if int(got.data) != b.Size() || int(got.units) != explain.Units(b.Size()) {
				t.Fatalf("%d records of %d bytes: %+v, the builder makes %d bytes", n, size, got, b.Size())
			}
		}
	}
}

func TestMeansOfAggregates(t *testing.T) {
	m := newModel(load(func(l *Load) { l.SizeBytes, l.KeyBytes = 100, 3 }), kpl.DefaultConfig())
	full := float64(m.packing.PerKinesisRecord)
	for _, c := range []struct {
		expected, users, tolerance float64
	}{
		{0, 1, 0}, {0.01, 1.01, 1e-9}, {1, 2, 1e-9}, {50, 51, 1e-9}, {300, 301, 1e-6}, {full - 1, full, 0.03}, {2 * full, full, 1e-9}, {1e6, full, 1e-9}, {1e12, full, 1e-9},
	} {
		near(t, "users per aggregate", m.pack(c.expected).users, c.users, c.tolerance)
	}
	// Two records cost one unit as three do: units are not those of the mean size.
	if u := m.pack(5).units; u != 1 {
		t.Errorf("small aggregates cost %v units, want 1", u)
	}
	if u := m.pack(1e9).units; u != 2 {
		t.Errorf("full aggregates cost %v units, want 2", u)
	}
	if u := m.pack(220).units; u < 1.01 || u > 1.99 {
		t.Errorf("aggregates around 25 KB cost %v units, want some 1 and some 2", u)
	}
}

func TestRecordsWithoutTimeToWaitGoAlone(t *testing.T) {
	p := made(t, load(), func(c *kpl.Config) { c.RecordMaxBufferedTime = 0 })
	if p.Average.UserRecordsPerKinesisRecord != 1 || p.Average.KinesisRecordsPerRequest != 1 {
		t.Errorf("%+v", p.Average)
	}
	p = made(t, load(), func(c *kpl.Config) { c.RecordMaxBufferedTime = math.MaxInt64 })
	if p.Average.UserRecordsPerKinesisRecord != float64(p.Packing.PerKinesisRecord) {
		t.Errorf("without a deadline aggregates are not full: %+v", p.Average)
	}
}

func TestMonthOfBills(t *testing.T) {
	prices, err := ParsePrices("p", []byte("currency=XTS\nshard-hour=2\nmillion-put-units=3\nextended-retention-shard-hour=5\non-demand-stream-hour=7\non-demand-gb-in=11\n"))
	if err != nil {
		t.Fatal(err)
	}
	l := load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.Shards = 1000, 30_000, 50 })
	c := kpl.DefaultConfig()
	p, err := Make(l, c, prices)
	if err != nil {
		t.Fatal(err)
	}
	m := p.Month
	// 30,000 bytes go alone: two units, and 30 KB on demand.
	units := 1000.0 * 2 * 730 * 3600
	near(t, "units", m.Units, units, 1e-9)
	near(t, "provisioned", *m.Provisioned.Cost, 50*730*2+units/1e6*3, 1e-9)
	near(t, "on-demand", *m.OnDemand.Cost, 730*7+1000.0*30*1024*730*3600/(1<<30)*11, 1e-9)
	if m.SavedPercent != 0 || len(m.MissingPrices) != 0 {
		t.Errorf("%+v", m)
	}

	l.Retention = 30 * 24 * time.Hour
	if p, err = Make(l, c, prices); err != nil {
		t.Fatal(err)
	}
	if m = p.Month; m.Provisioned.Cost != nil || m.OnDemand.Cost != nil {
		t.Error("a sum without all prices")
	}
	if got := strings.Join(m.MissingPrices, " "); got != "on-demand-extended-retention-gb-month long-term-retention-gb-month" {
		t.Errorf("missing: %s", got)
	}
	near(t, "GB kept for more than a week", m.Provisioned.Items[3].Quantity, 30e6*23*86400/(1<<30), 1e-9)
	near(t, "GB kept for up to a week", m.OnDemand.Items[2].Quantity, 30e6*6*86400/(1<<30), 1e-9)
}

func TestWhatDoesNotFitIsSaid(t *testing.T) {
	for _, c := range []struct {
		name   string
		load   Load
		config func(*kpl.Config)
		want   string
	}{
		{"too few shards", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 50_000, 2 }), nil, "2 shards of a stream are too few"},
		{"no headroom", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 4000, 2 }), nil, "take the peak, but without the headroom asked for; that needs 3"},
		{"RateLimit", load(), func(c *kpl.Config) { c.RateLimitPercent = 10 }, "RateLimit=10 lets 1 producer send only 10 %"},
		{"producers together", load(func(l *Load) { l.Producers = 3 }), nil, "together the producers may send a shard 450 %"},
		{"new on-demand stream", load(func(l *Load) { l.RecordsPerSecond, l.OnDemand = 50_000, true }), nil, "a new on-demand stream takes 4 MiB and 4,000 records"},
		{"large record", load(func(l *Load) { l.SizeBytes = 1 << 20 }), nil, "larger than 1 MiB"},
		{"connections", load(func(l *Load) { l.RecordsPerSecond = 20_000 }), func(c *kpl.Config) { c.AggregationEnabled, c.MaxConnections, c.RecordMaxBufferedTime = false, 2, 0 }, "more than MaxConnections=2"},
		{"throughput of connections", load(func(l *Load) { l.RecordsPerSecond, l.RequestTime = 200_000, 5*time.Second }), func(c *kpl.Config) { c.AggregationEnabled, c.MaxConnections = false, 1 }, "MaxConnections=1 carry at most"},
		{"outstanding bytes", load(func(l *Load) { l.RecordsPerSecond = 10_000_000 }), nil, "MaxOutstandingBytes=67108864"},
		{"outstanding records", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.KeyBytes = 10_000_000, 1, 1 }), nil, "MaxOutstandingRecords=200000"},
		{"no time for a second attempt", load(), func(c *kpl.Config) { c.RecordTTL = 100 * time.Millisecond }, "no time for a second attempt"},
		{"not aggregated", load(), func(c *kpl.Config) { c.AggregationEnabled = false }, "nothing is aggregated: AggregationEnabled is false"},
		{"sparse", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 100, 10 }), nil, "a record for a shard every 100ms"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var changes []func(*kpl.Config)
			if c.config != nil {
				changes = append(changes, c.config)
			}
			notes := strings.Join(made(t, c.load, changes...).Notes, "\n")
			if strings.Count(notes, c.want) != 1 {
				t.Errorf("notes are\n%s\nwant one of %q", notes, c.want)
			}
		})
	}
	if notes := made(t, load()).Notes; len(notes) != 0 {
		t.Errorf("a load that fits has notes: %q", notes)
	}
}

func TestLoadsOutOfRangeAreRefusedAllAtOnce(t *testing.T) {
	_, err := Make(Load{RecordsPerSecond: -1, SizeBytes: 1<<20 + 1, Shards: -1, HeadroomPercent: 91, Retention: time.Hour, OnDemand: true}, kpl.DefaultConfig(), nil)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		"records per second are -1", "the size is 1048577 bytes", "partition key is 0", "streams is 0", "producers is 0", "shards is -1", "burst is 0", "headroom is 91 %",
		"time of a request is 0s", "retention is 1h0m0s",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
	for _, c := range []struct {
		name, want string
		load       Load
	}{
		{"not a number", "records per second are NaN", load(func(l *Load) { l.RecordsPerSecond = math.NaN() })},
		{"shards of an on-demand stream", "leave their number out", load(func(l *Load) { l.OnDemand, l.Shards = true, 4 })},
		{"more shards than there are", "plan with more streams", load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes, l.Burst = 1e9, 1<<20, 10_000 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Make(c.load, kpl.DefaultConfig(), nil); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestTextAndJSON(t *testing.T) {
	prices, err := ParsePrices("p", []byte("currency = XTS\nshard-hour = 1\nmillion-put-units = 1\non-demand-stream-hour = 1\non-demand-gb-in = 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		load   Load
		config func(*kpl.Config)
		prices *Prices
	}{
		{"plain.golden", load(), func(c *kpl.Config) { c.AggregationEnabled = false }, nil},
		{"burst.golden", load(func(l *Load) { l.Burst = 3 }), func(*kpl.Config) {}, prices},
		{"ondemand.golden", load(func(l *Load) {
			l.RecordsPerSecond, l.Streams, l.Producers, l.OnDemand, l.Retention = 40_000, 2, 3, true, 720*time.Hour
		}), func(*kpl.Config) {}, prices},
		{"given.golden", load(func(l *Load) { l.RecordsPerSecond, l.Shards = 200, 8 }), func(c *kpl.Config) { c.RecordMaxBufferedTime = 30 * time.Millisecond }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := kpl.DefaultConfig()
			c.config(&config)
			p, err := Make(c.load, config, c.prices)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := p.Text(&b); err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, b.String())
			if _, err := json.Marshal(p); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestNumbersOfShardsAreGrouped(t *testing.T) {
	var b strings.Builder
	if err := made(t, load(func(l *Load) { l.RecordsPerSecond, l.SizeBytes = 50e6, 1 })).Text(&b); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "without aggregation 62,500; ") {
		t.Error(b.String())
	}
}

func TestNumbersForPeople(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.5", 0.0123: "0.012", 0.00012: "0.00012", 9.876: "9.88", 98.76: "98.8", 99.96: "100", 100: "100", 1234.5: "1,234", 1e6: "1,000,000", 1.5e16: "1.5e+16",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{0: "0 B", 1023: "1,023 B", 1536: "1.5 KiB", 5 << 20: "5 MiB", 3 << 30: "3 GiB"} {
		if got := bytes(v); got != want {
			t.Errorf("%v bytes are %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{1e-8: "under 0.01 %", 0.0123: "0.012 %", 79.83: "79.8 %", 100: "100 %"} {
		if got := percent(v); got != want {
			t.Errorf("%v %% is %q, want %q", v, got, want)
		}
	}
	if got := money(1234567.891, "XTS"); got != "1,234,567.89 XTS" {
		t.Error(got)
	}
	if got := length(math.MaxInt64); got != "for ever" {
		t.Error(got)
	}
}
