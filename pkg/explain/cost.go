package explain

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// unitBytes is a PUT payload unit: a provisioned stream is billed for each 25 KB, or part of them, of a Kinesis record's data.
const unitBytes = 25 << 10

// Cost is what a record costs in PUT payload units of 25 KB each, as provisioned streams count them.
type Cost struct {
	// UnitsAlone is for a Kinesis record of its own.
	UnitsAlone int `json:"unitsAlone"`
	// Aggregated says whether the record would share a Kinesis record with others of its shard; Why gives the reason.
	Aggregated bool   `json:"aggregated"`
	Why        string `json:"why"`
	// AddsBytes is how much longer an aggregated record becomes by another user record like this one, with a partition key of its own.
	AddsBytes int `json:"addsBytes,omitempty"`
	// PerAggregate is how many user records like this one fit into one aggregated record, and UnitsFull what that costs.
	PerAggregate int `json:"perAggregate,omitempty"`
	UnitsFull    int `json:"unitsFull,omitempty"`
}

// Units is the number of PUT payload units of a Kinesis record with so many bytes of data; an empty one counts as one.
func Units(bytes int) int {
	return max(1, (bytes+unitBytes-1)/unitBytes)
}

// CostOf works out what a record would cost under a configuration; spread says that the stream's records are distributed by the service.
func CostOf(config kpl.Config, r kpl.Record, spread bool) Cost {
	c := Cost{UnitsAlone: Units(len(r.Data))}
	switch {
	case !config.AggregationEnabled:
		c.Why = "AggregationEnabled is false"
	case config.AggregationMaxCount < 2:
		c.Why = "AggregationMaxCount is 1"
	case len(r.Data) >= config.AggregationMaxSizeBytes:
		c.Why = fmt.Sprintf("it is not smaller than AggregationMaxSize, %d bytes", config.AggregationMaxSizeBytes)
	case spread:
		c.Why = "the service distributes the records of this stream, so nothing is aggregated"
	default:
		c.Aggregated, c.Why = true, "with others of its shard that come within RecordMaxBufferedTime"
		c.share(config, r)
	}
	return c
}

// share works out the share of a user record in an aggregated one, all of whose records are like it.
func (c *Cost) share(config kpl.Config, r kpl.Record) {
	keys := []string{r.PartitionKey, strings.Repeat("\x00", len(r.PartitionKey)), strings.Repeat("\x01", len(r.PartitionKey))}
	var b aggregation.Builder
	b.Append(keys[0], r.ExplicitHashKey, r.Data)
	b.Append(keys[1], r.ExplicitHashKey, r.Data)
	two := b.Size()
	c.AddsBytes = b.SizeWith(keys[2], r.ExplicitHashKey, len(r.Data)) - two
	c.PerAggregate, c.UnitsFull = 1, c.UnitsAlone
	if two > config.AggregationMaxSizeBytes {
		return
	}
	c.PerAggregate = int(min(int64(2+(config.AggregationMaxSizeBytes-two)/c.AddsBytes), config.AggregationMaxCount))
	c.UnitsFull = Units(two + (c.PerAggregate-2)*c.AddsBytes)
}
