package explain

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

func TestUnitsAreOf25KBEach(t *testing.T) {
	for bytes, want := range map[int]int{0: 1, 1: 1, 25 << 10: 1, 25<<10 + 1: 2, 45 << 10: 2, 1 << 20: 41} {
		if got := Units(bytes); got != want {
			t.Errorf("%d bytes are %d units, want %d", bytes, got, want)
		}
	}
}

func TestCostOfARecord(t *testing.T) {
	config := kpl.DefaultConfig()
	off, single, spread := config, config, config
	off.AggregationEnabled = false
	single.AggregationMaxCount = 1
	small := kpl.Record{Stream: "s", PartitionKey: "key", Data: make([]byte, 100)}
	half := kpl.Record{Stream: "s", PartitionKey: "key", Data: make([]byte, 30_000)}
	large := kpl.Record{Stream: "s", PartitionKey: "key", Data: make([]byte, 60_000)}
	for name, c := range map[string]struct {
		config kpl.Config
		record kpl.Record
		spread bool
		want   Cost
	}{
		"small":    {config, small, false, Cost{UnitsAlone: 1, Aggregated: true, AddsBytes: 111, PerAggregate: 461, UnitsFull: 2}},
		"half":     {config, half, false, Cost{UnitsAlone: 2, Aggregated: true, AddsBytes: 30_015, PerAggregate: 1, UnitsFull: 2}},
		"large":    {config, large, false, Cost{UnitsAlone: 3}},
		"off":      {off, small, false, Cost{UnitsAlone: 1}},
		"one each": {single, small, false, Cost{UnitsAlone: 1}},
		"spread":   {spread, small, true, Cost{UnitsAlone: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := CostOf(c.config, c.record, c.spread)
			if got.Why == "" {
				t.Error("no reason is given")
			}
			got.Why = ""
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is said of a full aggregate must be what the builder makes of it.
func TestPerAggregateIsWhatFits(t *testing.T) {
	config := kpl.DefaultConfig()
	for _, bytes := range []int{0, 1, 100, 1000, 20_000} {
		r := kpl.Record{Stream: "s", PartitionKey: "0000", Data: make([]byte, bytes)}
		c := CostOf(config, r, false)
		var b aggregation.Builder
		fitted := 0
		for {
			key := string([]byte{byte(fitted), byte(fitted >> 8), byte(fitted >> 16), 'x'})
			if _, ok := b.AppendWithin(config.AggregationMaxSizeBytes, key, "", r.Data); !ok {
				break
			}
			fitted++
		}
		// Indexes of later keys take a byte more, so a few records less fit than the first ones promise.
		if c.PerAggregate < fitted || c.PerAggregate > fitted+fitted/8+1 {
			t.Errorf("%d bytes: %d are said to fit, %d do", bytes, c.PerAggregate, fitted)
		}
	}
}
