package plan

import (
	"math"
	"strings"

	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/kpl"
)

const (
	// aggregateKeyBytes is the length of an aggregated record's partition key, "a".
	aggregateKeyBytes = 1
	// envelopeBytes are the magic number and the MD5 of an aggregated record.
	envelopeBytes = 4 + 16
)

// kilobyte is what on-demand streams round each Kinesis record up to.
const kilobyte = 1 << 10

// Packing is how user records like these go into Kinesis records.
type Packing struct {
	// Why says what decides whether they are aggregated.
	Why string `json:"why"`
	// PerKinesisRecord is how many fit into one Kinesis record, 1 without aggregation.
	PerKinesisRecord int `json:"perKinesisRecord"`
	// AddsBytes is what one more adds to an aggregated record, FullBytes the data of a full one.
	AddsBytes int `json:"addsBytes,omitempty"`
	FullBytes int `json:"fullBytes"`
	// UnitsAlone and UnitsFull are the PUT payload units of one alone and of a full aggregated record.
	UnitsAlone int `json:"unitsAlone"`
	UnitsFull  int `json:"unitsFull"`
}

// packingOf counts as pkg/explain does for one message.
func packingOf(l Load, c kpl.Config) Packing {
	r := kpl.Record{Stream: "s", PartitionKey: strings.Repeat("k", l.KeyBytes), Data: make([]byte, l.SizeBytes)}
	cost := explain.CostOf(c, r, c.RecordDistributionStrategyDefault == "AUTO")
	p := Packing{Why: cost.Why, PerKinesisRecord: 1, FullBytes: l.SizeBytes, UnitsAlone: cost.UnitsAlone, UnitsFull: cost.UnitsAlone}
	switch {
	case !cost.Aggregated:
	case cost.PerAggregate < 2:
		p.Why = "two such records do not fit into one aggregated record"
	default:
		p.PerKinesisRecord, p.AddsBytes, p.UnitsFull = cost.PerAggregate, cost.AddsBytes, cost.UnitsFull
		p.FullBytes = envelopeBytes + p.PerKinesisRecord*p.AddsBytes
	}
	return p
}

// packed is the mean Kinesis record.
type packed struct {
	users, data, key, units, kilobytes float64
}

// one is a Kinesis record of so many user records.
func (m *model) one(users int) packed {
	data, key := m.load.SizeBytes, m.load.KeyBytes
	if users > 1 {
		data, key = envelopeBytes+users*m.packing.AddsBytes, aggregateKeyBytes
	}
	return packed{
		users: float64(users), data: float64(data), key: float64(key), units: float64(explain.Units(data)),
		kilobytes: float64(max(1, (data+kilobyte-1)/kilobyte)),
	}
}

func (p *packed) add(o packed, share float64) {
	p.users += share * o.users
	p.data += share * o.data
	p.key += share * o.key
	p.units += share * o.units
	p.kilobytes += share * o.kilobytes
}

// certain is how many standard deviations around the mean hold, as far as a plan goes, all of a distribution.
const certain = 12

// pack is the mean Kinesis record when, while an aggregate is open, expected more user records come for it. They are taken to come
// independently of each other, so that their number has a Poisson distribution; what is beyond a full aggregate opens the next.
func (m *model) pack(expected float64) packed {
	full := m.packing.PerKinesisRecord
	// more is how many came after the first.
	width := certain * (1 + math.Sqrt(expected))
	from, to := int(max(0, math.Floor(min(expected-width, 1e12)))), int(min(expected+width, float64(full-2)))
	var mean packed
	whole := 0.0
	for more := from; more <= to; more++ {
		share := poisson(expected, more)
		whole += share
		mean.add(m.one(1+more), share)
	}
	if expected+width < float64(full-2) {
		// The tails are left out: what is there is all.
		if whole > 0 {
			var all packed
			all.add(mean, 1/whole)
			return all
		}
		return m.one(1)
	}
	mean.add(m.one(full), max(0, 1-whole))
	return mean
}

// poisson is the probability that there are k when mean are expected.
func poisson(mean float64, k int) float64 {
	if mean <= 0 {
		if k == 0 {
			return 1
		}
		return 0
	}
	log, _ := math.Lgamma(float64(k) + 1)
	return math.Exp(float64(k)*math.Log(mean) - mean - log)
}
