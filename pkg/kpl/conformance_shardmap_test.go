package kpl

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// listTimes is when each ListShards was asked.
func (f *fakeKinesis) listTimes() (at []time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.lists {
		at = append(at, l.at)
	}
	return at
}

func (f *fakeKinesis) list(i int) kinesis.ListShardsInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lists[i].in
}

func isFirstPage(in kinesis.ListShardsInput, stream string) bool {
	return aws.ToString(in.StreamName) == stream && in.StreamARN == nil && aws.ToInt32(in.MaxResults) == 1000 && in.NextToken == nil &&
		in.ShardFilter != nil && *in.ShardFilter == types.ShardFilter{Type: types.ShardFilterTypeAtLatest}
}

func isNextPage(in kinesis.ListShardsInput, token string) bool {
	return in.StreamName == nil && in.StreamARN == nil && in.ShardFilter == nil && aws.ToInt32(in.MaxResults) == 1000 && aws.ToString(in.NextToken) == token
}

func TestC60OneListShards(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		b := start(t, testConfig(f))
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Minute)
		synctest.Wait()
		if r := b.result("a"); r.Err != nil {
			t.Error(r.Err)
		}
		if n := f.listCount(); n != 1 || !isFirstPage(f.list(0), "s") {
			t.Errorf("%d ListShards, the first %+v", n, f.list(0))
		}
		b.close()
	})
}

// putAtEdges puts a record at the first and at the last hash key of every shard.
func (b *bench) putAtEdges(f *fakeKinesis) {
	b.t.Helper()
	for _, s := range f.shards {
		for edge, h := range map[string]HashKey{"start": s.start, "end": s.end} {
			b.put(s.id+edge, Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: h.String(), Data: []byte(s.id)})
		}
	}
}

// C61 asks for 1500 shards in two pages.
func TestC61ShardMapOfManyPages(t *testing.T) {
	t.Parallel()
	for name, shards := range map[string]int{"1500 shards in two pages": 1500, "2500 shards in three": 2500} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(shards)
				f.pageSize = 1000
				b := start(t, testConfig(f))
				b.putAtEdges(f)
				time.Sleep(b.cfg.RecordMaxBufferedTime)
				synctest.Wait()
				// Both records of a shard travel together, and with none of another: what is predicted is right up to each edge.
				for _, s := range f.shards {
					low, high := b.result(s.id+"start"), b.result(s.id+"end")
					if low.Err != nil || low.ShardID != s.id || high.ShardID != s.id || low.SequenceNumber != high.SequenceNumber || len(low.Attempts) != 1 {
						t.Fatalf("shard %s: %+v and %+v", s.id, low, high)
					}
				}
				if st := b.Stats().Streams[0]; st.OpenShards != shards || st.KinesisRecords != int64(shards) || st.WrongShard != 0 {
					t.Errorf("%d shards, %d Kinesis records, %d wrong", st.OpenShards, st.KinesisRecords, st.WrongShard)
				}
				pages := (shards + 999) / 1000
				if n := f.listCount(); n != pages || !isFirstPage(f.list(0), "s") {
					t.Fatalf("%d ListShards, want %d; the first %+v", n, pages, f.list(0))
				}
				for i := 1; i < pages; i++ {
					if in := f.list(i); !isNextPage(in, fmt.Sprint(1000*i)) {
						t.Errorf("page %d: %+v", i+1, in)
					}
				}
				b.close()
			})
		})
	}
}

