// Package plan works out what a load asks of Kinesis: shards, Kinesis records and requests per second, PUT payload units, connections and
// memory. It asks no service, and knows no price that it is not given.
//
// The arithmetic follows pkg/kpl. A user record opens the aggregate of its shard; what else comes for that shard until
// RecordMaxBufferedTime is nearly over, or until the aggregate is full, travels in it. docs/capacity.md tells it in words.
package plan

import (
	"errors"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// What one shard takes in a second, by the service's documentation.
const (
	shardRecordsPerSecond = 1000
	shardBytesPerSecond   = 1 << 20
)

// Load is what is to be sent. All streams get the same share of it, and their shards too.
type Load struct {
	// RecordsPerSecond is how many user records there are on average, of all streams and producers together; above 0.
	RecordsPerSecond float64 `json:"recordsPerSecond"`
	// SizeBytes is the data of one user record, KeyBytes its partition key, which is taken to be another one for each record.
	SizeBytes int `json:"sizeBytes"`
	KeyBytes  int `json:"keyBytes"`
	// Streams and Producers, each at least 1: producers are programs, each with a Kinesis connection of its own, that all use all streams.
	Streams   int `json:"streams"`
	Producers int `json:"producers"`
	// Burst is the peak as a multiple of the average, at least 1.
	Burst float64 `json:"burst"`
	// HeadroomPercent, 0 to 90, of each shard stays free at the peak.
	HeadroomPercent float64 `json:"headroomPercent"`
	// Shards are those of each stream; 0: as many as are needed.
	Shards int `json:"shards,omitempty"`
	// RequestTime is from a request's begin to the end of its answer, above 0.
	RequestTime time.Duration `json:"requestTimeNs"`
	// Retention is how long streams keep records, 24 hours to 8760.
	Retention time.Duration `json:"retentionNs"`
	// OnDemand means streams whose shards the service counts itself.
	OnDemand bool `json:"onDemand"`
}

// Bounds of a Load.
const (
	mostRecordsPerSecond = 1e9
	mostKeyBytes         = 256 * 4 // 256 characters
	mostStreams          = 10_000
	mostProducers        = 100_000
	mostBurst            = 10_000
	mostHeadroom         = 90
	// MostShards is more than any account has.
	MostShards = 1_000_000

	LeastRetention = 24 * time.Hour
	MostRetention  = 8760 * time.Hour
	week           = 7 * 24 * time.Hour
)

// check says everything that is wrong with a load.
func (l Load) check(c kpl.Config) error {
	var all []error
	wrong := func(format string, args ...any) { all = append(all, fmt.Errorf(format, args...)) }
	between := func(what string, v, least, most int) {
		if v < least || v > most {
			wrong("%s is %d; it takes %d to %d", what, v, least, most)
		}
	}
	if !(l.RecordsPerSecond > 0 && l.RecordsPerSecond <= mostRecordsPerSecond) {
		wrong("records per second are %v; they take a number above 0, at most %.0f", l.RecordsPerSecond, mostRecordsPerSecond)
	}
	if l.SizeBytes < 0 || l.SizeBytes > c.MaxUserRecordSizeBytes {
		wrong("the size is %d bytes; a user record has 0 to %d (MaxUserRecordSize)", l.SizeBytes, c.MaxUserRecordSizeBytes)
	}
	between("the length of the partition key", l.KeyBytes, 1, mostKeyBytes)
	between("the number of streams", l.Streams, 1, mostStreams)
	between("the number of producers", l.Producers, 1, mostProducers)
	between("the number of shards", l.Shards, 0, MostShards)
	if !(l.Burst >= 1 && l.Burst <= mostBurst) {
		wrong("the burst is %v; it is the peak as a multiple of the average, 1 to %d", l.Burst, mostBurst)
	}
	if !(l.HeadroomPercent >= 0 && l.HeadroomPercent <= mostHeadroom) {
		wrong("the headroom is %v %%; it takes 0 to %d", l.HeadroomPercent, mostHeadroom)
	}
	if l.RequestTime <= 0 || l.RequestTime > c.RequestTimeout {
		wrong("the time of a request is %v; it takes a time above 0, at most %v (RequestTimeout)", l.RequestTime, c.RequestTimeout)
	}
	if l.Retention < LeastRetention || l.Retention > MostRetention {
		wrong("the retention is %v; streams keep records for %v to %v", l.Retention, LeastRetention, MostRetention)
	}
	if l.OnDemand && l.Shards > 0 {
		wrong("the shards of an on-demand stream are counted by the service; leave their number out")
	}
	return errors.Join(all...)
}

// Plan is what a load needs.
type Plan struct {
	Load   Load   `json:"load"`
	Config Config `json:"config"`
	// Packing is how user records like these are aggregated.
	Packing Packing `json:"packing"`
	Shards  Shards  `json:"shards"`
	// Average and Peak are what happens in a second, with the shards planned.
	Average Flow `json:"average"`
	Peak    Flow `json:"peak"`
	// Plain is the same without aggregation: shards, and a second at the average.
	Plain Plain `json:"withoutAggregation"`
	// Producer is what each producer needs.
	Producer Producer `json:"perProducer"`
	// Buffering is what other values of RecordMaxBufferedTime would bring, at the average and with the same shards.
	Buffering []Buffered `json:"buffering"`
	Month     Month      `json:"month"`
	// Notes are what should be known of this plan, in words.
	Notes []string `json:"notes"`
}

// Config is those settings of the producer that the plan depends on.
type Config struct {
	Aggregation             bool          `json:"aggregation"`
	AggregationMaxSizeBytes int           `json:"aggregationMaxSizeBytes"`
	RecordMaxBufferedTime   time.Duration `json:"recordMaxBufferedTimeNs"`
	RateLimitPercent        int64         `json:"rateLimitPercent"`
	MaxConnections          int           `json:"maxConnections"`
	MaxOutstandingRecords   int64         `json:"maxOutstandingRecords"`
	MaxOutstandingBytes     int64         `json:"maxOutstandingBytes"`
}

// Plain is the load without aggregation.
type Plain struct {
	// ShardsPerStream are those that it would need, or the given ones.
	ShardsPerStream int  `json:"shardsPerStream"`
	Average         Flow `json:"average"`
}

// Make plans a load for a producer of that configuration. prices may be nil: then there is no cost in it. The error names everything
// that is out of range.
func Make(l Load, c kpl.Config, prices *Prices) (*Plan, error) {
	if err := l.check(c); err != nil {
		return nil, err
	}
	m := newModel(l, c)
	p := &Plan{
		Load: l,
		Config: Config{
			Aggregation: m.packing.PerKinesisRecord > 1, AggregationMaxSizeBytes: c.AggregationMaxSizeBytes, RecordMaxBufferedTime: c.RecordMaxBufferedTime,
			RateLimitPercent: c.RateLimitPercent, MaxConnections: c.MaxConnections,
			MaxOutstandingRecords: c.MaxOutstandingRecords, MaxOutstandingBytes: c.MaxOutstandingBytes,
		},
		Packing: m.packing,
		Notes:   []string{},
	}
	var err error
	if p.Shards, err = m.shards(); err != nil {
		return nil, err
	}
	planned := p.Shards.PerStream
	p.Average, p.Peak = m.flow(l.RecordsPerSecond, planned), m.flow(m.peak(), planned)
	plain := m.plain()
	alone, err := plain.shards()
	if err != nil {
		return nil, fmt.Errorf("without aggregation: %w", err)
	}
	p.Plain = Plain{ShardsPerStream: alone.PerStream, Average: plain.flow(l.RecordsPerSecond, alone.PerStream)}
	p.Producer = m.producer(p.Average, p.Peak)
	p.Buffering = m.buffering(planned)
	if p.Month, err = m.month(prices); err != nil {
		return nil, err
	}
	p.Notes = append(p.Notes, m.notes(p)...)
	return p, nil
}
