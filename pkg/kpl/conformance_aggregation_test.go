package kpl

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// lowest and highest are the hash keys at the two ends: of the first and of the last shard.
const (
	lowest  = "0"
	highest = "340282366920938463463374607431768211455"
)

// Over the wire: what the service holds is what it would hold from the KPL.
func TestC30KinesisRecordsAreThoseOfTheKPL(t *testing.T) {
	t.Parallel()
	var file struct{ Cases []aggregationCase }
	readVectors(t, "aggregation/testdata/aggregation.json", &file)
	if len(file.Cases) != 36 {
		t.Fatalf("%d cases, want 36", len(file.Cases))
	}
	for _, v := range file.Cases {
		t.Run(v.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": 1}})
				if err != nil {
					t.Fatal(err)
				}
				c := testConfig(nil)
				c.API = onTransport(c, server.Transport())
				b := start(t, c)
				defer b.close()
				if _, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "warm"}); err != nil {
					t.Fatal(err)
				}
				for i, u := range v.UserRecords {
					data, err := hex.DecodeString(u.DataHex)
					if err != nil {
						t.Fatal(err)
					}
					r := Record{Stream: "s", PartitionKey: u.PartitionKey, Data: data}
					if u.ExplicitHashKey != nil {
						r.ExplicitHashKey = *u.ExplicitHashKey
					}
					b.put(fmt.Sprint(i), r)
				}
				b.close()
				stored := server.Records("s")
				if len(stored) != 2 {
					t.Fatalf("%d Kinesis records besides the first, want one", len(stored)-1)
				}
				got, want := stored[1], v.KinesisRecord
				if got.PartitionKey != want.PartitionKey || got.ExplicitHashKey != want.ExplicitHashKey || hex.EncodeToString(got.Data) != want.DataHex {
					t.Errorf("got %q, %s, %x;\nwant %q, %s, %s", got.PartitionKey, got.ExplicitHashKey, got.Data, want.PartitionKey, want.ExplicitHashKey, want.DataHex)
				}
				if err := server.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestC31LoneRecordIsPlain(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 2, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		const key, data = "a key with é", "data"
		b.put("a", Record{Stream: "s", PartitionKey: key, Data: []byte(data)})
		b.close()
		sum := md5.Sum([]byte(key))
		e := f.request(0).entries
		if len(e) != 1 || *e[0].PartitionKey != key || string(e[0].Data) != data || *e[0].ExplicitHashKey != new(big.Int).SetBytes(sum[:]).String() {
			t.Errorf("entries %+v", e)
		}
	})
}

func TestC32NoAggregateMixesShards(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 2, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.putOne("a", lowest, 1)
		b.putOne("b", highest, 1)
		b.flushed()
		for _, e := range f.request(0).entries {
			if _, aggregated := usersOf(t, e.Data); aggregated || *e.PartitionKey != "k" || len(f.request(0).entries) != 2 {
				t.Errorf("one record of each shard: entry %+v is not plain", e)
			}
		}
		for i, h := range []string{lowest, highest, lowest, highest} {
			b.putOne(fmt.Sprint(i), h, i)
		}
		b.flushed()
		var first []string
		for _, e := range f.request(1).entries {
			users, aggregated := usersOf(t, e.Data)
			if !aggregated || len(users) != 2 || users[0].ExplicitHashKey != users[1].ExplicitHashKey || *e.PartitionKey != "a" {
				t.Errorf("two records of each shard: users %+v", users)
				continue
			}
			first = append(first, users[0].ExplicitHashKey)
		}
		if slices.Sort(first); !slices.Equal(first, []string{lowest, highest}) {
			t.Errorf("aggregates of %v", first)
		}
	})
}

