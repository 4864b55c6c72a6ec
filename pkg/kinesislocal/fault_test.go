package kinesislocal

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func inject(t testing.TB, s *Server, f Fault) *Injection {
	t.Helper()
	i, err := s.Inject(f)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// send puts n records "a", "b", … with hash key 0 and returns what the client sees.
func send(t testing.TB, s *Server, n int) (status int, body string, err error) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,{"Data":"AA==","PartitionKey":"%c","ExplicitHashKey":"0"}`, 'a'+i)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://kinesis.test/", strings.NewReader(`{"StreamName":"s","Records":[`+b.String()[1:]+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("X-Amz-Target", kinesisTarget+".PutRecords")
	resp, err := s.Transport().RoundTrip(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(raw), err
}

func TestFaultsOfRequests(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fault  Fault
		status int // 0: the connection is cut
		body   string
		stored int
	}{
		{"code", Fault{Code: "AccessDeniedException", Message: "no"}, 400, `{"__type":"AccessDeniedException","message":"no"}`, 0},
		{"code with the status of the service", Fault{Code: "InternalFailure"}, 500, `{"__type":"InternalFailure","message":""}`, 0},
		{"code and status", Fault{Code: "X", Status: 429}, 429, `{"__type":"X","message":""}`, 0},
		{"status alone", Fault{Status: 503}, 503, "", 0},
		{"status and body", Fault{Status: 502, Body: "<html>"}, 502, "<html>", 0},
		{"cut before", Fault{Cut: CutBefore}, 0, "", 0},
		{"cut after", Fault{Cut: CutAfter}, 0, "", 2},
		{"empty", Fault{Answer: AnswerEmpty}, 200, "", 2},
		{"malformed", Fault{Answer: AnswerMalformed}, 200, "malformed", 2},
		{"truncated", Fault{Answer: AnswerTruncated}, 0, "", 2},
		{"short", Fault{Answer: AnswerShort}, 200, "short", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, Options{Streams: map[string]int{"s": 2}})
			tt.fault.Operations = []string{"PutRecords"}
			tt.fault.Count = 1
			i := inject(t, s, tt.fault)
			status, body, err := send(t, s, 2)
			if status != tt.status || (err != nil) != (tt.status == 0) {
				t.Errorf("status %d, error %v; want status %d", status, err, tt.status)
			}
			switch tt.body {
			case "malformed":
				if !strings.HasPrefix(body, `{"Records":[`) || strings.HasSuffix(body, "}") {
					t.Errorf("body %s", body)
				}
			case "short":
				if strings.Count(body, "SequenceNumber") != 1 || !strings.HasSuffix(body, "}") {
					t.Errorf("body %s", body)
				}
			default:
				if body != tt.body {
					t.Errorf("body %s, want %s", body, tt.body)
				}
			}
			if n := len(s.Records("s")); n != tt.stored || i.Hits() != 1 {
				t.Errorf("%d records are stored, want %d; %d hits", n, tt.stored, i.Hits())
			}
			if tt.status == 0 && tt.fault.Cut != CutNever && s.Requests()[0].Status != 0 {
				t.Errorf("logged %+v", s.Requests()[0])
			}
			if status, _, err := send(t, s, 1); status != 200 || err != nil {
				t.Errorf("after Count requests: %d %v", status, err)
			}
		})
	}
}

func TestFaultsBefallWhatTheySelect(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 1, "other": 1}})
	i := inject(t, s, Fault{Operations: []string{"PutRecords"}, Stream: "s", Code: "X", Skip: 1, Count: 2})
	mustAsk(t, s, "ListShards", `{"StreamName":"s"}`)
	mustAsk(t, s, "PutRecords", `{"StreamName":"other","Records":[{"Data":"","PartitionKey":"k"}]}`)
	var got []int
	for range 5 {
		status, _, _ := send(t, s, 1)
		got = append(got, status)
	}
	if fmt.Sprint(got) != "[200 400 400 200 200]" || i.Hits() != 2 {
		t.Errorf("statuses %v, %d hits", got, i.Hits())
	}
	i = inject(t, s, Fault{Code: "X"})
	i.Remove()
	i.Remove()
	mustAsk(t, s, "ListShards", `{"StreamName":"s"}`)
	inject(t, s, Fault{Code: "X"})
	s.Reset()
	mustAsk(t, s, "ListShards", `{"StreamName":"s"}`)
}

func TestFaultsOfRecords(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 3}})
	refusal := inject(t, s, Fault{RecordCode: throughputExceeded, Shard: "shardId-000000000000", Skip: 1, Count: 2})
	_, body, _ := send(t, s, 4)
	if strings.Count(body, `"Rate exceeded for shard shardId-000000000000 in stream s under account 000000000000."`) != 2 || !strings.Contains(body, `"FailedRecordCount":2`) {
		t.Errorf("body %s", body)
	}
	if list := s.Records("s"); len(list) != 2 || list[0].PartitionKey != "a" || list[1].PartitionKey != "d" || refusal.Hits() != 2 {
		t.Errorf("records %v", list)
	}
	if r := s.Requests()[0]; r.Records != 4 || r.Refused != 2 {
		t.Errorf("request %+v", r)
	}

	s.Reset()
	inject(t, s, Fault{WrongShard: true, Count: 1})
	if _, body, _ = send(t, s, 2); !strings.Contains(body, `"ShardId":"shardId-000000000001"`) || !strings.Contains(body, `"ShardId":"shardId-000000000000"`) {
		t.Errorf("body %s", body)
	}
	if list := s.Records("s"); list[0].ShardID != "shardId-000000000001" || list[1].ShardID != "shardId-000000000000" {
		t.Errorf("records %v", list)
	}

	s.Reset()
	inject(t, s, Fault{Operations: []string{"PutRecord"}, RecordCode: "InternalFailure"})
	if a := ask(t, s, "PutRecord", `{"StreamName":"s","Data":"","PartitionKey":"k"}`); a.status != 500 || a.code() != "InternalFailure" || a.message() != "Internal service failure." {
		t.Errorf("got %d %s", a.status, a.raw)
	}
}

func TestProbabilityIsSeeded(t *testing.T) {
	run := func(seed uint64) string {
		s := newServer(t, Options{Streams: map[string]int{"s": 1}, Seed: seed})
		inject(t, s, Fault{Code: "X", Probability: 0.3})
		var b strings.Builder
		for range 200 {
			status, _, _ := send(t, s, 1)
			fmt.Fprint(&b, status/400)
		}
		return b.String()
	}
	first, again, other := run(1), run(1), run(2)
	if first != again {
		t.Error("one seed gives two sequences")
	}
	if first == other {
		t.Error("two seeds give one sequence")
	}
	if n := strings.Count(first, "1"); n < 40 || n > 80 {
		t.Errorf("%d of 200 at probability 0.3", n)
	}
}

func TestReshardAtARequest(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 2}})
	inject(t, s, Fault{Operations: []string{"PutRecords"}, Reshard: &Reshard{Split: "shardId-000000000000"}, Count: 1})
	if _, body, _ := send(t, s, 1); !strings.Contains(body, "shardId-000000000002") {
		t.Errorf("after the split: %s", body)
	}
	inject(t, s, Fault{Operations: []string{"PutRecords"}, Reshard: &Reshard{Merge: "shardId-000000000002"}, Count: 1})
	if _, body, _ := send(t, s, 1); !strings.Contains(body, "shardId-000000000004") {
		t.Errorf("after the merge: %s", body)
	}
	inject(t, s, Fault{Operations: []string{"PutRecords"}, Reshard: &Reshard{ShardCount: 7}, Count: 1})
	if send(t, s, 1); s.openShards(time.Now()) != 7 {
		t.Errorf("%d open shards", s.openShards(time.Now()))
	}
}

func TestLatencyIsWaitedForAndEndsWithTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, Options{Streams: map[string]int{"s": 1}})
		i := inject(t, s, Fault{Latency: 3 * time.Second, AnswerLatency: 4 * time.Second})
		began := time.Now()
		if status, _, err := send(t, s, 1); status != 200 || err != nil {
			t.Fatal(status, err)
		}
		if d := time.Since(began); d != 7*time.Second {
			t.Errorf("took %v", d)
		}
		if at := s.Records("s")[0].Arrival; !at.Equal(began.Add(3 * time.Second)) {
			t.Errorf("arrived %v after the request", at.Sub(began))
		}
		i.Remove()

		// Closing ends what is ordered for an hour.
		inject(t, s, Fault{AnswerLatency: time.Hour})
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _, _ = send(t, s, 1)
		}()
		synctest.Wait()
		began = time.Now()
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		<-done
		if d := time.Since(began); d != 0 {
			t.Errorf("closing took %v", d)
		}
	})
}

func TestFaultsThatMakeNoSenseAreRefused(t *testing.T) {
	s := newServer(t, Options{})
	for _, tt := range []struct {
		name  string
		fault Fault
		want  string
	}{
		{"nothing", Fault{}, "no effect"},
		{"operation", Fault{Operations: []string{"PutRecordz"}, Code: "X"}, `unknown operation "PutRecordz"`},
		{"probability", Fault{Probability: 1.1, Code: "X"}, "Probability 1.1 is not from 0 to 1"},
		{"negative", Fault{Count: -1, Code: "X"}, "Skip 0 or Count -1 is negative"},
		{"mixed", Fault{RecordCode: "X", Code: "X"}, "effects on records and on requests; inject two faults"},
		{"both of records", Fault{RecordCode: "X", WrongShard: true}, "RecordCode and WrongShard"},
		{"message alone", Fault{Message: "m", Status: 500}, "Message without Code"},
		{"status", Fault{Status: 99}, "Status 99 is not from 200 to 599"},
		{"two reshards", Fault{Reshard: &Reshard{Split: "*", Merge: "*"}}, "Reshard with 2 of ShardCount, Split and Merge; give one"},
		{"shard of a request", Fault{Shard: "shardId-000000000000", Code: "X"}, "Shard, which is for RecordCode and WrongShard only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := s.Inject(tt.fault); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestCutConnectionIsUnexpectedEOF(t *testing.T) {
	s := newServer(t, Options{Streams: map[string]int{"s": 1}})
	inject(t, s, Fault{Cut: CutAfter})
	if _, _, err := send(t, s, 1); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}
