package adapter

import (
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// shardsAt are the shards of a stream with these rates of bytes, or of records.
func shardsAt(aggregating bool, records, bytes []float64) *kpl.Stats {
	s := kpl.StreamStats{Stream: "s", Aggregating: aggregating}
	for i := range max(len(records), len(bytes)) {
		shard := kpl.ShardStats{ShardID: string(rune('a' + i))}
		if i < len(records) {
			shard.RecordsPerSecond = records[i]
		}
		if i < len(bytes) {
			shard.BytesPerSecond = bytes[i]
		}
		s.Shards = append(s.Shards, shard)
	}
	return &kpl.Stats{Streams: []kpl.StreamStats{s}}
}

func TestShardsFarAboveTheOthersAreHot(t *testing.T) {
	const k = 1024
	for _, c := range []struct {
		name  string
		stats *kpl.Stats
		want  string // the shards
	}{
		{"even", shardsAt(true, nil, []float64{800 * k, 900 * k, 850 * k}), ""},
		{"one of three", shardsAt(true, nil, []float64{100 * k, 900 * k, 200 * k}), "b"},
		{"one of two", shardsAt(true, nil, []float64{100 * k, 301 * k}), "b"},
		{"not far enough", shardsAt(true, nil, []float64{100 * k, 299 * k}), ""},
		{"all of it", shardsAt(true, nil, []float64{0, 0, 0, 300 * k}), "d"},
		{"far above, far from its limit", shardsAt(true, nil, []float64{1 * k, 200 * k}), ""},
		{"the only shard", shardsAt(true, nil, []float64{900 * k}), ""},
		{"records alone", shardsAt(false, []float64{10, 10, 800}, nil), "c"},
		{"records that are aggregated", shardsAt(true, []float64{10, 10, 800}, nil), ""},
		{"nothing", shardsAt(false, nil, nil), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h hotShards
			got := ""
			for _, hot := range h.look("k", c.stats, time.Now(), make(map[hotKey]bool)) {
				got += hot.ShardID
				if hot.Connection != "k" || hot.Stream != "s" || !strings.Contains(hot.Reason, "use partition keys that spread better") {
					t.Errorf("%+v", hot)
				}
			}
			if got != c.want {
				t.Errorf("hot are %q, want %q", got, c.want)
			}
		})
	}
}

func TestShardsThatThrottleForLongAreHot(t *testing.T) {
	type look struct {
		after     time.Duration
		throttled int64
	}
	every := func(step time.Duration, n int, each int64) (all []look) {
		for i := range n {
			all = append(all, look{step, int64(i) * each})
		}
		return all
	}
	for _, c := range []struct {
		name  string
		looks []look
		want  string // part of the reason at the end; empty for none
	}{
		{"each second", every(time.Second, 13, 5), "has throttled 60 attempts since 12:00:02 UTC"},
		{"a burst", append(every(time.Second, 5, 500), look{time.Second, 2000}), ""},
		{"for long, but it is over", append(every(time.Second, 30, 5), look{time.Minute, 145}), ""},
		{"now and then", every(time.Minute, 10, 1), ""},
		{"from before the first look", []look{{time.Second, 1000}, {time.Second, 1000}, {20 * time.Second, 1000}}, ""},
		{"looked at each ten seconds", every(10*time.Second, 4, 100), "has throttled 300 attempts since 12:00:20 UTC"},
		{"the stream began anew", append(every(time.Second, 20, 5), look{time.Second, 0}, look{time.Second, 3}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var h hotShards
			now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
			var hot []HotShard
			for _, l := range c.looks {
				now = now.Add(l.after)
				stats := shardsAt(true, []float64{1}, nil)
				stats.Streams[0].Shards[0].Throttled = l.throttled
				there := make(map[hotKey]bool)
				hot = h.look("k", stats, now, there)
				h.forget(there)
			}
			if c.want == "" && len(hot) > 0 || c.want != "" && (len(hot) != 1 || !strings.Contains(hot[0].Reason, c.want) || !strings.Contains(hot[0].Reason, "add shards")) {
				t.Errorf("%+v, want %q", hot, c.want)
			}
		})
	}
}

func TestShardsThatAreGoneAreForgotten(t *testing.T) {
	var h hotShards
	there := make(map[hotKey]bool)
	h.look("k", shardsAt(true, nil, make([]float64, 5)), time.Now(), there)
	h.forget(there)
	there = make(map[hotKey]bool)
	h.look("k", shardsAt(true, nil, make([]float64, 2)), time.Now(), there)
	h.forget(there)
	if len(h.known) != 2 {
		t.Errorf("%d are known, want 2", len(h.known))
	}
}