// A map that takes its time, page by page, holds up nothing beyond RecordMaxBufferedTime, and is right when it is there.
func TestSlowPagesOfTheShardMapStallNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2500)
		f.pageSize, f.listLatency = 1000, 200*time.Millisecond
		b := start(t, testConfig(f))
		for i := range 700 { // one every millisecond, until the map is there
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte("x")})
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		for i := range 700 {
			r := b.result(fmt.Sprint(i))
			if r.Err != nil || len(r.Attempts) != 1 || r.Attempts[0].Delay > b.cfg.RecordMaxBufferedTime {
				t.Fatalf("record %d: %+v", i, r)
			}
		}
		if at := f.listTimes(); !slices.Equal(at, []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond}) {
			t.Errorf("ListShards at %v", at)
		}
		b.putAtEdges(f)
		time.Sleep(time.Second)
		synctest.Wait()
		for _, s := range f.shards {
			if low, high := b.result(s.id+"start"), b.result(s.id+"end"); low.ShardID != s.id || high.ShardID != s.id || low.SequenceNumber != high.SequenceNumber {
				t.Fatalf("shard %s: %+v and %+v", s.id, low, high)
			}
		}
		b.close()
	})
}

func TestC62FailedListShardsIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		f.beforeList = func(n int, _ *kinesis.ListShardsInput) error {
			if n < 3 {
				return apiError("LimitExceededException", "slow down")
			}
			return nil
		}
		b := start(t, testConfig(f))
		for i := range 4 { // at 0, 1, 2 and 3 s: all before the map
			b.put(fmt.Sprint("a", i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			b.put(fmt.Sprint("b", i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			time.Sleep(time.Second)
			synctest.Wait()
			if r := b.result(fmt.Sprint("a", i)); r.Err != nil || r.Attempts[0].Delay != b.cfg.RecordMaxBufferedTime {
				t.Errorf("a record put while there is no map: %+v", r)
			}
		}
		for i, n := range f.sizes() {
			if n != 2 {
				t.Errorf("request %d has %d entries, want two plain records", i, n)
			}
		}
		time.Sleep(time.Minute)
		if at, want := f.listTimes(), []time.Duration{0, time.Second, 2500 * time.Millisecond, 4750 * time.Millisecond}; !slices.Equal(at, want) {
			t.Errorf("ListShards at %v, want %v: 1000, 1500 and 2250 ms apart", at, want)
		}
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		b.put("b", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Second)
		synctest.Wait()
		if sizes := f.sizes(); sizes[len(sizes)-1] != 1 {
			t.Errorf("requests %v: want one aggregate at the end, with the map there", sizes)
		}
		b.close()
	})
}

func TestC63FailedPageBeginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1500)
		f.pageSize = 1000
		f.beforeList = func(n int, _ *kinesis.ListShardsInput) error {
			if n == 0 || n == 2 || n == 4 {
				return apiError("InternalFailure", "oh")
			}
			return nil
		}
		b := start(t, testConfig(f))
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		time.Sleep(time.Minute)
		synctest.Wait()
		// Each page that comes brings the wait back to a second.
		want := []time.Duration{0, time.Second, time.Second, 2 * time.Second, 2 * time.Second, 3 * time.Second, 3 * time.Second}
		if at := f.listTimes(); !slices.Equal(at, want) {
			t.Fatalf("ListShards at %v, want %v", at, want)
		}
		for i, next := range []bool{false, false, true, false, true, false, true} {
			if in := f.list(i); next && !isNextPage(in, "1000") || !next && !isFirstPage(in, "s") {
				t.Errorf("ListShards %d: %+v", i, in)
			}
		}
		if st := b.Stats().Streams[0]; st.OpenShards != 1500 || st.ShardMapError != "" {
			t.Errorf("%d shards, error %q", st.OpenShards, st.ShardMapError)
		}
		b.close()
	})
}

