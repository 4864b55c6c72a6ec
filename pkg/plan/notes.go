package plan

import (
	"fmt"
	"time"
)

// defaultRecordBytes is the largest Kinesis record, data and partition key, that a stream takes unless its limit was raised.
const defaultRecordBytes = 1 << 20

// onDemandNewMiB is what a new on-demand stream takes in a second, by the service's documentation, in MiB; and so many thousand records.
const onDemandNewMiB = 4

// notes are what should be known of a plan and what does not fit.
func (m *model) notes(p *Plan) (all []string) {
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	l, c := m.load, m.config
	if l.Shards > 0 && l.Shards < p.Shards.NeededPerStream {
		if p.Peak.ShardBytesPercent > 100 || p.Peak.ShardRecordsPercent > 100 {
			note("%s of a stream are too few: at the peak they are throttled, records wait and may expire", count(l.Shards, "shard"))
		} else {
			note("%s of a stream take the peak, but without the headroom asked for; that needs %d", count(l.Shards, "shard"), p.Shards.NeededPerStream)
		}
	}
	if p.Shards.LimitedByProducers {
		note("RateLimit=%d lets %s send only %s %% of what a shard takes; raise it, or it is the brake", c.RateLimitPercent, count(l.Producers, "producer"),
			number(p.Shards.UsablePercent))
	}
	if l.OnDemand {
		note("the service counts the shards of an on-demand stream; %d is a guess from its aim to have room for twice the last peak", p.Shards.PerStream)
		peak := p.Peak
		if perStream := max(peak.Bytes/(1<<20), peak.KinesisRecords/shardRecordsPerSecond) / float64(l.Streams); perStream > onDemandNewMiB {
			note("a new on-demand stream takes %d MiB and %s records a second; the peak is above that: let it grow, or warm it up before", onDemandNewMiB,
				number(onDemandNewMiB*shardRecordsPerSecond))
		}
	}
	if l.SizeBytes+l.KeyBytes > defaultRecordBytes {
		note("a record with its key is larger than 1 MiB: the stream's maximum record size has to be raised")
	}
	all = append(all, m.producerNotes(p)...)
	return append(all, m.aggregationNotes(p)...)
}

func (m *model) producerNotes(p *Plan) (all []string) {
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	c := m.config
	switch carried := p.Peak.Bytes / float64(m.load.Producers); {
	case carried > p.Producer.ConnectionBytes:
		note("MaxConnections=%d carry at most %s a second in requests of %v: too little for the peak; use more, or more producers", c.MaxConnections,
			bytes(p.Producer.ConnectionBytes), m.load.RequestTime)
	case p.Producer.Connections > c.MaxConnections:
		note("at the peak %s would be under way at a time, more than MaxConnections=%d: records wait for one, and requests become fuller",
			count(p.Producer.Connections, "request"), c.MaxConnections)
	}
	if p.Producer.OutstandingBytes > float64(c.MaxOutstandingBytes) {
		note("at the peak more than MaxOutstandingBytes=%d are outstanding: consumers wait; raise it, or lower RecordMaxBufferedTime", c.MaxOutstandingBytes)
	}
	if p.Producer.OutstandingRecords > float64(c.MaxOutstandingRecords) {
		note("at the peak more than MaxOutstandingRecords=%d are outstanding: consumers wait; raise it, or lower RecordMaxBufferedTime", c.MaxOutstandingRecords)
	}
	if c.RecordTTL <= c.RecordMaxBufferedTime+m.load.RequestTime {
		note("RecordTtl, %v, is hardly longer than a record waits and travels: it leaves no time for a second attempt", c.RecordTTL)
	}
	if many := m.load.Producers > 1 && float64(m.load.Producers)*float64(c.RateLimitPercent) > 100; many {
		note("together the producers may send a shard %s %% of what it takes: above 100 the shard refuses, and each lowers its rate by itself",
			number(float64(m.load.Producers)*float64(c.RateLimitPercent)))
	}
	return all
}

// sparse is how many user records in an aggregate are few.
const sparse = 2

func (m *model) aggregationNotes(p *Plan) (all []string) {
	note := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if m.packing.PerKinesisRecord < 2 {
		note("nothing is aggregated: %s", m.packing.Why)
		return all
	}
	if p.Average.UserRecordsPerKinesisRecord < min(sparse, float64(m.packing.PerKinesisRecord)) {
		lane := p.Average.UserRecords / float64(m.load.Streams*m.load.Producers*p.Shards.PerStream)
		note("on average a producer has a record for a shard every %s: hardly any find company within RecordMaxBufferedTime, so aggregation brings little",
			length(seconds(1/lane)))
	}
	return all
}

// length is a time to the digits that matter.
func length(d time.Duration) string {
	switch {
	case d >= 1<<62:
		return "for ever"
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Microsecond).String()
}
