package kpl

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

type aggregationCase struct {
	Name        string `json:"name"`
	UserRecords []struct {
		PartitionKey    string  `json:"partition_key"`
		ExplicitHashKey *string `json:"explicit_hash_key"`
		DataHex         string  `json:"data_hex"`
	} `json:"user_records"`
	KinesisRecord struct {
		PartitionKey    string `json:"partition_key"`
		ExplicitHashKey string `json:"explicit_hash_key"`
		DataHex         string `json:"data_hex"`
	} `json:"kinesis_record"`
}

func readVectors(t testing.TB, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// C30
func TestEntriesEqualThoseOfTheKPL(t *testing.T) {
	var file struct{ Cases []aggregationCase }
	readVectors(t, "aggregation/testdata/aggregation.json", &file)
	if len(file.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				b := start(t, testConfig(f))
				b.warm(f, "s")
				for i, u := range c.UserRecords {
					data, err := hex.DecodeString(u.DataHex)
					if err != nil {
						t.Fatal(err)
					}
					r := Record{Stream: "s", PartitionKey: u.PartitionKey, Data: data}
					if u.ExplicitHashKey != nil {
						r.ExplicitHashKey = *u.ExplicitHashKey
					}
					b.put(string(rune('a'+i%26))+string(rune(i)), r)
				}
				b.close()
				if sizes := f.sizes(); len(sizes) != 1 || sizes[0] != 1 {
					t.Fatalf("requests with %v entries, want one with one", sizes)
				}
				e := f.request(0).entries[0]
				if *e.PartitionKey != c.KinesisRecord.PartitionKey || *e.ExplicitHashKey != c.KinesisRecord.ExplicitHashKey {
					t.Errorf("keys %q, %s; want %q, %s", *e.PartitionKey, *e.ExplicitHashKey, c.KinesisRecord.PartitionKey, c.KinesisRecord.ExplicitHashKey)
				}
				if got := hex.EncodeToString(e.Data); got != c.KinesisRecord.DataHex {
					t.Errorf("data\n got %s\nwant %s", got, c.KinesisRecord.DataHex)
				}
			})
		})
	}
}

// C40, ours: the collector's wait is within RecordMaxBufferedTime, not on top.
func TestLoneRecordLeavesAtItsDeadline(t *testing.T) {
	for name, wait := range map[string]time.Duration{"default": 100 * time.Millisecond, "a second": time.Second, "at once": 0} {
		for mode, aggregate := range map[string]bool{"aggregation on": true, "aggregation off": false} {
			t.Run(name+", "+mode, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := newFake(1)
					c := testConfig(f)
					c.RecordMaxBufferedTime, c.AggregationEnabled = wait, aggregate
					b := start(t, c)
					b.warm(f, "s")
					b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
					time.Sleep(5 * time.Second)
					synctest.Wait()
					if at := f.times(); len(at) != 1 || at[0] != wait {
						t.Errorf("requests at %v, want one at %v", at, wait)
					}
					r := b.result("a")
					if r.Err != nil || r.ShardID != "shardId-000000000000" || r.SequenceNumber == "" || len(r.Attempts) != 1 || !r.Attempts[0].Success || r.Attempts[0].Delay != wait {
						t.Errorf("result %+v", r)
					}
					b.close()
				})
			})
		}
	}
}

func TestCloseIsSafeTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(2)
		b := start(t, testConfig(f))
		b.put("a", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		b.close()
		b.close()
		if r := b.result("a"); r.Err != nil {
			t.Error(r.Err)
		}
		if err := b.Put(context.Background(), Record{Stream: "s", PartitionKey: "k"}, nil); err != ErrClosed {
			t.Errorf("Put after Close: %v", err)
		}
		if err := b.Flush(context.Background()); err != nil {
			t.Errorf("Flush after Close: %v", err)
		}
	})
}