// Through the producer: each record waits in the buffer of the shard that the vectors name, and is stored there.
func TestC64Prediction(t *testing.T) {
	t.Parallel()
	var v hashVectors
	readVectors(t, "testdata/hash.json", &v)
	if len(v.Ranges) == 0 || len(v.Cases) == 0 || len(v.Explicit) == 0 {
		t.Fatal("no cases")
	}
	for n, ranges := range v.Ranges {
		t.Run(n+" shards", func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(len(ranges))
				f.shards = nil
				for _, r := range ranges {
					shard, err := rangeOf(types.Shard{ShardId: &r.ShardID, HashKeyRange: &types.HashKeyRange{StartingHashKey: &r.Start, EndingHashKey: &r.End}})
					if err != nil {
						t.Fatal(err)
					}
					f.shards = append(f.shards, shard)
				}
				c := testConfig(f)
				c.RecordMaxBufferedTime = time.Hour
				c.RecordTTL = 2 * time.Hour
				b := start(t, c)
				b.warm(f, "s")
				predicted := map[string]string{}
				check := func(r Record, want int) {
					t.Helper()
					name, before := fmt.Sprint(len(predicted)), b.Stats().Streams[0].Shards
					b.put(name, r)
					for i, s := range b.Stats().Streams[0].Shards {
						if s.Buffered > before[i].Buffered {
							predicted[name] = s.ShardID
						}
					}
					if id := fmt.Sprintf("shardId-%012d", want); predicted[name] != id {
						t.Errorf("partition key %.20q, explicit hash key %s: predicted %s, want %s", r.PartitionKey, r.ExplicitHashKey, predicted[name], id)
					}
				}
				for _, c := range v.Cases {
					check(Record{Stream: "s", PartitionKey: c.PartitionKey, Data: []byte("x")}, c.ShardOf[n])
				}
				for _, c := range v.Explicit {
					check(Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: c.HashKey, Data: []byte("x")}, c.ShardOf[n])
				}
				for i, s := range f.shards {
					check(Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: s.start.String(), Data: []byte("x")}, i)
					check(Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: s.end.String(), Data: []byte("x")}, i)
				}
				b.close()
				for name, shard := range predicted {
					if r := b.result(name); r.Err != nil || r.ShardID != shard || len(r.Attempts) != 1 {
						t.Errorf("predicted %s: %+v", shard, r)
					}
				}
			})
		})
	}
}

// The KPL has an attempt Wrong Shard and stores the records a second time.
func TestC65SplitAfterTheMap(t *testing.T) {
	t.Parallel()
	for name, records := range map[string]int{"a plain record": 1, "an aggregate that lies in one child": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.latency, f.listLatency = 10*time.Millisecond, 10*time.Millisecond
				b := start(t, testConfig(f))
				b.warm(f, "s")
				f.split(shardZero)
				for i := range records {
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: []byte(fmt.Sprint(i))})
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				for i := range records {
					if r := b.result(fmt.Sprint(i)); r.Err != nil || r.ShardID != "shardId-000000000002" || len(r.Attempts) != 1 || !r.Attempts[0].Success {
						t.Errorf("%+v", r)
					}
				}
				if n := len(f.userRecords(t)); n != records || len(f.sizes()) != 1 {
					t.Errorf("%d records stored with %d requests, want each of %d once", n, len(f.sizes()), records)
				}
				if n := f.listCount(); n != 2 {
					t.Errorf("%d ListShards, want one more after the split", n)
				}
				if _, total := b.Duplicates(); total != 0 || b.Stats().Streams[0].WrongShard != 0 {
					t.Errorf("%d possible duplicates, %d in the wrong shard", total, b.Stats().Streams[0].WrongShard)
				}
				b.close()
			})
		})
	}
}

