package kinesislocal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func put(t failer, s *Server, stream, key string) {
	t.Helper()
	mustAsk(t, s, "PutRecord", fmt.Sprintf(`{"StreamName":%q,"Data":"AAAA","PartitionKey":%q}`, stream, key))
}

func keysOf(list []Record) string {
	var b strings.Builder
	for _, r := range list {
		b.WriteString(r.PartitionKey)
	}
	return b.String()
}

func TestRecordsAreWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Streams: map[string]int{"s": 3, "other": 1}})
		put(t, s, "s", "a")
		var list []Record
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			list, err = s.WaitRecords(t.Context(), "s", 3)
		}()
		put(t, s, "s", "b")
		put(t, s, "other", "x")
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("the wait ended with two records")
		default:
		}
		put(t, s, "s", "c")
		<-done
		if err != nil || keysOf(list) != "abc" {
			t.Errorf("waited for %s: %v", keysOf(list), err)
		}
		if got := keysOf(s.Records("")); got != "abxc" {
			t.Errorf("all records are %s, want them by arrival", got)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		list, err = s.WaitRecords(ctx, "s", 4)
		if !errors.Is(err, context.DeadlineExceeded) || len(list) != 3 || !strings.Contains(err.Error(), `waited for 4 records of stream "s", found 3`) {
			t.Errorf("%d records and %v", len(list), err)
		}
		asked := 0
		list, err = s.WaitFunc(t.Context(), "s", func(list []Record) bool {
			asked++
			return slices.ContainsFunc(list, func(r Record) bool { return r.PartitionKey == "b" })
		})
		if err != nil || len(list) != 3 || asked != 1 {
			t.Errorf("%d records, asked %d times, %v", len(list), asked, err)
		}
	})
}

func TestWatchSeesEachRecordOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Streams: map[string]int{"s": 3}})
		put(t, s, "s", "a")
		ctx, cancel := context.WithCancel(t.Context())
		var seen []Record
		done := make(chan struct{})
		go func() {
			defer close(done)
			for r := range s.Watch(ctx, "") {
				seen = append(seen, r)
			}
		}()
		for _, key := range []string{"b", "c", "d"} {
			put(t, s, "s", key)
			synctest.Wait()
		}
		s.Reset()
		synctest.Wait()
		put(t, s, "s", "e")
		synctest.Wait()
		cancel()
		<-done
		if keysOf(seen) != "abcde" {
			t.Errorf("saw %s", keysOf(seen))
		}
		for range s.Watch(t.Context(), "") {
			break
		}
	})
}

func TestMemoryIsBounded(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 4, "other": 2}, MaxStoredBytes: 20 << 10})
	put(t, s, "other", "first")
	for i := range 5000 {
		put(t, s, "s", fmt.Sprint("key", i))
	}
	list := s.Records("")
	if s.held > 20<<10 || len(list) < 100 || len(list) > 160 {
		t.Errorf("%d bytes in %d records are held", s.held, len(list))
	}
	if last := list[len(list)-1].PartitionKey; last != "key4999" {
		t.Errorf("the latest record is %s", last)
	}
	for i, r := range list {
		if want := fmt.Sprint("key", 5000-len(list)+i); r.PartitionKey != want {
			t.Fatalf("record %d is %s, want %s", i, r.PartitionKey, want)
		}
	}
	if n := len(s.stored.entries); n > 2500 {
		t.Errorf("%d arrivals are held", n)
	}
	// An iterator at the trimmed end begins with what is there.
	it := mustAsk(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000001","ShardIteratorType":"TRIM_HORIZON"}`)["ShardIterator"]
	got := mustAsk(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it))["Records"].([]any)
	if len(got) == 0 || len(got) >= len(list) {
		t.Errorf("%d records in one shard", len(got))
	}
	if err := s.DeleteStream("s"); err != nil || s.held != 0 {
		t.Errorf("%v; %d bytes are held", err, s.held)
	}
	for range 2000 {
		put(t, s, "other", "k")
	}
	if n := len(s.Records("")); n < 100 || n > 160 {
		t.Errorf("%d records are held", n)
	}
}

func TestRecordsAreHeldForADay(t *testing.T) {
	clock := newFakeClock()
	s := newServer(t, Options{Streams: map[string]int{"s": 1}, Now: clock.Now})
	put(t, s, "s", "a")
	clock.advance(23 * time.Hour)
	put(t, s, "s", "b")
	clock.advance(time.Hour)
	put(t, s, "s", "c")
	if got := keysOf(s.Records("s")); got != "bc" {
		t.Errorf("held are %s", got)
	}
}

func TestRequestsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Streams: map[string]int{"s": 1}, RequestLog: 3})
		for range 5 {
			put(t, s, "s", "k")
		}
		ask(t, s, "ListShards", `{"StreamName":"none"}`)
		list := s.Requests()
		if len(list) != 3 || list[2].Operation != "ListShards" || list[2].Code != "ResourceNotFoundException" || list[2].Status != 400 || list[2].Stream != "none" || list[0].Operation != "PutRecord" {
			t.Errorf("requests %+v", list)
		}
		done := make(chan error)
		go func() {
			_, err := s.WaitRequests(t.Context(), func(list []Request) bool { return list[len(list)-1].Operation == "ListStreams" })
			done <- err
		}()
		synctest.Wait()
		mustAsk(t, s, "ListStreams", `{}`)
		if err := <-done; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.WaitRequests(ctx, func([]Request) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if _, err := s.WaitMetrics(ctx, func([]Datum) bool { return false }); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	silent := newServer(t, Options{RequestLog: -1})
	mustAsk(t, silent, "ListStreams", `{}`)
	if n := len(silent.Requests()); n != 0 {
		t.Errorf("%d requests are logged", n)
	}
}

func TestStreamsAreMadeOnFirstUseIfAsked(t *testing.T) {
	s := newServer(t, Options{CreateStreams: true, DefaultShards: 3, ShardQuota: 7})
	put(t, s, "new", "k")
	mustAsk(t, s, "DescribeStreamSummary", `{"StreamName":"newer"}`)
	if got := fmt.Sprint(s.Streams()); got != "[new newer]" || len(s.Shards("new")) != 3 {
		t.Errorf("streams %s", got)
	}
	for _, tt := range []struct{ operation, body, code string }{
		{"DescribeStream", `{"StreamName":"newest"}`, "LimitExceededException"},
		{"DeleteStream", `{"StreamName":"none"}`, "ResourceNotFoundException"},
		{"DescribeStream", `{"StreamName":"a b"}`, "ValidationException"},
	} {
		if a := ask(t, s, tt.operation, tt.body); a.code() != tt.code {
			t.Errorf("%s %s: %s", tt.operation, tt.body, a.raw)
		}
	}
}

func TestANewStreamRefusesIteratorsOfTheOld(t *testing.T) {
	clock := newFakeClock() // it stands still: both streams have the same creation time
	s := newServer(t, Options{Now: clock.Now})
	if err := s.CreateStream("s", 2); err != nil {
		t.Fatal(err)
	}
	it := mustAsk(t, s, "GetShardIterator", `{"StreamName":"s","ShardId":"shardId-000000000001","ShardIteratorType":"TRIM_HORIZON"}`)["ShardIterator"]
	token := mustAsk(t, s, "ListShards", `{"StreamName":"s","MaxResults":1}`)["NextToken"]
	if err := s.DeleteStream("s"); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateStream("s", 2); err != nil {
		t.Fatal(err)
	}
	if a := ask(t, s, "GetRecords", fmt.Sprintf(`{"ShardIterator":%q}`, it)); a.code() != "ResourceNotFoundException" {
		t.Errorf("iterator: %s", a.raw)
	}
	if a := ask(t, s, "ListShards", fmt.Sprintf(`{"NextToken":%q}`, token)); a.code() != "ResourceNotFoundException" {
		t.Errorf("token: %s", a.raw)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, tt := range []struct {
		opts Options
		want string
	}{
		{Options{Account: "1"}, `account "1" is not twelve digits`},
		{Options{MaxStoredBytes: -1}, "Options.MaxStoredBytes is -1"},
		{Options{Limits: Limits{BytesPerSecond: -1}}, "negative rate"},
		{Options{Streams: map[string]int{"a b": 1}}, `Options.Streams names "a b"`},
		{Options{Streams: map[string]int{"a": 0}}, `gives stream "a" 0 shards`},
	} {
		if _, err := New(tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
	s := newServer(t, Options{Streams: map[string]int{"s": 1}})
	for _, err := range []error{
		s.CreateStream("s", 1), s.CreateStream("a b", 1), s.CreateStream("x", 0), s.DeleteStream("x"),
		s.Reshard("x", Reshard{ShardCount: 1}), s.Reshard("s", Reshard{}), s.Reshard("s", Reshard{Split: "shardId-000000000007"}),
		s.Reshard("s", Reshard{Merge: "shardId-000000000000"}),
	} {
		if err == nil {
			t.Error("no error for what can not be done")
		}
	}
}
