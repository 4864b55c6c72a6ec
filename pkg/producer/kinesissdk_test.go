package producer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
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

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/connection"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

const sdkProducer = `<producer class="aws-kinesis-sdk-stream-producer"><stream> %message{prefix}events </stream><partition-key>%message{key}</partition-key>%s</producer>`

// linesSplitter cuts a payload at its line feeds.
type linesSplitter struct{ phases []string }

func (*linesSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	for line := range strings.SplitSeq(string(m.Payload()), "\n") {
		if line == "!" {
			return errors.New("no line")
		}
		part := m.Child([]byte(line))
		if key, _, ok := strings.Cut(line, "="); ok {
			part.SetMetadata("key", key)
		}
		if err := yield(part); err != nil {
			return fmt.Errorf("split: %w", err)
		}
	}
	return nil
}

func (l *linesSplitter) Init(context.Context) error { l.phases = append(l.phases, "init"); return nil }
func (l *linesSplitter) Start(context.Context) error {
	l.phases = append(l.phases, "start")
	return nil
}
func (l *linesSplitter) Stop(context.Context) error { l.phases = append(l.phases, "stop"); return nil }

func init() {
	component.Register[linesSplitter]("test-lines-splitter", "", component.KindSplitter, "")
}

const byLines = `<request-builder class="aws-kinesis-splitting-request-builder"><message-splitter class="test-lines-splitter"/></request-builder>`

// sdkOn is a producer with the real connection to a server.
func sdkOn(t *testing.T, s *kinesislocal.Server, elements, policy string) component.Producer {
	t.Helper()
	c := mustDecode[*connection.KinesisSDK](t, `<connection class="aws-kinesis-sdk-connection">`+policy+`</connection>`)
	c.Redirect(s.URL())
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return sdkWith(t, c, elements)
}

func sdkWith(t *testing.T, c component.Connection, elements string) component.Producer {
	t.Helper()
	p := mustDecode[component.Producer](t, strings.Replace(sdkProducer, "%s", elements, 1))
	if err := p.(component.Connectable).Connect(c); err != nil {
		t.Fatal(err)
	}
	return p
}

func puts(s *kinesislocal.Server) (n int) {
	for _, r := range s.Requests() {
		if r.Operation == "PutRecords" {
			n++
		}
	}
	return n
}

func sdkMessage(payload string) *message.Message {
	m := message.New([]byte(payload))
	m.SetMetadata("key", "k")
	m.SetMetadata("prefix", "")
	return m
}

func TestSDKProducerSendsPlainRecords(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 2}})
	p := sdkOn(t, s, "", "")
	for _, payload := range []string{"plain", ""} {
		m := sdkMessage(payload)
		if err := p.Produce(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		records := s.Records("events")
		last := records[len(records)-1]
		sequence, _ := m.Metadata("kinesisSequenceNumber")
		shard, _ := m.Metadata("kinesisShardId")
		attempts, _ := m.Metadata("kinesisAttempts")
		if string(last.Data) != payload || last.PartitionKey != "k" || last.SequenceNumber != sequence || last.ShardID != shard || attempts != "1" {
			t.Errorf("stored %+v; told shard %s, sequence number %s, attempts %s", last, shard, sequence, attempts)
		}
	}
}

func TestSDKProducerSendsPartsInBatches(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 1}})
	var lines []string
	for i := range 25 {
		lines = append(lines, fmt.Sprintf("key%d=%d", i%5, i))
	}
	whole := 0
	for window, requests := range map[string]int{"<batch-window>10</batch-window>": 3, "": 1, "<batch-window>0</batch-window>": 25} {
		before := puts(s)
		p := sdkOn(t, s, byLines+window, "")
		m := sdkMessage(strings.Join(lines, "\n"))
		if err := p.Produce(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if got := puts(s) - before; got != requests {
			t.Errorf("%s: %d requests, want %d", window, got, requests)
		}
		if _, told := m.Metadata("kinesisShardId"); told {
			t.Error("a message of many records was told of a shard")
		}
		records := s.Records("events")[whole:]
		whole += len(records)
		var got []string
		for _, r := range records {
			if key, _, _ := strings.Cut(string(r.Data), "="); key != r.PartitionKey {
				t.Errorf("%s has partition key %s", r.Data, r.PartitionKey)
			}
			got = append(got, string(r.Data))
		}
		if diff := cmp.Diff(lines, got); diff != "" {
			t.Errorf("%s: stored:\n%s", window, diff)
		}
	}
}