func TestC66OldAnswerAsksForNoMap(t *testing.T) {
	t.Parallel()
	// Answers to a request that began before the map was asked for name the child, or still the parent.
	for name, stored := range map[string]string{"stored in the child": "shardId-000000000002", "stored in the parent": shardZero} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				c := testConfig(f)
				c.RecordMaxBufferedTime = 0
				b := start(t, c)
				b.warm(f, "s")
				f.order(func() {
					f.place = func(e types.PutRecordsRequestEntry) string {
						if string(e.Data) == "slow" {
							return stored
						}
						return "shardId-000000000002"
					}
					f.before = func(n int, _ *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						if n == 0 {
							time.Sleep(time.Second)
						}
						return nil, nil
					}
				})
				b.put("slow", Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: []byte("slow")})
				synctest.Wait()
				f.split(shardZero)
				b.put("quick", Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: highestHashKey, Data: []byte("quick")})
				time.Sleep(500 * time.Millisecond)
				synctest.Wait()
				if r := b.result("quick"); r.Err != nil || r.ShardID != "shardId-000000000002" || f.listCount() != 2 || b.count() != 1 {
					t.Fatalf("%+v after %d ListShards", r, f.listCount())
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if r := b.result("slow"); r.Err != nil || r.ShardID != stored || len(r.Attempts) != 1 {
					t.Errorf("%+v", r)
				}
				if f.listCount() != 2 || len(f.stored) != 2 {
					t.Errorf("%d ListShards, %d stored: the old answer tells nothing new", f.listCount(), len(f.stored))
				}
				b.close()
			})
		})
	}
}

// The KPL stores the records of all ten a second time, also where they lie as they should.
func TestC67ManyWrongAnswersAskForOneMap(t *testing.T) {
	t.Parallel()
	for name, split := range map[string]bool{"merge": false, "split": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(2)
				c := testConfig(f)
				c.AggregationMaxCount, c.CollectionMaxCount = 2, 1
				b := start(t, c)
				b.warm(f, "s")
				time.Sleep(time.Second)
				f.order(func() { f.latency, f.listLatency = 50*time.Millisecond, 20*time.Millisecond })
				var n atomic.Int64
				f.order(func() { // answers come one after the other, so that each could ask for a map of its own
					f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
						time.Sleep(time.Duration(n.Add(1)) * time.Millisecond)
						return nil, nil
					}
				})
				for i := range 20 { // pairs of one shard and, after a split, of different children
					h := []string{lowestHashKey, "170141183460469231731687303715884105727"}[i%2]
					b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), ExplicitHashKey: h, Data: []byte(fmt.Sprint(i))})
				}
				synctest.Wait()
				var inFlight int
				f.order(func() { inFlight = f.inFlight })
				if inFlight != 10 {
					t.Fatalf("%d aggregates in flight, want ten", inFlight)
				}
				if split {
					f.split(shardZero)
				} else {
					f.order(func() {
						f.shards[0].closed, f.shards[1].closed = true, true
						f.shards = append(f.shards, shardRange{id: "shardId-000000000002", start: f.shards[0].start, end: f.shards[1].end})
					})
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := f.listCount(); got != 2 {
					t.Errorf("%d ListShards, want one for all ten", got)
				}
				copies := 20
				if split {
					copies = 40
				}
				_, doubled := b.Duplicates()
				if got := len(f.userRecords(t)); got != copies || doubled != int64(copies-20) {
					t.Errorf("%d records stored, %d possible duplicates; want %d, %d", got, doubled, copies, copies-20)
				}
				times, _ := f.inPlace(t)
				for i := range 20 {
					if r := b.result(fmt.Sprint(i)); r.Err != nil || times[fmt.Sprint(i)] != 1 {
						t.Errorf("record %d: %+v, %d times where it belongs", i, r, times[fmt.Sprint(i)])
					}
				}
				b.close()
			})
		})
	}
}

