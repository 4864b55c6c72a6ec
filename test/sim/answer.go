package sim

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// client is one producer's way to the model. It implements kpl.API and has DescribeStreamSummary too.
type client struct {
	m              *model
	inFlight, most int // requests of PutRecords; guarded by the model's mutex
}

// fate is what becomes of a request.
type fate int

const (
	answered fate = iota
	failed
	failedStored
	throttled
	lost
	refused
	slowStored
	slow
	late
	unreadable
)

// course is how a request goes: so long to the service, its fate there, so long back.
type course struct {
	fate         fate
	there, back  time.Duration
	force        bool // it is stored whatever the shards' limits are
	deaf         bool // it is answered though the producer has given up
	random       *rand.Rand
	lateAfter    time.Duration
	answerStatus int
}

// plan draws the course of a request.
func (m *model) plan(entries []entry, now time.Time) course {
	f := &m.w.Faults
	r := m.chances("request", entries[0].name())
	c := course{random: r, answerStatus: one(r, 500, 502, 503, 504)}
	if f.Latency > 0 {
		c.there, c.back = time.Duration(r.Int64N(int64(f.Latency/2+1))), time.Duration(r.Int64N(int64(f.Latency/2+1)))
	}
	c.lateAfter = time.Duration(r.IntN(3000)) * time.Millisecond
	at, stored := r.IntN(1000), r.IntN(2) == 0
	if m.faulty(now) {
		for _, chance := range []struct {
			of   int
			fate fate
		}{
			{f.Failed, failed}, {f.FailedStored, failedStored}, {f.Throttled, throttled}, {f.Lost, lost}, {f.Refused, refused}, {f.Slow, slow},
			{f.Late, late}, {f.Unreadable, unreadable},
		} {
			if at < chance.of {
				c.fate = chance.fate
				break
			}
			at -= chance.of
		}
	}
	if c.fate == slow && (stored || m.w.Exact) {
		c.fate = slowStored
	}
	if m.w.Exact {
		// What is under way when the producer gives up must be known to be stored.
		c.there, c.back = 0, c.there+c.back
		c.force, c.deaf = c.fate != answered, true
	}
	return c
}

// PutRecords stores records by hash key, unless the world has something else in mind.
func (c *client) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, _ ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	m := c.m
	entries, err := read(in.Records)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	c.inFlight++
	c.most = max(c.most, c.inFlight)
	p := m.plan(entries, time.Now())
	if p.fate != answered {
		m.disturbed = true
	}
	m.mu.Unlock()
	defer func() {
		m.mu.Lock()
		c.inFlight--
		m.mu.Unlock()
	}()
	if p.fate == refused {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	if err := pause(ctx, p.there, p.deaf); err != nil {
		return nil, err
	}
	out, err := m.arrive(aws.ToString(in.StreamName), entries, &p)
	switch p.fate {
	case slow, slowStored, late:
		if err == nil {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}
	default:
		if err := pause(ctx, p.back, p.deaf); err != nil {
			return nil, err
		}
	}
	return out, err
}

// pause waits, unless the producer gives up before.
func pause(ctx context.Context, d time.Duration, deaf bool) error {
	if deaf {
		time.Sleep(d)
		return nil
	}
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// arrive is what the service does with a request, and its answer.
func (m *model) arrive(name string, entries []entry, p *course) (*kinesis.PutRecordsOutput, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	s := m.find(name, now)
	if s == nil {
		m.disturbed = true
		return nil, &types.ResourceNotFoundException{Message: aws.String("Stream " + name + " not found.")}
	}
	for i := range entries {
		for _, u := range entries[i].users {
			if isPoison(u.Data) {
				m.disturbed = true
				return nil, &smithy.GenericAPIError{Code: "ValidationException", Message: "1 validation error detected: a record is not as it should be"}
			}
		}
	}
	switch p.fate {
	case throttled:
		code := one(p.random, "ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException")
		return nil, &smithy.GenericAPIError{Code: code, Message: "Rate exceeded."}
	case failed:
		return nil, serverError(p)
	case failedStored:
		m.store(s, entries, p.force, now)
		return nil, serverError(p)
	case lost:
		m.store(s, entries, p.force, now)
		return nil, one[error](p.random, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, io.ErrUnexpectedEOF,
			errors.New("deserialization failed"))
	case slow:
		return nil, nil
	case late:
		time.AfterFunc(m.w.Timeout+p.lateAfter, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.store(s, entries, p.force, time.Now())
		})
		return nil, nil
	}
	results := m.store(s, entries, p.force, now)
	if p.fate == unreadable {
		return m.garble(results, p.random), nil
	}
	failures := int32(0)
	for _, r := range results {
		if r.ErrorCode != nil {
			failures++
		}
	}
	return &kinesis.PutRecordsOutput{Records: results, FailedRecordCount: aws.Int32(failures)}, nil
}

// garble makes an answer that says too little.
func (m *model) garble(results []types.PutRecordsResultEntry, r *rand.Rand) *kinesis.PutRecordsOutput {
	switch r.IntN(3) {
	case 0:
		return nil
	case 1:
		return &kinesis.PutRecordsOutput{Records: results[1:]}
	}
	results[r.IntN(len(results))] = types.PutRecordsResultEntry{}
	return &kinesis.PutRecordsOutput{Records: results}
}

// serverError is an answer of the service, or of a gateway before it, that names no record.
func serverError(p *course) error {
	if p.random.IntN(3) == 0 {
		return &smithy.GenericAPIError{Code: "InternalFailure", Message: "Internal service failure.", Fault: smithy.FaultServer}
	}
	return &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: p.answerStatus}}, Err: errors.New(strings.ToLower(http.StatusText(p.answerStatus))),
	}
}
