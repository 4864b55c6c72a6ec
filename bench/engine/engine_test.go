package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// A yardstick that packs something else than aggregates would be none.
func TestPackerMakesAggregatesOfAllRecordsInTheirShards(t *testing.T) {
	const records, shards = 5000, 4
	var requests [][]entry
	p := newPacker(shards, func(r []entry) { requests = append(requests, r) })
	w := newWork(settings{size: 300, keys: 100})
	for i := range records {
		p.add(w.record(i))
	}
	p.rest()
	seen := make(map[uint64]bool)
	for _, request := range requests {
		size := 0
		for _, e := range request {
			size += len(e.data)
			users, ok, err := aggregation.Decode(e.data)
			if !ok || err != nil || len(e.data) > aggregateBytes {
				t.Fatalf("%d bytes: aggregated %v, error %v", len(e.data), ok, err)
			}
			explicit, err := kpl.ParseHashKey(e.hashKey)
			if err != nil {
				t.Fatal(err)
			}
			shard := quarter(explicit)
			for _, u := range users {
				n := binary.BigEndian.Uint64(u.Data)
				if want := w.keys[int(n)%len(w.keys)]; u.PartitionKey != want || len(u.Data) != 300 || seen[n] {
					t.Errorf("record %d by key %s, want %s; seen before: %v", n, u.PartitionKey, want, seen[n])
				}
				if quarter(kpl.HashKeyOf(u.PartitionKey)) != shard {
					t.Errorf("record %d is in the aggregate of another shard", n)
				}
				seen[n] = true
			}
		}
		if size > requestBytes || len(request) > requestRecords {
			t.Errorf("a request of %d bytes, %d records", size, len(request))
		}
	}
	if len(seen) != records {
		t.Errorf("%d records of %d", len(seen), records)
	}
}

// quarter is the shard of four: the hash keys begin, in hexadecimal of 32 digits, with two bits.
func quarter(h kpl.HashKey) int {
	bound := []string{"85070591730234615865843651857942052864", "170141183460469231731687303715884105728", "255211775190703847597530955573826158592"}
	n := 0
	for _, b := range bound {
		if s := h.String(); len(s) > len(b) || len(s) == len(b) && s >= b {
			n++
		}
	}
	return n
}

func TestBareRequestsAreJSON(t *testing.T) {
	entries := []entry{{[]byte{1, 2, 3}, "17"}, {nil, "0"}}
	body := appendRequest(make([]byte, 0, requestLength(entries)), entries)
	var got struct {
		StreamName string
		Records    []struct{ Data, PartitionKey, ExplicitHashKey string }
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if got.StreamName != stream || len(got.Records) != 2 || got.Records[0].Data != base64.StdEncoding.EncodeToString(entries[0].data) || got.Records[0].ExplicitHashKey != "17" {
		t.Errorf("%s", body)
	}
	if n := requestLength(entries); len(body) > n {
		t.Errorf("%d bytes, foreseen %d: the body is copied as it grows", len(body), n)
	}
}

func TestPaceIsNeverEarlyAndWaitsInTicks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pace{began: time.Now(), rate: 400}
		for i, want := range []time.Duration{0, 3 * time.Millisecond, 5 * time.Millisecond, 8 * time.Millisecond, 10 * time.Millisecond} {
			p.wait(i)
			if got := time.Since(p.began); got != want {
				t.Errorf("record %d after %v, want %v", i, got, want)
			}
		}
	})
}

func TestLatenciesAreOfAllRecords(t *testing.T) {
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i)*time.Millisecond)
	}
	var r result
	r.latency(all)
	if r.P50Millis != 101 || r.P99Millis != 199 || r.MaxMillis != 200 {
		t.Errorf("%+v", r)
	}
}

func TestWrongSettingsAreRefused(t *testing.T) {
	good := settings{tls: "127.0.0.1:1", way: "engine", records: 1, size: 8, keys: 1, putters: 1, shards: 1}
	if err := good.check(); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*settings){
		"-tls": func(s *settings) { s.tls = "" }, "-size 7": func(s *settings) { s.size = 7 }, "-records": func(s *settings) { s.records = 0 },
		"-rate is for": func(s *settings) { s.way, s.rate = "bare", 5 }, "needs a -rate": func(s *settings) { s.way = "pacing" },
	} {
		s := good
		change(&s)
		if err := s.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one about %s", err, want)
		}
	}
	s := good
	s.way = "fast"
	if _, err := run(t.Context(), s); err == nil || !strings.Contains(err.Error(), "-way fast") {
		t.Errorf("error %v", err)
	}
}