// The KPL closes an aggregate some records after it is full, and takes off again what is too much; the groups are the same.
func TestC33AggregatesArePackedAsByTheKPL(t *testing.T) {
	t.Parallel()
	var file struct{ Aggregator []packingCase }
	readVectors(t, "testdata/packing.json", &file)
	if len(file.Aggregator) != 10 {
		t.Fatalf("%d cases, want 10", len(file.Aggregator))
	}
	for _, v := range file.Aggregator {
		t.Run(v.Name, func(t *testing.T) {
			onReadyMap(t, 1, func(c *Config) {
				c.AggregationMaxSizeBytes, c.AggregationMaxCount = v.MaxSize, v.MaxCount
				c.RecordMaxBufferedTime, c.RecordTTL = math.MaxInt64, math.MaxInt64
				c.CollectionMaxCount, c.MaxConnections = 1, 1 // each leaves when it is complete, in order
			}, func(t *testing.T, f *fakeKinesis, b *bench) {
				completeBy := make([]int, 0, len(v.Flushes)) // the put after which each Kinesis record had left
				for i, r := range v.records(t) {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: r.Key, Data: make([]byte, r.Length)})
					synctest.Wait()
					for len(completeBy) < len(f.sizes()) {
						completeBy = append(completeBy, i+1)
					}
				}
				b.close()
				if len(f.stored) != len(v.Flushes) {
					t.Fatalf("%d Kinesis records, want %d", len(f.stored), len(v.Flushes))
				}
				first := 1
				for i, want := range v.Flushes {
					data := f.stored[i].entry.Data
					users, aggregated := usersOf(t, data)
					n := max(1, len(users))
					if first != want.First || first+n-1 != want.Last || len(data) != want.Size || aggregated != (want.Records > 1) {
						t.Errorf("Kinesis record %d: user records %d to %d in %d bytes; want %+v", i, first, first+n-1, len(data), want)
					}
					if i < len(completeBy) && (completeBy[i] < want.Last || completeBy[i] > want.Last+1) {
						t.Errorf("Kinesis record %d left with put %d; it was complete with %d", i, completeBy[i], want.Last)
					}
					first += n
				}
			})
		})
	}
}

func TestC34AggregationMaxCountOfOneKeepsLimiterAndShardCheck(t *testing.T) {
	t.Parallel()
	one := func(c *Config) { c.AggregationMaxCount, c.RateLimitPercent = 1, 100 }
	t.Run("plain and limited", func(t *testing.T) {
		onReadyMap(t, 1, one, func(t *testing.T, f *fakeKinesis, b *bench) {
			for i := range 1500 {
				b.putOne(fmt.Sprint(i), "", 10)
			}
			synctest.Wait()
			at := f.sentBy(0)
			b.close()
			if at < 500 || at > 1000 || len(f.stored) != 1500 {
				t.Errorf("%d of %d at once, with room for 1000", at, len(f.stored))
			}
			for _, r := range f.stored {
				if _, aggregated := usersOf(t, r.entry.Data); aggregated {
					t.Fatal("an aggregate")
				}
			}
			if last := f.times()[len(f.times())-1]; last < 400*time.Millisecond {
				t.Errorf("the last 500 left after %v, want half a second", last)
			}
		})
	})
	t.Run("checked", func(t *testing.T) {
		onReadyMap(t, 1, one, func(t *testing.T, f *fakeKinesis, b *bench) {
			f.split("shardId-000000000000")
			b.putOne("a", lowest, 10)
			b.close()
			if r := b.result("a"); r.Err != nil || r.ShardID != "shardId-000000000001" || f.listCount() != 2 || len(f.stored) != 1 {
				t.Errorf("%+v; %d ListShards, stored %d times", r, f.listCount(), len(f.stored))
			}
		})
	})
}

func TestC35RecordsOfTheAggregatesSizeGoAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size  int
		plain bool // though there was room for another
	}{{51200, true}, {60000, true}, {51199, false}} {
		t.Run(fmt.Sprint(c.size), func(t *testing.T) {
			onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
				b.putOne("a", "", c.size)
				b.putOne("b", "", 1)
				b.putOne("c", "", 1)
				b.close()
				e := f.request(0).entries
				if len(f.sizes()) != 1 || len(e) != 2 || len(e[0].Data) != c.size {
					t.Fatalf("requests %v", f.sizes())
				}
				if users, aggregated := usersOf(t, e[1].Data); !aggregated || len(users) != 2 || *e[0].PartitionKey != "k" {
					t.Errorf("the large one with key %s, then %+v", *e[0].PartitionKey, users)
				}
			})
		})
	}
	onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.putOne("a", "", 51199)
		b.putOne("b", "", 51199)
		b.close()
		if e := f.request(0).entries; len(e) != 2 || len(e[0].Data) != 51199 || len(e[1].Data) != 51199 {
			t.Errorf("two of 51199 bytes: requests %v", f.sizes())
		}
	})
}

