package plan

import (
	"math"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// What pkg/kpl's collector does, which gathers Kinesis records into requests.
const (
	// collectorMostWait and collectorShare are how long it may wait itself: a fifth of RecordMaxBufferedTime, at most 50 ms.
	collectorMostWait = 50 * time.Millisecond
	collectorShare    = 5
	// shardBytesPerRequest waiting for one shard make it send.
	shardBytesPerRequest = 256 << 10
	// mostRequestBytes is what the service takes in one request.
	mostRequestBytes = 10 << 20
)

// Flow is what happens in a second, of all streams and producers together unless it says otherwise.
type Flow struct {
	UserRecords float64 `json:"userRecords"`
	UserBytes   float64 `json:"userBytes"`
	// KinesisRecords and Bytes, their data and partition keys, are what shards are limited by.
	KinesisRecords float64 `json:"kinesisRecords"`
	Bytes          float64 `json:"bytes"`
	// UserRecordsPerKinesisRecord and KinesisRecordBytes, data alone, are means.
	UserRecordsPerKinesisRecord float64 `json:"userRecordsPerKinesisRecord"`
	KinesisRecordBytes          float64 `json:"kinesisRecordBytes"`
	// Units are PUT payload units, which provisioned streams are billed by; OnDemandBytes is data with each Kinesis record rounded up to
	// 1,024 bytes, which on-demand streams are billed by.
	Units         float64 `json:"units"`
	OnDemandBytes float64 `json:"onDemandBytes"`
	// Requests are PutRecords requests, KinesisRecordsPerRequest their mean; both are estimates.
	Requests                 float64 `json:"requests"`
	KinesisRecordsPerRequest float64 `json:"kinesisRecordsPerRequest"`
	// ShardRecordsPercent and ShardBytesPercent are of what a shard takes in a second.
	ShardRecordsPercent float64 `json:"shardRecordsPercent"`
	ShardBytesPercent   float64 `json:"shardBytesPercent"`
}

// model is a load with what follows from it.
type model struct {
	load    Load
	config  kpl.Config
	packing Packing
}

func newModel(l Load, c kpl.Config) *model {
	return &model{load: l, config: c, packing: packingOf(l, c)}
}

// plain is the same load without aggregation.
func (m *model) plain() *model {
	c := m.config
	c.AggregationEnabled = false
	return newModel(m.load, c)
}

// peak is the user records per second of a burst.
func (m *model) peak() float64 { return m.load.RecordsPerSecond * m.load.Burst }

// collectorWait is the part of RecordMaxBufferedTime that is the collector's.
func (m *model) collectorWait() time.Duration {
	return min(collectorMostWait, m.config.RecordMaxBufferedTime/collectorShare)
}

// open is how long an aggregate is open for more, if it is not full before.
func (m *model) open() time.Duration { return m.config.RecordMaxBufferedTime - m.collectorWait() }

// flow is a second with so many user records and so many shards in each stream.
func (m *model) flow(rate float64, shards int) Flow {
	l := m.load
	collectors := float64(l.Streams * l.Producers)
	// lane is what one producer has for one shard.
	lane := rate / collectors / float64(shards)
	mean := m.pack(lane * m.open().Seconds())
	f := Flow{
		UserRecords: rate, UserBytes: rate * float64(l.SizeBytes),
		KinesisRecords: rate / mean.users, UserRecordsPerKinesisRecord: mean.users, KinesisRecordBytes: mean.data,
	}
	f.Bytes = f.KinesisRecords * (mean.data + mean.key)
	f.Units = f.KinesisRecords * mean.units
	f.OnDemandBytes = f.KinesisRecords * mean.kilobytes * kilobyte
	all := float64(l.Streams) * float64(shards)
	f.ShardRecordsPercent = 100 * f.KinesisRecords / all / shardRecordsPerSecond
	f.ShardBytesPercent = 100 * f.Bytes / all / shardBytesPerSecond
	f.KinesisRecordsPerRequest = m.perRequest(f.KinesisRecords/collectors, mean, lane, shards)
	f.Requests = f.KinesisRecords / f.KinesisRecordsPerRequest
	return f
}

// perRequest is how many Kinesis records gather in a collector that gets so many in a second: what comes while the first one waits, within
// the limits of a request.
func (m *model) perRequest(perSecond float64, mean packed, lane float64, shards int) float64 {
	size := max(1, mean.data+mean.key)
	// An aggregate that was full early has the rest of its time to wait here.
	filled := 0.0
	if m.packing.PerKinesisRecord > 1 {
		filled = min(m.open().Seconds(), float64(m.packing.PerKinesisRecord)/lane)
	}
	waits := m.config.RecordMaxBufferedTime.Seconds() - filled
	most := min(
		float64(m.config.CollectionMaxCount),
		math.Floor(float64(min(m.config.CollectionMaxSizeBytes, mostRequestBytes))/size),
		float64(shards)*math.Ceil(shardBytesPerRequest/size),
	)
	return max(1, min(most, 1+perSecond*waits))
}
