package producer

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// scriptedKinesis answers as the test says, and tries again after a second, three times in all.
type scriptedKinesis struct {
	answer func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
}

func (*scriptedKinesis) ConnectionID() string { return "" }

func (k *scriptedKinesis) PutRecords(_ context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
	return k.answer(in)
}

func (*scriptedKinesis) Retries() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 3
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{"InternalFailure": {}}})
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return time.Second, nil })
	})
}

func storeAll(in *kinesis.PutRecordsInput) *kinesis.PutRecordsOutput {
	out := &kinesis.PutRecordsOutput{}
	for range in.Records {
		out.Records = append(out.Records, types.PutRecordsResultEntry{ShardId: aws.String("shard"), SequenceNumber: aws.String("1")})
	}
	return out
}

// refuseRecords is an answer that refuses the records whose data have a code, with it.
func refuseRecords(in *kinesis.PutRecordsInput, codes map[string]string) *kinesis.PutRecordsOutput {
	out := storeAll(in)
	for i, r := range in.Records {
		if code := codes[string(r.Data)]; code != "" {
			out.Records[i] = types.PutRecordsResultEntry{ErrorCode: aws.String(code), ErrorMessage: aws.String("because")}
		}
	}
	return out
}

func TestSDKProducerTriesFailedRecordsAgainAlone(t *testing.T) {
	const throttled = "ProvisionedThroughputExceededException"
	for name, c := range map[string]struct {
		answers []any // of PutRecords: error, codes by data, or the number of results
		sent    []string
		code    string // of the failure
		text    string
		codes   string
		elapsed time.Duration
	}{
		"throttled once":      {[]any{map[string]string{"b": throttled}, nil}, []string{"a b c", "b"}, "", "", "", time.Second},
		"throttled for ever":  {[]any{map[string]string{"b": throttled, "c": "InternalFailure"}, map[string]string{"c": throttled}, map[string]string{"c": throttled}}, []string{"a b c", "b c", "c"}, throttled, "(2 records of the message are stored)", "ProvisionedThroughputExceededException,ProvisionedThroughputExceededException,ProvisionedThroughputExceededException", 2 * time.Second},
		"refused for good":    {[]any{map[string]string{"a": throttled, "b": "KMSAccessDeniedException"}}, []string{"a b c"}, "KMSAccessDeniedException", "allow kms:GenerateDataKey", "KMSAccessDeniedException", 0},
		"request refused":     {[]any{&smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}}, []string{"a b c"}, "AccessDeniedException", "allow kinesis:PutRecords on the stream to these credentials", "AccessDeniedException", 0},
		"request throttled":   {[]any{&smithy.GenericAPIError{Code: throttled}, nil}, []string{"a b c", "a b c"}, "", "", "", time.Second},
		"results missing":     {[]any{2, nil}, []string{"a b c", "a b c"}, "", "", "", time.Second},
		"results missing on":  {[]any{2, 0, 2}, []string{"a b c", "a b c", "a b c"}, "Record Count Mismatch", "it may be stored all the same", "Record Count Mismatch,Record Count Mismatch,Record Count Mismatch", 2 * time.Second},
		"no sequence numbers": {[]any{-1, nil}, []string{"a b c", "a b c"}, "", "", "", time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent []string
				k := &scriptedKinesis{answer: func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					var data []string
					for _, r := range in.Records {
						data = append(data, string(r.Data))
					}
					sent = append(sent, strings.Join(data, " "))
					switch a := c.answers[len(sent)-1].(type) {
					case error:
						return nil, a
					case map[string]string:
						return refuseRecords(in, a), nil
					case int:
						out := storeAll(in)
						if a < 0 {
							for i := range out.Records {
								out.Records[i].SequenceNumber = nil
							}
							return out, nil
						}
						out.Records = out.Records[:a]
						return out, nil
					}
					return storeAll(in), nil
				}}
				m := sdkMessage("a\nb\nc")
				began := time.Now()
				err := sdkWith(t, k, byLines).Produce(t.Context(), m)
				if diff := cmp.Diff(c.sent, sent); diff != "" {
					t.Errorf("sent:\n%s", diff)
				}
				if elapsed := time.Since(began); elapsed != c.elapsed {
					t.Errorf("took %v, want %v", elapsed, c.elapsed)
				}
				if c.code == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				failed, ok := errors.AsType[*kpl.RecordError](err)
				if !ok || failed.Code != c.code || failed.Stream != "events" || !strings.Contains(err.Error(), c.text) {
					t.Fatalf("got %v", err)
				}
				message.Annotate(m, err)
				if codes, _ := m.Metadata("kinesisAttemptErrors"); codes != c.codes {
					t.Errorf("attempts %s", codes)
				}
			})
		})
	}
}

func TestSDKProducerStopsAtTheFirstRequestThatFails(t *testing.T) {
	requests := 0
	k := &scriptedKinesis{answer: func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		if requests++; requests == 2 {
			return nil, &smithy.GenericAPIError{Code: "ResourceNotFoundException", Message: "no stream"}
		}
		return storeAll(in), nil
	}}
	err := sdkWith(t, k, byLines+"<batch-window>2</batch-window>").Produce(t.Context(), sdkMessage("a\nb\nc\nd\ne"))
	if err == nil || !strings.Contains(err.Error(), "ResourceNotFoundException: no stream; create the stream") || !strings.Contains(err.Error(), "(2 records of the message are stored)") || requests != 2 {
		t.Errorf("%d requests, %v", requests, err)
	}
	err = sdkWith(t, k, byLines).Produce(t.Context(), sdkMessage("a\n!"))
	if err == nil || !strings.Contains(err.Error(), "no line") || requests != 2 {
		t.Errorf("%d requests, %v", requests, err)
	}
}
