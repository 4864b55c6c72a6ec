package kpl

import (
	"cmp"
	"slices"
	"time"
)

// Stats is a snapshot of a producer. Its parts are taken one after the other while records flow, so sums need not agree to the record.
type Stats struct {
	// OutstandingRecords have no result yet; OutstandingBytes are their data and partition keys. Put blocks at the bounds.
	OutstandingRecords    int64 `json:"outstanding_records"`
	OutstandingBytes      int64 `json:"outstanding_bytes"`
	MaxOutstandingRecords int64 `json:"max_outstanding_records"`
	MaxOutstandingBytes   int64 `json:"max_outstanding_bytes"`
	// BlockedPuts is how many calls of Put wait for room.
	BlockedPuts int `json:"blocked_puts"`
	// PossibleDuplicates is how many entries the ledger has had, see Producer.Duplicates.
	PossibleDuplicates int64 `json:"possible_duplicates"`
	// RequestsInFlight is how many of MaxConnections are in use for PutRecords.
	RequestsInFlight int           `json:"requests_in_flight"`
	MaxConnections   int           `json:"max_connections"`
	Uptime           time.Duration `json:"uptime_ns"`
	// Streams are those in use, by name. One that nothing was put into for ten minutes is left out, and begins anew at zero.
	Streams []StreamStats `json:"streams"`
}

// StreamStats is what a producer knows of one stream. Counts are of user records unless they say otherwise.
type StreamStats struct {
	Stream string `json:"stream"`
	// Aggregating is false by configuration, or when the service distributes the stream's records itself.
	Aggregating bool `json:"aggregating"`
	// Outstanding have no result yet: Buffered wait to be sent, Retrying wait to be sent again, InFlight are under way.
	Outstanding int64 `json:"outstanding"`
	Buffered    int64 `json:"buffered"`
	Retrying    int64 `json:"retrying"`
	InFlight    int64 `json:"in_flight"`
	Totals
	// ErrorsByCode counts user records' failed attempts and, for codes of ours such as Expired, ends.
	ErrorsByCode map[string]int64 `json:"errors_by_code,omitempty"`
	// Rates of stored user records over the last ten seconds.
	RecordsPerSecond float64 `json:"records_per_second"`
	BytesPerSecond   float64 `json:"bytes_per_second"`
	// Latency is from Put to the result; RequestTime that of PutRecords requests.
	Latency     Latency `json:"latency"`
	RequestTime Latency `json:"request_time"`
	// OpenShards is 0 until the first shard map has come; ShardMapAge is how old the map is; ShardMapError why there is no newer one.
	OpenShards    int           `json:"open_shards"`
	ShardMapAge   time.Duration `json:"shard_map_age_ns"`
	ShardMapError string        `json:"shard_map_error,omitempty"`
	// Shards are the open ones by their place in the hash key space.
	Shards []ShardStats `json:"shards"`
}

// Totals count since the stream's first record.
type Totals struct {
	// Stored and Failed have their result; Expired are among Failed. StoredBytes is data of user records.
	Stored      int64 `json:"stored"`
	StoredBytes int64 `json:"stored_bytes"`
	Failed      int64 `json:"failed"`
	Expired     int64 `json:"expired"`
	// Retries, Throttled and WrongShard count attempts.
	Retries    int64 `json:"retries"`
	Throttled  int64 `json:"throttled"`
	WrongShard int64 `json:"wrong_shard"`
	// KinesisRecords are those stored; Requests all PutRecords, RequestsFailed those without results.
	KinesisRecords int64 `json:"kinesis_records"`
	Requests       int64 `json:"requests"`
	RequestsFailed int64 `json:"requests_failed"`
}

// ShardStats is what a producer knows of one open shard. Counts are of user records predicted to belong there.
type ShardStats struct {
	ShardID         string `json:"shard_id"`
	StartingHashKey string `json:"starting_hash_key"`
	EndingHashKey   string `json:"ending_hash_key"`
	// Buffered wait in the shard's aggregate or for its rate; InFlight are under way.
	Buffered int64 `json:"buffered"`
	InFlight int64 `json:"in_flight"`
	ShardTotals
	// Landed are user records that the service said are in this shard, wherever they had been predicted to go, since the stream's first record.
	Landed int64 `json:"landed"`
	// HotKeys are the partition keys of most of the records predicted to go here lately, the hottest first, five at most. They may be personal
	// data.
	HotKeys          []HotKey         `json:"hot_keys,omitempty"`
	ErrorsByCode     map[string]int64 `json:"errors_by_code,omitempty"`
	RecordsPerSecond float64          `json:"records_per_second"`
	BytesPerSecond   float64          `json:"bytes_per_second"`
	// RatePercent is how much of a shard's capacity it is sent at most at present: RateLimit, or less after it has throttled.
	RatePercent float64 `json:"rate_percent"`
}

