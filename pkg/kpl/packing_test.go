package kpl

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

type packingCase struct {
	Name        string          `json:"name"`
	MaxSize     int             `json:"aggregation_max_size"`
	MaxCount    int64           `json:"aggregation_max_count"`
	UserRecords json.RawMessage `json:"user_records"`
	Flushes     []struct {
		First, Last, Records, Size int
	} `json:"flushes"`
}

type packedRecord struct {
	Key    string `json:"partition_key"`
	Length int    `json:"data_length"`
}

func (c packingCase) records(t *testing.T) (all []packedRecord) {
	t.Helper()
	if json.Unmarshal(c.UserRecords, &all) == nil {
		return all
	}
	var many struct {
		Count int
		packedRecord
	}
	if err := json.Unmarshal(c.UserRecords, &many); err != nil {
		t.Fatal(err)
	}
	for i := range many.Count {
		key := many.Key
		if strings.HasPrefix(key, "key-%d") {
			key = fmt.Sprintf("key-%d", i)
		}
		all = append(all, packedRecord{key, many.Length})
	}
	return all
}

// C33, C35. The KPL closes an aggregate when an estimate passes the limit and then takes off what is too much; here the record that would
// exceed it begins the next one. The groups are the same, only that a full one need not wait for the next record.
func TestAggregatesAreThoseOfTheKPL(t *testing.T) {
	var file struct{ Aggregator []packingCase }
	readVectors(t, "testdata/packing.json", &file)
	if len(file.Aggregator) == 0 {
		t.Fatal("no cases")
	}
	for _, v := range file.Aggregator {
		t.Run(v.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.AggregationMaxSizeBytes, c.AggregationMaxCount = v.MaxSize, v.MaxCount
				c.RecordMaxBufferedTime = time.Hour
				c.RecordTTL = math.MaxInt64
				b := start(t, c)
				b.warm(f, "s")
				for i, r := range v.records(t) {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: r.Key, Data: make([]byte, r.Length)})
				}
				b.close()
				i := 0
				for _, r := range f.stored {
					records, ok, _ := aggregation.Decode(r.entry.Data)
					n := 1
					if ok {
						n = len(records)
					}
					if i >= len(v.Flushes) || n != v.Flushes[i].Records || len(r.entry.Data) != v.Flushes[i].Size {
						t.Fatalf("Kinesis record %d has %d records and %d bytes; want %+v", i, n, len(r.entry.Data), v.Flushes[i:])
					}
					i++
				}
				if i != len(v.Flushes) {
					t.Errorf("%d Kinesis records, want %d", i, len(v.Flushes))
				}
			})
		})
	}
}

type collectorCase struct {
	name      string
	sizes     []int // of data; key of one byte
	shards    int   // predicted shards in turn; 0: no prediction
	maxCount  int
	early, at []int // entries of the requests before the deadline, and at it
}

func repeat(n, size int) []int { return slices.Repeat([]int{size}, n) }

// C36, C42 to C45: the collector cases of packing.json. One differs: a record over the limit leaves at once, not at its deadline.
func TestRequestsAreThoseOfTheKPL(t *testing.T) {
	for _, v := range []collectorCase{
		{"count-500", repeat(1001, 100), 0, 500, []int{500, 500}, []int{1}},
		{"size-5-mib", repeat(12, 1048000), 0, 500, []int{5, 5}, []int{2}},
		{"one-shard-256-kib", repeat(13, 51200), 1, 500, []int{6, 6}, []int{1}},
		{"two-shards-256-kib", repeat(16, 51200), 2, 500, []int{11}, []int{5}},
		{"no-prediction-no-shard-rule", repeat(13, 51200), 0, 500, nil, []int{13}},
		{"oversize-alone", []int{10, 6000000}, 0, 500, []int{1, 1}, nil},
		{"count-1", repeat(3, 10), 1, 1, []int{1, 1, 1}, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(max(v.shards, 1))
				c := testConfig(f)
				c.AggregationEnabled = false
				c.MaxUserRecordSizeBytes = 10 << 20
				c.MaxOutstandingBytes = 100 << 20
				c.RateLimitPercent = 1 << 40
				c.CollectionMaxCount = v.maxCount
				if v.shards == 0 {
					f.listLatency = time.Minute
				}
				b := start(t, c)
				if v.shards > 0 {
					b.warm(f, "s")
				} else {
					// The hold is passed by: what is tested is the collector.
					b.putHold("s")
				}
				for i, n := range v.sizes {
					key := "0"
					if i%2 == 1 && v.shards == 2 {
						key = "340282366920938463463374607431768211455"
					}
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: key, Data: make([]byte, n)})
					synctest.Wait()
				}
				if got := f.sizes(); !slices.Equal(got, v.early) {
					t.Errorf("requests before the deadline %v, want %v", got, v.early)
				}
				time.Sleep(200 * time.Millisecond)
				synctest.Wait()
				if got := f.sizes(); !slices.Equal(got, append(v.early, v.at...)) {
					t.Errorf("requests %v, want %v and then %v", got, v.early, v.at)
				}
				b.close()
			})
		})
	}
}

// putHold makes a stream whose records are not predicted.
func (b *bench) putHold(stream string) {
	b.t.Helper()
	s, err := b.streamOf(streamName(stream), false)
	if err != nil {
		b.t.Fatal(err)
	}
	s.hold.mu.Lock()
	defer s.hold.mu.Unlock()
	s.hold.open = true
	s.routes.Store(&routes{shards: newShardMap(nil, nil, 0)})
}

// C32
func TestNoAggregateMixesShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		b.warm(f, "s")
		low, high := "0", "340282366920938463463374607431768211455"
		for i, h := range []string{low, high, low, high} {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: h, Data: []byte("x")})
		}
		b.close()
		if sizes := f.sizes(); len(sizes) != 1 || sizes[0] != 2 {
			t.Fatalf("requests %v", sizes)
		}
		for _, r := range f.stored {
			records, ok, err := aggregation.Decode(r.entry.Data)
			if !ok || err != nil || len(records) != 2 || records[0].ExplicitHashKey != records[1].ExplicitHashKey {
				t.Errorf("%v %v %v", records, ok, err)
			}
		}
	})
}
