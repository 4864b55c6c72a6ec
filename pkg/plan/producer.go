package plan

import (
	"math"
	"time"
)

// Producer is what each producer needs, at the peak unless it says otherwise.
type Producer struct {
	// Connections are as many as requests are under way on average, rounded up, out of MaxConnections.
	Connections    int `json:"connections"`
	MaxConnections int `json:"maxConnections"`
	// ConnectionBytes is what all MaxConnections carry in a second when every request is full.
	ConnectionBytes float64 `json:"connectionBytesPerSecond"`
	// OutstandingRecords and OutstandingBytes, data and partition keys, wait for their result.
	OutstandingRecords float64 `json:"outstandingRecords"`
	OutstandingBytes   float64 `json:"outstandingBytes"`
	// HoldsOut is for how long the average can come in while Kinesis does not answer, before consumers have to wait.
	HoldsOut time.Duration `json:"holdsOutNs"`
	// ShardRecordsPerSecond and ShardBytesPerSecond are what RateLimit lets it send to one shard.
	ShardRecordsPerSecond float64 `json:"shardRecordsPerSecond"`
	ShardBytesPerSecond   float64 `json:"shardBytesPerSecond"`
}

// producer works out what one producer needs.
func (m *model) producer(average, peak Flow) Producer {
	l, c := m.load, m.config
	each := float64(l.Producers)
	rate := float64(c.RateLimitPercent) / 100
	p := Producer{
		Connections:    int(max(1, math.Ceil(peak.Requests/each*l.RequestTime.Seconds()))),
		MaxConnections: c.MaxConnections, ShardRecordsPerSecond: rate * shardRecordsPerSecond, ShardBytesPerSecond: rate * shardBytesPerSecond,
	}
	size := max(1, peak.KinesisRecordBytes)
	full := size * max(1, min(float64(c.CollectionMaxCount), math.Floor(float64(min(c.CollectionMaxSizeBytes, mostRequestBytes))/size)))
	p.ConnectionBytes = float64(c.MaxConnections) / l.RequestTime.Seconds() * full
	record := float64(l.SizeBytes + l.KeyBytes)
	p.OutstandingRecords = peak.UserRecords / each * (c.RecordMaxBufferedTime + l.RequestTime).Seconds()
	p.OutstandingBytes = p.OutstandingRecords * record
	room := min(float64(c.MaxOutstandingRecords), float64(c.MaxOutstandingBytes)/record)
	p.HoldsOut = seconds(room / (average.UserRecords / each))
	return p
}

// seconds is that many as a Duration, the largest one if they are more.
func seconds(s float64) time.Duration {
	if s*float64(time.Second) >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(s * float64(time.Second))
}

// Buffered is what a RecordMaxBufferedTime brings at the average.
type Buffered struct {
	RecordMaxBufferedTime time.Duration `json:"recordMaxBufferedTimeNs"`
	Planned               bool          `json:"planned,omitempty"`
	// UserRecordsPerKinesisRecord, and what comes of it in a second.
	UserRecordsPerKinesisRecord float64 `json:"userRecordsPerKinesisRecord"`
	KinesisRecords              float64 `json:"kinesisRecords"`
	Units                       float64 `json:"units"`
	Requests                    float64 `json:"requests"`
}

// bufferingTimes are those that a plan compares.
var bufferingTimes = []time.Duration{
	0, 20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond, time.Second, 5 * time.Second,
}

// buffering compares values of RecordMaxBufferedTime, the planned one among them.
func (m *model) buffering(shards int) (all []Buffered) {
	planned := m.config.RecordMaxBufferedTime
	add := func(wait time.Duration) {
		c := m.config
		c.RecordMaxBufferedTime = wait
		f := newModel(m.load, c).flow(m.load.RecordsPerSecond, shards)
		all = append(all, Buffered{wait, wait == planned, f.UserRecordsPerKinesisRecord, f.KinesisRecords, f.Units, f.Requests})
	}
	done := false
	for _, wait := range bufferingTimes {
		if !done && planned <= wait {
			add(planned)
			done = true
			if planned == wait {
				continue
			}
		}
		add(wait)
	}
	if !done {
		add(planned)
	}
	return all
}