func TestSDKProducerCutsRequestsAtTheirSize(t *testing.T) {
	var sizes []int
	k := &scriptedKinesis{answer: func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
		bytes := 0
		for _, r := range in.Records {
			bytes += len(r.Data) + len(*r.PartitionKey)
		}
		sizes = append(sizes, len(in.Records))
		if bytes > requestBytes && len(in.Records) > 1 {
			t.Errorf("%d bytes in one request", bytes)
		}
		return storeAll(in), nil
	}}
	p := sdkWith(t, k, byLines)
	line := strings.Repeat("x", 2<<20)
	large := strings.Repeat("y", 6<<20) // more than a request's share: the service may take it, alone
	if err := p.Produce(t.Context(), sdkMessage(strings.Join([]string{line, line, line, large, line}, "\n"))); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{2, 1, 1, 1}, sizes); diff != "" {
		t.Error(diff)
	}
	sizes = nil
	p = sdkWith(t, k, byLines)
	p.(*KinesisSDK).window = requestRecords
	if err := p.Produce(t.Context(), sdkMessage(strings.Repeat("l\n", 1200)+"l")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{500, 500, 201}, sizes); diff != "" {
		t.Error(diff)
	}
}

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

func TestSDKProducerOverTheWire(t *testing.T) {
	for name, c := range map[string]struct {
		fault  kinesislocal.Fault
		policy string
		code   string
		maybe  bool
		puts   int
	}{
		"throttled records heal":      {kinesislocal.Fault{RecordCode: "ProvisionedThroughputExceededException", Count: 2}, "", "", false, 3},
		"a fault of the service":      {kinesislocal.Fault{Code: "InternalFailure", Count: 1}, "", "", false, 2},
		"a cut connection":            {kinesislocal.Fault{Cut: kinesislocal.CutBefore, Count: 1}, "", "", false, 2},
		"a cut answer":                {kinesislocal.Fault{Answer: kinesislocal.AnswerTruncated, Count: 1}, "", "", false, 2},
		"nothing is tried again":      {kinesislocal.Fault{Code: "InternalFailure", Count: 1}, `<retry-policy class="aws-default-retry-policy-factory"><retry-policy>NONE</retry-policy></retry-policy>`, "InternalFailure", true, 1},
		"lost answer, not tried more": {kinesislocal.Fault{Cut: kinesislocal.CutAfter}, `<client-configuration><key-value-pair><key>MaxErrorRetry</key><value>1</value></key-value-pair></client-configuration>`, "ConnectionReset", true, 2},
		"no stream":                   {kinesislocal.Fault{Code: "ResourceNotFoundException"}, "", "ResourceNotFoundException", false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 1}})
			if _, err := s.Inject(c.fault); err != nil {
				t.Fatal(err)
			}
			m := sdkMessage("data")
			err := sdkOn(t, s, "", c.policy).Produce(t.Context(), m)
			if got := puts(s); got != c.puts {
				t.Errorf("%d requests, want %d", got, c.puts)
			}
			if c.code == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if failed, ok := errors.AsType[*kpl.RecordError](err); !ok || failed.Code != c.code || failed.MayBeStored != c.maybe {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSDKProducerGivesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		k := &scriptedKinesis{answer: func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			return refuseRecords(in, map[string]string{"a": "InternalFailure", "": "ProvisionedThroughputExceededException", "data": "ProvisionedThroughputExceededException"}), nil
		}}
		p := sdkWith(t, k, "")
		ended := make(chan error)
		go func() { ended <- p.Produce(ctx, sdkMessage("data")) }()
		synctest.Wait()
		cancel()
		if err := <-ended; !errors.Is(err, component.ErrStopped) {
			t.Errorf("while it waits to try again: %v", err)
		}
		k.answer = func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return nil, context.Canceled }
		if err := p.Produce(ctx, sdkMessage("data")); !errors.Is(err, component.ErrStopped) {
			t.Errorf("in a request: %v", err)
		}
		k.answer = func(*kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
			return nil, fmt.Errorf("not started: %w", component.ErrStopped)
		}
		if err := p.Produce(t.Context(), sdkMessage("data")); !errors.Is(err, component.ErrStopped) {
			t.Errorf("a connection that is stopped: %v", err)
		}
	})
}