func TestC36WithoutAggregationRequestsOf500LeaveAtOnce(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, func(c *Config) { c.AggregationEnabled = false }, func(t *testing.T, f *fakeKinesis, b *bench) {
		time.Sleep(time.Second) // the first record's share of the shard's rate grows again
		f.order(func() { f.epoch = time.Now() })
		for i := range 1001 {
			b.putOne(fmt.Sprint(i), "", 99)
			synctest.Wait()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if sizes, times := f.sizes(), f.times(); !slices.Equal(sizes, []int{500, 500, 1}) || !slices.Equal(times, []time.Duration{0, 0, 100 * time.Millisecond}) {
			t.Errorf("requests of %v at %v", sizes, times)
		}
	})
}

func TestC37AggregatesHoldWhatWasPutAndOneShardOnly(t *testing.T) {
	t.Parallel()
	message := aggregatedRecord(t)
	for seed := range uint64(5) {
		random := rand.New(rand.NewPCG(seed, 37))
		onReadyMap(t, 1+int(seed), func(c *Config) { c.RateLimitPercent = 1 << 40 }, func(t *testing.T, f *fakeKinesis, b *bench) {
			var put, got []string
			for i := range 3000 {
				key := strings.Repeat("ü", random.IntN(3)) + fmt.Sprint("key-", random.IntN(200))
				r := Record{Stream: "s", PartitionKey: key, Data: make([]byte, random.IntN(2000))}
				for j := range r.Data {
					r.Data[j] = byte(random.Uint32())
				}
				if random.IntN(4) == 0 {
					r.ExplicitHashKey = new(big.Int).SetBytes(binary128(random)).String()
				}
				put = append(put, userText(r.PartitionKey, r.ExplicitHashKey, r.Data))
				b.put(fmt.Sprint(i), r)
				if i%100 == 0 {
					time.Sleep(10 * time.Millisecond)
				}
			}
			b.close()
			aggregates := 0
			for _, r := range f.stored {
				bounds := f.rangeOf(r.shard)
				users, aggregated := usersOf(t, r.entry.Data)
				if !aggregated { // its explicit hash key is said outside: whether the user gave it cannot be seen
					text := userText(*r.entry.PartitionKey, *r.entry.ExplicitHashKey, r.entry.Data)
					if h := HashKeyOf(*r.entry.PartitionKey); h.String() == *r.entry.ExplicitHashKey {
						text = userText(*r.entry.PartitionKey, "", r.entry.Data)
					}
					got = append(got, text)
					continue
				}
				aggregates++
				got = append(got, readIndependently(t, message, r.entry.Data)...)
				for _, u := range users {
					h := HashKeyOf(u.PartitionKey)
					if u.ExplicitHashKey != "" {
						h, _ = ParseHashKey(u.ExplicitHashKey)
					}
					if !bounds.holds(h) {
						t.Fatalf("hash key %s in an aggregate of %s", h, r.shard)
					}
				}
			}
			slices.Sort(put)
			slices.Sort(got)
			if !slices.Equal(put, got) || aggregates < 30 {
				t.Errorf("seed %d: %d user records in %d aggregates are not the %d that were put", seed, len(got), aggregates, len(put))
			}
		})
	}
}

func binary128(random *rand.Rand) []byte {
	b := make([]byte, 16)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// The KPL sends the first records one by one, whether or not there is time to wait for the map.
func TestC38FirstRecordsWaitForTheMapUntilTheirDeadline(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		list    time.Duration
		users   int // in each Kinesis record
		entries int
	}{{"the map comes first", 60 * time.Millisecond, 3, 1}, {"the deadline comes first", time.Minute, 1, 3}} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.listLatency = c.list
				b := start(t, testConfig(f))
				defer b.close()
				for i := range 3 {
					b.putOne(fmt.Sprint(i), "", 10)
				}
				time.Sleep(2 * time.Second)
				synctest.Wait()
				if !slices.Equal(f.sizes(), []int{c.entries}) || !slices.Equal(f.times(), []time.Duration{100 * time.Millisecond}) {
					t.Fatalf("requests of %v at %v, want one of %d at T", f.sizes(), f.times(), c.entries)
				}
				for _, e := range f.request(0).entries {
					if users, _ := usersOf(t, e.Data); max(1, len(users)) != c.users {
						t.Errorf("%d user records in one, want %d", len(users), c.users)
					}
				}
				f.order(func() { f.listLatency = 0 })
			})
		})
	}
}