// ShardTotals count since the shard was first in the map.
type ShardTotals struct {
	Stored      int64 `json:"stored"`
	StoredBytes int64 `json:"stored_bytes"`
	Failed      int64 `json:"failed"`
	Throttled   int64 `json:"throttled"`
}

// Stats takes a snapshot. It is cheap enough to be called every second, and works after Close too, when no stream is left.
func (p *Producer) Stats() Stats {
	now := p.now()
	records, bytes, blocked := p.gate.outstanding()
	st := Stats{
		PossibleDuplicates: p.duplicates.count(),
		OutstandingRecords: records, OutstandingBytes: bytes, BlockedPuts: blocked,
		MaxOutstandingRecords: p.cfg.MaxOutstandingRecords, MaxOutstandingBytes: p.cfg.MaxOutstandingBytes,
		RequestsInFlight: p.connections.inFlight(), MaxConnections: p.cfg.MaxConnections, Uptime: time.Duration(now), Streams: []StreamStats{},
	}
	for _, s := range *p.streams.Load() {
		st.Streams = append(st.Streams, s.stats(now))
	}
	slices.SortFunc(st.Streams, func(a, b StreamStats) int { return cmp.Compare(a.Stream, b.Stream) })
	return st
}

// Metrics lists everything that was counted since the producer began, under the names and dimensions of the KPL's CloudWatch metrics,
// whatever MetricsLevel says. A stream that nothing was put into for ten minutes stays in the totals of all streams only. MetricValues
// has the same for systems that add up themselves.
func (p *Producer) Metrics() []MetricPoint { return p.metrics.snapshot() }

func (s *stream) stats(now instant) StreamStats {
	st := StreamStats{Stream: string(s.name), Outstanding: s.users.Load(), Retrying: int64(s.retries.buffered()), Aggregating: s.aggregates, Shards: []ShardStats{}}
	s.hold.mu.Lock()
	st.Buffered = int64(len(s.hold.records))
	s.hold.mu.Unlock()
	waiting := s.collector.buffered()
	if r := s.routes.Load(); r != nil {
		st.Aggregating = st.Aggregating && !r.spread
		st.OpenShards = len(r.lanes)
		st.ShardMapAge = now.since(r.shards.asked)
		for _, l := range r.lanes {
			shard := l.stats(now)
			shard.Landed = s.tally.landedIn(shard.ShardID)
			st.Buffered += shard.Buffered
			st.Shards = append(st.Shards, shard)
		}
	}
	st.Buffered += int64(waiting)
	t := &s.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	st.Totals, st.ErrorsByCode, st.InFlight, st.ShardMapError = t.total, copyOf(t.codes), t.inFlight, t.mapError
	st.RecordsPerSecond, st.BytesPerSecond = t.rate.perSecond(now)
	st.Latency, st.RequestTime = t.latency.summary(), t.requestTime.summary()
	return st
}

func (l *lane) stats(now instant) ShardStats {
	st := ShardStats{ShardID: l.shard.id, StartingHashKey: l.shard.start.String(), EndingHashKey: l.shard.end.String()}
	l.mu.Lock()
	if l.open != nil {
		st.Buffered = int64(len(l.open.users))
	}
	for _, k := range l.queue {
		st.Buffered += int64(len(k.users))
	}
	l.pace.recover(&l.bucket, now)
	st.RatePercent = l.pace.factor * float64(l.pace.percent)
	st.HotKeys = l.keys.hottest()
	l.mu.Unlock()
	t := &l.tally
	t.mu.Lock()
	defer t.mu.Unlock()
	st.ShardTotals, st.ErrorsByCode, st.InFlight = t.total, copyOf(t.codes), t.inFlight
	st.RecordsPerSecond, st.BytesPerSecond = t.rate.perSecond(now)
	return st
}

// buffered counts the user records that wait for a request.
func (c *collector) buffered() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.queue {
		n += len(k.users)
	}
	return n
}