func TestSDKProducerRefusals(t *testing.T) {
	k := &scriptedKinesis{answer: func(in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) { return storeAll(in), nil }}
	p := sdkWith(t, k, "")
	for name, c := range map[string]struct {
		change func(*message.Message)
		want   string
	}{
		"empty key": {func(m *message.Message) { m.SetMetadata("key", "") }, "<partition-key> %message{key} of aws-kinesis-sdk-stream-producer is empty for this message"},
		"long key":  {func(m *message.Message) { m.SetMetadata("key", strings.Repeat("k", 257)) }, "at most 256 characters"},
		"too large": {func(m *message.Message) { m.SetPayload(make([]byte, largestKinesis+1)) }, `can not send the message to stream "events"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := sdkMessage("data")
			c.change(m)
			if err := p.Produce(t.Context(), m); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	for name, c := range map[string]struct{ xml, want string }{
		"blank key":   {`<producer class="aws-kinesis-sdk-stream-producer"><stream>s</stream><partition-key> </partition-key></producer>`, "<partition-key> of aws-kinesis-sdk-stream-producer is blank"},
		"one shard":   {`<producer class="aws-kinesis-sdk-stream-producer"><stream>s</stream><partition-key>k</partition-key></producer>`, "all records go to one shard"},
		"window":      {strings.Replace(sdkProducer, "%s", "<batch-window>501</batch-window>", 1), "requests have 500 records"},
		"no splitter": {strings.Replace(sdkProducer, "%s", `<request-builder class="aws-kinesis-splitting-request-builder"/>`, 1), "has no <message-splitter>, which it needs"},
		"encoder":     {strings.Replace(sdkProducer, "%s", `<encoder class="mime-encoder"/>`, 1), "known to Interlok, not supported here"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decode[component.Producer](t, c.xml); !strings.Contains(problems, c.want) {
				t.Errorf("got %s", problems)
			}
		})
	}
	if err := p.(component.Connectable).Connect(&fakeKinesis{}); err == nil || !strings.Contains(err.Error(), "needs an aws-kinesis-sdk-connection, and has nothing") {
		t.Errorf("another connection: %v", err)
	}
	if err := new(KinesisSDK).Produce(t.Context(), sdkMessage("")); err == nil || !strings.Contains(err.Error(), "use aws-kinesis-sdk-connection") {
		t.Errorf("no connection: %v", err)
	}
}

func TestSDKProducerForwardsItsLifecycle(t *testing.T) {
	p := sdkWith(t, &scriptedKinesis{}, byLines)
	l := p.(component.Lifecycle)
	if err := errors.Join(l.Init(t.Context()), l.Start(t.Context()), l.Stop(t.Context())); err != nil {
		t.Error(err)
	}
	got := p.(*KinesisSDK).Builder.(*SplittingRequestBuilder).Splitter.(*linesSplitter).phases
	if diff := cmp.Diff([]string{"init", "start", "stop"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProducersToAWSHaveTheFieldsOfInterlok(t *testing.T) {
	for _, alias := range []string{"aws-kinesis-sdk-stream-producer", "aws-kinesis-default-request-builder", "aws-kinesis-splitting-request-builder", "amazon-sqs-producer"} {
		entry, ok := component.Catalog(alias)
		described, registered := component.Describe(alias)
		if !ok || !registered || described.Class != entry.Class {
			t.Errorf("%s: %+v, %+v", alias, entry, described)
		}
		known := map[string]bool{"encoder": true} // refused: payloads would go out as they are
		for _, f := range described.Fields {
			known[f.Element] = true
		}
		for _, f := range entry.Fields {
			name := f.Name
			if f.Item != "" {
				name = f.Item
			}
			if !known[name] {
				t.Errorf("<%s> of %s is missing; there are %v", name, alias, slices.Sorted(maps.Keys(known)))
			}
		}
	}
}
