package kpl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestC20StreamNamesAreTrimmedAndNotEmpty(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.mustRefuse(f, Record{Stream: "", PartitionKey: "k"}, "stream name cannot be empty")
		b.mustRefuse(f, Record{Stream: " \t ", PartitionKey: "k"}, "stream name cannot be empty")
		b.put("a", Record{Stream: " s ", PartitionKey: "k", Data: []byte("x")})
		b.close()
		if r := b.result("a"); r.Err != nil || r.Stream != "s" {
			t.Errorf("%+v", r)
		}
		if f.request(0).stream != "s" || len(f.sizes()) != 1 {
			t.Errorf("sent to %q", f.request(0).stream)
		}
		if n := f.listCount(); n != 1 {
			t.Errorf("%d ListShards: the name with blanks is taken for another stream", n)
		}
	})
}

// The KPL counts UTF-16 code units; here, as in the service, a character outside the basic plane is one.
func TestC21PartitionKeysHaveOneTo256Characters(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.mustRefuse(f, Record{Stream: "s"}, "at least 1 and at most 256 characters, got 0")
		b.mustRefuse(f, Record{Stream: "s", PartitionKey: strings.Repeat("k", 257)}, "got 257")
		b.mustRefuse(f, Record{Stream: "s", PartitionKey: strings.Repeat("😀", 257)}, "got 257")
		for i, key := range []string{strings.Repeat("k", 256), strings.Repeat("😀", 256), " "} {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: key, Data: []byte("x")})
			b.flushed()
			if e := f.request(i).entries; len(e) != 1 || *e[0].PartitionKey != key {
				t.Errorf("%.10q: sent %+v", key, e)
			}
		}
	})
}

// The KPL refuses an empty explicit hash key; here the empty string stands for none, as there is no null.
func TestC22ExplicitHashKeysAreSentInShortestForm(t *testing.T) {
	t.Parallel()
	onReadyMap(t, 1, nil, func(t *testing.T, f *fakeKinesis, b *bench) {
		const most = "340282366920938463463374607431768211455" // 2^128-1
		for i, c := range [][2]string{{"0", "0"}, {most, most}, {"007", "7"}, {" 7 ", "7"}, {"", md5OfK}} {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: c[0], Data: []byte("x")})
			b.flushed()
			if got := *f.request(i).entries[0].ExplicitHashKey; got != c[1] {
				t.Errorf("%q is sent as %s, want %s", c[0], got, c[1])
			}
		}
		for _, key := range []string{"-1", "340282366920938463463374607431768211456"} {
			b.mustRefuse(f, Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: key},
				"must be greater or equal to zero and less than or equal to (2^128 - 1), got "+strconv.Quote(key))
		}
		for _, key := range []string{"x", "1.0", " "} {
			b.mustRefuse(f, Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: key}, "must be an integer")
		}
	})
}

// md5OfK is the hash key of the partition key k.
const md5OfK = "187279361568289349169310600456257773043"

func TestC23DataIsBoundedAndMayBeEmpty(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{1048576, 64} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			onReadyMap(t, 1, func(c *Config) { c.MaxUserRecordSizeBytes = limit }, func(t *testing.T, f *fakeKinesis, b *bench) {
				b.mustRefuse(f, Record{Stream: "s", PartitionKey: "k", Data: make([]byte, limit+1)},
					fmt.Sprintf("data must be less than or equal to %d bytes in size (MaxUserRecordSize), got %d bytes", limit, limit+1))
				for i, size := range []int{limit, 0} {
					b.putOne(fmt.Sprint(i), "", size)
					b.flushed()
					if r := b.result(fmt.Sprint(i)); r.Err != nil || len(f.request(i).entries[0].Data) != size {
						t.Errorf("%d bytes: %v, sent %d", size, r.Err, len(f.request(i).entries[0].Data))
					}
				}
			})
		})
	}
	// The key does not count.
	onReadyMap(t, 1, func(c *Config) { c.MaxUserRecordSizeBytes = 64 }, func(t *testing.T, f *fakeKinesis, b *bench) {
		b.put("a", Record{Stream: "s", PartitionKey: strings.Repeat("k", 256), Data: make([]byte, 64)})
		b.flushed()
		if !slices.Equal(f.sizes(), []int{1}) {
			t.Errorf("requests %v", f.sizes())
		}
	})
}
