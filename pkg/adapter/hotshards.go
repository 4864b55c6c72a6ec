package adapter

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// When a shard deserves a warning.
const (
	// hotFactor is how many times the mean of its stream's other shards a shard must get. Where keys spread well, the busiest of hundreds of
	// shards gets less than twice the mean.
	hotFactor = 3
	// hotRecords and hotBytes are the rates, of user records and their data, below which a shard is far from its limits, whatever the others
	// get: a quarter of 1,000 records and 1 MiB a second. Aggregated records are smaller in number, so only bytes count for them.
	hotRecords = 250
	hotBytes   = 256 << 10
	// hotThrottled is how long a shard must have throttled, and hotGap the longest pause in it: a burst, which the producer's retries even out,
	// is no reason. Status has to be asked for meanwhile, or nothing is known.
	hotThrottled = 10 * time.Second
	hotGap       = 15 * time.Second
)

// hotShards remembers since when shards throttle. The zero value is ready; it is safe for concurrent use.
type hotShards struct {
	mu    sync.Mutex
	known map[hotKey]throttling
}

type hotKey struct{ connection, stream, shard string }

// throttling is what is known of a shard that has throttled.
type throttling struct {
	// count is how many attempts were at the last look, began before since.
	count, began int64
	since, last  time.Time
	seen         bool
}

// look returns the shards of one connection that deserve a warning, and notes in there which it has.
func (h *hotShards) look(connection string, stats *kpl.Stats, now time.Time, there map[hotKey]bool) []HotShard {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = make(map[hotKey]throttling)
	}
	var hot []HotShard
	for i := range stats.Streams {
		stream := &stats.Streams[i]
		var records, bytes float64
		for j := range stream.Shards {
			records += stream.Shards[j].RecordsPerSecond
			bytes += stream.Shards[j].BytesPerSecond
		}
		for j := range stream.Shards {
			shard := &stream.Shards[j]
			key := hotKey{connection, stream.Stream, shard.ShardID}
			there[key] = true
			t := h.known[key].after(shard.Throttled, now)
			h.known[key] = t
			var reasons []string
			if t.persists(now) {
				reasons = append(reasons, fmt.Sprintf("has throttled %d attempts since %s, and is sent %.0f %% of a shard's capacity at most for now",
					t.count-t.began, t.since.UTC().Format("15:04:05 UTC"), shard.RatePercent))
			}
			far := farAbove(stream, shard, records, bytes)
			if far != "" {
				reasons = append(reasons, far)
			}
			if len(reasons) == 0 {
				continue
			}
			do := "add shards to the stream"
			if far != "" {
				do = "use partition keys that spread better, or split the shard"
			}
			hot = append(hot, HotShard{Connection: connection, Stream: stream.Stream, ShardID: shard.ShardID, Reason: strings.Join(reasons, "; it ") + ": " + do})
		}
	}
	return hot
}

// farAbove says how far a shard's rate is above that of the others; empty if it is not, or if the rate is low. records and bytes are the rates
// of all of them.
func farAbove(stream *kpl.StreamStats, shard *kpl.ShardStats, records, bytes float64) string {
	others := float64(len(stream.Shards) - 1)
	if others < 1 {
		return ""
	}
	records, bytes = (records-shard.RecordsPerSecond)/others, (bytes-shard.BytesPerSecond)/others
	switch {
	case shard.BytesPerSecond >= hotBytes && shard.BytesPerSecond > hotFactor*bytes:
		return fmt.Sprintf("gets %.0f KiB/s where the mean of the %.0f others is %.0f KiB/s", shard.BytesPerSecond/1024, others, bytes/1024)
	case !stream.Aggregating && shard.RecordsPerSecond >= hotRecords && shard.RecordsPerSecond > hotFactor*records:
		return fmt.Sprintf("gets %.0f records/s where the mean of the %.0f others is %.0f records/s", shard.RecordsPerSecond, others, records)
	}
	return ""
}

// after is what is known when a shard has so many throttled attempts.
func (t throttling) after(count int64, now time.Time) throttling {
	if t.seen && count < t.count { // it began anew
		t = throttling{}
	}
	if t.seen && count > t.count {
		if t.last.IsZero() || now.Sub(t.last) > hotGap {
			t.since, t.began = now, t.count
		}
		t.last = now
	}
	t.count, t.seen = count, true
	return t
}

// persists says that a shard throttles, and does so for long.
func (t throttling) persists(now time.Time) bool {
	return !t.last.IsZero() && now.Sub(t.last) <= hotGap && t.last.Sub(t.since) >= hotThrottled
}

// forget drops what was not there at the last look.
func (h *hotShards) forget(there map[hotKey]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range h.known {
		if !there[key] {
			delete(h.known, key)
		}
	}
}