// A stream that nobody has made yet fails its records at once, and works as soon as it is there, without a new producer.
func TestStreamThatAppearsLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		var there atomic.Bool
		missing := func() error {
			if there.Load() {
				return nil
			}
			return apiError("ResourceNotFoundException", "Stream s under account 000000000000 not found.")
		}
		f.beforeList = func(int, *kinesis.ListShardsInput) error { return missing() }
		f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return nil, missing() }
		b := start(t, testConfig(f))
		for i := range 3 {
			_, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			if e := failure(t, Result{Err: err}); e.Code != "ResourceNotFoundException" || len(e.Attempts) != 1 || e.Remedy == "" || e.MayBeStored || e.Age != 0 {
				t.Errorf("record %d: %v", i, e)
			}
			time.Sleep(10 * time.Second)
		}
		there.Store(true)
		if r, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}); err != nil || r.ShardID != shardZero {
			t.Errorf("at once after the stream was made: %+v, %v", r, err)
		}
		time.Sleep(refreshWaitMost) // the longest wait for the next try for a map
		f.order(func() { f.requests = nil })
		for i := range 10 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if sizes := f.sizes(); !slices.Equal(sizes, []int{1}) || b.count() != 10 {
			t.Errorf("requests %v, %d results: want one aggregate", sizes, b.count())
		}
		if st := b.Stats().Streams[0]; st.ShardMapError != "" || st.OpenShards != 1 {
			t.Errorf("%d shards, error %q", st.OpenShards, st.ShardMapError)
		}
		b.close()
	})
}

// A stream is deleted and made again with other shards of the same ids. What was learned of the old one must not decide on records of the new
// one. (The KPL keeps ranges of shards that it knows already.)
func TestStreamMadeAgainWithOtherShards(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before, after int
		noticed       bool   // whether records were put, and refused, while there was no stream
		first         string // the hash key by which the first aggregate goes
	}{
		"one shard, then three":                          {1, 3, true, highestHashKey},
		"one shard, then three, unnoticed":               {1, 3, false, highestHashKey},
		"one shard, then three, first to the same id":    {1, 3, true, lowestHashKey},
		"one, then three, first to the same, unnoticed":  {1, 3, false, lowestHashKey},
		"three shards, then one":                         {3, 1, true, highestHashKey},
		"three shards, then one, unnoticed":              {3, 1, false, lowestHashKey},
		"three shards, then ten, first to the same id":   {3, 10, true, lowestHashKey},
		"three shards, then ten, first to one unknown":   {3, 10, true, highestHashKey},
		"ten shards, then three, unnoticed, to same ids": {10, 3, false, lowestHashKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(tt.before)
				f.latency, f.listLatency = 5*time.Millisecond, 5*time.Millisecond
				b := start(t, testConfig(f))
				b.warm(f, "s")
				gone := func() error { return apiError(codeNotFound, "Stream s under account 000000000000 not found.") }
				f.order(func() {
					f.beforeList = func(int, *kinesis.ListShardsInput) error { return gone() }
					f.before = func(int, *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return nil, gone() }
				})
				if tt.noticed {
					_, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte("lost")})
					if failure(t, Result{Err: err}).Code != codeNotFound {
						t.Error(err)
					}
				}
				time.Sleep(time.Minute)
				f.order(func() { f.beforeList, f.before, f.shards, f.stored = nil, nil, newFake(tt.after).shards, nil })
				for round := range 3 {
					b.put(fmt.Sprint(round, "first"), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: tt.first, Data: []byte(fmt.Sprint(round, "first"))})
					for i := range 100 {
						name := fmt.Sprint(round, " ", i)
						b.put(name, Record{Stream: "s", PartitionKey: name, Data: []byte(name)})
					}
					time.Sleep(10 * time.Second)
					synctest.Wait()
				}
				times, _ := f.inPlace(t)
				for name, rs := range b.results {
					if len(rs) != 1 || rs[0].Err != nil || times[name] != 1 {
						t.Errorf("record %s: %+v, %d times where a consumer keeps it", name, rs, times[name])
						break
					}
				}
				_, doubled := b.Duplicates()
				if n := len(f.userRecords(t)); n != 303+int(doubled) {
					t.Errorf("%d records stored, want 303 and %d copies of the ledger", n, doubled)
				}
				if st := b.Stats().Streams[0]; st.OpenShards != tt.after {
					t.Errorf("%d shards, want %d", st.OpenShards, tt.after)
				}
				b.close()
			})
		})
	}
}
