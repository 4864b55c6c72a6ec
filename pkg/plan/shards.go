package plan

import (
	"fmt"
	"sort"
)

// Shards are how many a stream needs.
type Shards struct {
	// PerStream are planned for each stream, Total for all.
	PerStream int `json:"perStream"`
	Total     int `json:"total"`
	// NeededPerStream are the fewest that keep the headroom at the peak: the larger one of those that the bytes and the Kinesis records ask
	// for.
	NeededPerStream int `json:"neededPerStream"`
	ForBytes        int `json:"forBytes"`
	ForRecords      int `json:"forRecords"`
	// UsablePercent of a shard's capacity was planned with.
	UsablePercent float64 `json:"usablePercent"`
	// LimitedByProducers means that UsablePercent is what RateLimit lets all producers together send to a shard.
	LimitedByProducers bool `json:"limitedByProducers,omitempty"`
	// HottestKeyPercent is the largest share of a stream's records that one partition key may have at the peak: a key is in one shard,
	// however many there are.
	HottestKeyPercent float64 `json:"hottestKeyPercent"`
}

const (
	// onDemandLeast are the shards of a new on-demand stream.
	onDemandLeast = 4
	// onDemandUsable is how full, in percent, on-demand streams keep their shards at most: they have room for twice the last peak.
	onDemandUsable = 50
)

// shards works out how many are needed and planned.
func (m *model) shards() (Shards, error) {
	l := m.load
	s := Shards{UsablePercent: 100 - l.HeadroomPercent}
	if l.OnDemand {
		s.UsablePercent = min(s.UsablePercent, onDemandUsable)
	}
	if limit := float64(l.Producers) * float64(m.config.RateLimitPercent); limit < s.UsablePercent {
		s.UsablePercent, s.LimitedByProducers = limit, true
	}
	var err error
	if s.ForBytes, err = m.need("bytes", s.UsablePercent, func(f Flow) float64 { return f.ShardBytesPercent }); err != nil {
		return s, err
	}
	if s.ForRecords, err = m.need("records", s.UsablePercent, func(f Flow) float64 { return f.ShardRecordsPercent }); err != nil {
		return s, err
	}
	s.NeededPerStream = max(s.ForBytes, s.ForRecords)
	s.PerStream = s.NeededPerStream
	if l.OnDemand {
		s.PerStream = max(s.PerStream, onDemandLeast)
	}
	if l.Shards > 0 {
		s.PerStream = l.Shards
	}
	s.Total = s.PerStream * l.Streams
	one := m.flow(m.peak(), 1)
	s.HottestKeyPercent = min(100, 100*s.UsablePercent/max(one.ShardBytesPercent, one.ShardRecordsPercent))
	return s, nil
}

// need is the fewest shards of a stream that are used no more than usable percent at the peak.
func (m *model) need(what string, usable float64, used func(Flow) float64) (int, error) {
	n := 1 + sort.Search(MostShards, func(i int) bool { return used(m.flow(m.peak(), i+1)) <= usable })
	if n > MostShards {
		return 0, fmt.Errorf("the %s ask for more than %d shards in a stream; plan with more streams, or less for each", what, MostShards)
	}
	return n, nil
}
