package kinesislocal

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// putMany puts n records of size bytes into one shard and returns how many were
// throttled.
func putMany(t testing.TB, s *Server, n, size int) int {
	t.Helper()
	refused := 0
	for n > 0 {
		batch := min(n, 500)
		record := `,{"Data":"` + base64Of(size-1) + `","PartitionKey":"k"}`
		a := mustAsk(t, s, "PutRecords", `{"StreamName":"s","Records":[`+strings.Repeat(record, batch)[1:]+`]}`)
		refused += int(a["FailedRecordCount"].(float64))
		n -= batch
	}
	return refused
}

func TestLimitsOfAShard(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Streams: map[string]int{"s": 1}, EnforceLimits: true, Now: clock.Now})
	if got := putMany(t, s, 1500, 10); got != 500 {
		t.Errorf("%d of 1,500 records at once are throttled, want 500", got)
	}
	clock.advance(100 * time.Millisecond)
	if got := putMany(t, s, 200, 10); got != 100 {
		t.Errorf("%d of 200 are throttled after 100 ms, want 100", got)
	}
	clock.advance(10 * time.Second)
	if got := putMany(t, s, 100, 16<<10); got != 36 {
		t.Errorf("%d of 100 records of 16 KiB are throttled, want 36", got)
	}
	clock.advance(500 * time.Millisecond)
	if got := putMany(t, s, 100, 16<<10); got != 68 {
		t.Errorf("%d of 100 records of 16 KiB are throttled after 500 ms, want 68", got)
	}
	if n := len(s.Records("s")); n != 1000+100+64+32 {
		t.Errorf("%d records are stored", n)
	}
}

func TestLimitsCanBeSetAndLifted(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Streams: map[string]int{"s": 1}, Now: clock.Now})
	if got := putMany(t, s, 3000, 1); got != 0 {
		t.Errorf("%d are throttled without limits", got)
	}
	if err := s.SetLimits("s", Limits{RecordsPerSecond: 10, ReadsPerSecond: 1}); err != nil {
		t.Fatal(err)
	}
	if got := putMany(t, s, 20, 1); got != 10 {
		t.Errorf("%d of 20 are throttled, want 10", got)
	}
	read := fmt.Sprintf(`{"ShardIterator":%q}`, mustAsk(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"LATEST"}`)["ShardIterator"])
	mustAsk(t, s, "GetRecords", read)
	if a := ask(t, s, "GetRecords", read); a.code() != throughputExceeded {
		t.Errorf("second read: %s", a.raw)
	}
	if err := s.LiftLimits("s"); err != nil {
		t.Fatal(err)
	}
	if got := putMany(t, s, 3000, 1); got != 0 {
		t.Errorf("%d are throttled after LiftLimits", got)
	}
	if s.SetLimits("none", Limits{}) == nil || s.LiftLimits("none") == nil || s.SetLimits("s", Limits{ReadsPerSecond: -1}) == nil {
		t.Error("no error for a stream that is not there, or a negative limit")
	}
}

func TestARecordLargerThanASecondPassesAFullBucket(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Streams: map[string]int{"s": 1}, EnforceLimits: true, Now: clock.Now})
	mustAsk(t, s, "UpdateMaxRecordSize", `{"StreamARN":"`+s.streamARN("s")+`","MaxRecordSizeInKiB":10240}`)
	if got := putMany(t, s, 1, 5*oneMiB); got != 0 {
		t.Error("5 MiB do not pass a full bucket")
	}
	clock.advance(4 * time.Second)
	if got := putMany(t, s, 1, 10); got != 1 {
		t.Error("the bucket owes nothing after 5 MiB")
	}
	clock.advance(time.Second)
	if got := putMany(t, s, 1, 10); got != 0 {
		t.Error("the bucket still owes after 5 s")
	}
}
