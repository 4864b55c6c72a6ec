package kpl

import (
	"errors"
	"sync"
	"testing"
	"unsafe"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
)

// requestLog keeps what OnRequest is told.
type requestLog struct {
	mu  sync.Mutex
	all []Request
}

func (l *requestLog) note(r Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, r)
}

func TestOnRequestIsToldOfEachRequestBeforeItsResults(t *testing.T) {
	f := newFake(1)
	f.before = func(n int, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		if n == 0 {
			return nil, &smithy.GenericAPIError{Code: "InternalFailure", Message: "as the test wants it", Fault: smithy.FaultServer}
		}
		return nil, nil
	}
	var log requestLog
	c := testConfig(f)
	c.OnRequest = log.note
	p := start(t, c)
	defer p.close()
	result, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("data")})
	if err != nil || result.Err != nil {
		t.Fatal(err, result.Err)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if len(log.all) != 2 || len(result.Attempts) != 2 {
		t.Fatalf("requests %+v, attempts %+v", log.all, result.Attempts)
	}
	for i, want := range []struct {
		code    string
		refused int
	}{{"InternalFailure", 1}, {"", 0}} {
		r, a := log.all[i], result.Attempts[i]
		if r.Number != uint32(i+1) || a.Request != r.Number || r.Stream != "s" || r.ErrorCode != want.code || r.Refused != want.refused || r.KinesisRecords != 1 || r.UserRecords != 1 {
			t.Errorf("request %+v, attempt %+v", r, a)
		}
		if a.ErrorCode != r.ErrorCode || a.Duration != r.Duration || r.Ended.IsZero() {
			t.Errorf("request %+v, attempt %+v", r, a)
		}
	}
}

func TestOnRequestMayPanic(t *testing.T) {
	c := testConfig(newFake(1))
	c.OnRequest = func(Request) { panic("as the test wants it") }
	p := start(t, c)
	defer p.close()
	if result, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k"}); errors.Join(err, result.Err) != nil {
		t.Fatal(err, result.Err)
	}
}

func TestRequestsHaveNoNumberUnlessAskedFor(t *testing.T) {
	p := start(t, testConfig(newFake(1)))
	defer p.close()
	result, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k"})
	if err != nil || len(result.Attempts) != 1 || result.Attempts[0].Request != 0 {
		t.Errorf("%+v %v", result, err)
	}
}

// A result has an attempt at least, and there are millions of results a minute: the number lies where there was room.
func TestTheNumberOfARequestTakesNoRoom(t *testing.T) {
	type without struct {
		Delay, Duration         int64
		Success                 bool
		ErrorCode, ErrorMessage string
		Merged                  int
	}
	if got, want := unsafe.Sizeof(Attempt{}), unsafe.Sizeof(without{}); got != want {
		t.Errorf("an attempt has %d bytes, and %d without the number", got, want)
	}
}
