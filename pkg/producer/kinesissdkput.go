package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// sdkPut brings the records of one request to their end: what the service refused goes again, alone, as the connection's retry policy says.
type sdkPut struct {
	connection KinesisRequests
	retries    aws.Retryer
	stream     string

	// attempts are the requests so far, each with the cause of the first record that failed in it.
	attempts []kpl.Attempt
	// mayBeStored says that an answer was lost, after which the records go again.
	mayBeStored bool
	stored      int
	last        kpl.Result
}

// oddAnswer is an answer that does not say of each record how it ended. The service made it, and may do better next time.
type oddAnswer struct{ smithy.GenericAPIError }

// RetryableError is what retry policies ask an error for.
func (*oddAnswer) RetryableError() bool { return true }

// The codes are those of the KPL and of pkg/kpl.
var (
	errMismatch   = &oddAnswer{smithy.GenericAPIError{Code: "Record Count Mismatch", Message: "the answer to PutRecords does not have as many results as the request had records"}}
	errNoSequence = &oddAnswer{smithy.GenericAPIError{Code: "NoSequenceNumber", Message: "the answer has neither a sequence number nor an error code for the record"}}
)

// all returns when every record is stored, or one has failed for good. entries are used up.
func (p *sdkPut) all(ctx context.Context, entries []types.PutRecordsRequestEntry) error {
	in := &kinesis.PutRecordsInput{Records: entries}
	if strings.HasPrefix(p.stream, "arn:") {
		in.StreamARN = &p.stream
	} else {
		in.StreamName = &p.stream
	}
	first, ended := time.Now(), time.Time{}
	for attempt := 1; ; attempt++ {
		began := time.Now()
		if ended.IsZero() {
			ended = began
		}
		out, err := p.connection.PutRecords(ctx, in)
		tried := kpl.Attempt{Delay: began.Sub(ended)}
		ended = time.Now()
		tried.Duration = ended.Sub(began)
		failed, cause := p.judge(in.Records, out, err)
		if cause == nil {
			tried.Success = true
			p.attempts = append(p.attempts, tried)
			p.last.Attempts = p.attempts
			return nil
		}
		if errors.Is(cause, component.ErrStopped) {
			return cause
		}
		code, text, remedy := kpl.Cause(cause)
		tried.ErrorCode, tried.ErrorMessage = code, text
		p.attempts = append(p.attempts, tried)
		if ctx.Err() != nil {
			return fmt.Errorf("aws-kinesis-sdk-stream-producer: %w: %w", component.ErrStopped, cause)
		}
		if attempt >= p.retries.MaxAttempts() || !p.retries.IsErrorRetryable(cause) {
			return &kpl.RecordError{Stream: p.stream, Code: code, Message: text, Attempts: p.attempts, Age: ended.Sub(first), Remedy: sdkRemedy(code, remedy), MayBeStored: p.mayBeStored}
		}
		in.Records = failed
		if err := p.pause(ctx, attempt, cause); err != nil {
			return err
		}
	}
}

// judge counts the records that are stored, and returns the others with the cause to go by: one that trying again can not help, if there is one.
func (p *sdkPut) judge(entries []types.PutRecordsRequestEntry, out *kinesis.PutRecordsOutput, err error) (failed []types.PutRecordsRequestEntry, cause error) {
	if err != nil {
		p.mayBeStored = p.mayBeStored || answerLost(err)
		return entries, err
	}
	if len(out.Records) != len(entries) {
		p.mayBeStored = true
		return entries, errMismatch
	}
	for i, r := range out.Records {
		if code := aws.ToString(r.ErrorCode); code != "" || r.SequenceNumber == nil {
			var refused error = &smithy.GenericAPIError{Code: code, Message: aws.ToString(r.ErrorMessage)}
			if code == "" {
				refused, p.mayBeStored = errNoSequence, true
			}
			if cause == nil || !p.retries.IsErrorRetryable(refused) && p.retries.IsErrorRetryable(cause) {
				cause = refused
			}
			failed = append(failed, entries[i])
			continue
		}
		p.stored++
		p.last = kpl.Result{Stream: p.stream, ShardID: aws.ToString(r.ShardId), SequenceNumber: aws.ToString(r.SequenceNumber)}
	}
	return failed, cause
}

// unsent are causes by which no record can have reached the service.
var unsent = []string{"ConnectionRefused", "HostNotFound", "CertificateNotTrusted", "PlainHTTP", "CredentialsUnavailable"}

// answerLost says whether a request that failed may have been carried out all the same.
func answerLost(err error) bool {
	if errors.Is(err, component.ErrStopped) {
		return false
	}
	if answer, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && answer.HTTPStatusCode() >= 400 {
		return answer.HTTPStatusCode() >= 500
	}
	code, _, _ := kpl.Cause(err)
	return !slices.Contains(unsent, code)
}

// sdkRemedy leaves out what only the producer library needs.
func sdkRemedy(code, remedy string) string {
	switch code {
	case "AccessDeniedException", "AccessDenied", "NotAuthorizedException":
		return "allow kinesis:PutRecords on the stream to these credentials"
	case "CertificateNotTrusted":
		return "have the system trust the endpoint's certificate, or correct the host name"
	}
	return remedy
}

// pause waits before the next attempt. A message whose workflow stops meanwhile is given back.
func (p *sdkPut) pause(ctx context.Context, attempt int, cause error) error {
	delay, err := p.retries.RetryDelay(attempt, cause)
	if err != nil {
		return fmt.Errorf("aws-kinesis-sdk-stream-producer: no delay for the next attempt: %w", err)
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("aws-kinesis-sdk-stream-producer: %w: %w", component.ErrStopped, cause)
	}
}
