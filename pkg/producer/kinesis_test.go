package producer

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// fakeKinesis takes records and ends them as the test says.
type fakeKinesis struct {
	refuse error // of Put and PutSync

	mu      sync.Mutex
	records []kpl.Record
	done    []func(kpl.Result)

	result kpl.Result // of PutSync
	err    error
}

func (*fakeKinesis) ConnectionID() string { return "fake" }

func (f *fakeKinesis) Put(_ context.Context, r kpl.Record, done func(kpl.Result)) error {
	if f.refuse != nil {
		return f.refuse
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.records, f.done = append(f.records, r), append(f.done, done)
	return nil
}

func (f *fakeKinesis) PutSync(_ context.Context, r kpl.Record) (kpl.Result, error) {
	if f.refuse != nil {
		return kpl.Result{}, f.refuse
	}
	f.records = append(f.records, r)
	return f.result, f.err
}

func connected(t testing.TB, xml string, k Kinesis) component.Producer {
	t.Helper()
	p := mustDecode[component.Producer](t, xml)
	if err := p.(component.Connectable).Connect(k.(component.Connection)); err != nil {
		t.Fatal(err)
	}
	return p
}

// outcome is what a message's source learns.
func outcome(m *message.Message) func() (error, bool) {
	var mu sync.Mutex
	var err error
	var done bool
	m.SetDelivery(message.NewDelivery(func(e error) {
		mu.Lock()
		defer mu.Unlock()
		err, done = e, true
	}))
	return func() (error, bool) {
		mu.Lock()
		defer mu.Unlock()
		return err, done
	}
}

const (
	streamProducer = `<producer class="aws-kinesis-stream-producer"><stream>%message{prefix}events </stream><partition-key>%message{key}</partition-key></producer>`
	syncProducer   = `<producer class="aws-kinesis-synchronous-stream-producer"><stream>events</stream><partition-key>%message{key}</partition-key></producer>`
)

func testMessage(metadata ...string) *message.Message {
	m := message.New([]byte(`{"id":"7"}`))
	for i := 0; i < len(metadata); i += 2 {
		m.SetMetadata(metadata[i], metadata[i+1])
	}
	return m
}

func TestProducersRefuseWhatCanNotWork(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no stream": {`<producer class="aws-kinesis-stream-producer"><partition-key>k</partition-key></producer>`,
			"test.xml:1:1: aws-kinesis-stream-producer has no <stream>, which it needs; add it, such as <stream>events</stream>"},
		"blank partition key": {`<producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key> </partition-key></producer>`,
			"<partition-key> of aws-kinesis-stream-producer is blank; give it a value such as %message{customerId}"},
		"partition key that the environment makes blank": {`<producer class="com.adaptris.aws.kinesis.KinesisSynchronousStreamProducer"><stream>s</stream><partition-key>%env{BLANK}</partition-key></producer>`,
			"<partition-key> of aws-kinesis-synchronous-stream-producer is blank; give it a value such as %message{customerId}"},
		"encoder": {`<producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>k</partition-key><encoder class="mime-encoder"/></producer>`,
			"<encoder> of aws-kinesis-stream-producer is known to Interlok, not supported here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decode[component.Producer](t, c.xml)
			if !strings.Contains(problems, c.want) {
				t.Errorf("got  %s\nwant %s", problems, c.want)
			}
		})
	}
}

func TestConnectNamesTheConnectionsThatWouldDo(t *testing.T) {
	p := mustDecode[component.Producer](t, syncProducer)
	err := p.(component.Connectable).Connect(nil)
	for _, want := range []string{"aws-kinesis-synchronous-stream-producer", "aws-kinesis-kpl-inline-connection", "aws-kinesis-kpl-connection-from-properties"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
	if err := p.Produce(t.Context(), testMessage("key", "k")); err == nil || !strings.Contains(err.Error(), "has no connection") {
		t.Errorf("without connection: %v", err)
	}
}

func TestRecordIsResolvedPerMessage(t *testing.T) {
	xml := `<producer class="aws-kinesis-stream-producer"><stream> %env{STREAM}-%message{type}
		</stream><partition-key>  %payload{jsonpath:$.id} </partition-key><explicit-hash-key>%message{hash}</explicit-hash-key></producer>`
	k := &fakeKinesis{}
	p := connected(t, xml, k)
	if err := p.Produce(t.Context(), testMessage("type", "new", "hash", "12")); err != nil {
		t.Fatal(err)
	}
	got := k.records[0]
	got.Stream = strings.TrimSpace(got.Stream) // the engine does
	want := kpl.Record{Stream: "orders-new", PartitionKey: "  7 ", ExplicitHashKey: "12", Data: []byte(`{"id":"7"}`)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	err := p.Produce(t.Context(), testMessage("hash", "12"))
	if err == nil || !strings.Contains(err.Error(), "<stream> of aws-kinesis-stream-producer") || !strings.Contains(err.Error(), "[type]") {
		t.Errorf("missing metadata: %v", err)
	}
}

func TestStreamProducerAcknowledgesOnlyWithTheResult(t *testing.T) {
	failed := &kpl.RecordError{Stream: "events", Code: "Expired", Message: "too old", Attempts: []kpl.Attempt{
		{ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "slow"}, {ErrorCode: "Expired", ErrorMessage: "too old"}}}
	for name, c := range map[string]struct {
		result kpl.Result
		check  func(error) bool
	}{
		"stored": {kpl.Result{ShardID: "s"}, func(err error) bool { return err == nil }},
		"failed": {kpl.Result{Err: failed}, func(err error) bool {
			e, ok := errors.AsType[*kpl.RecordError](err)
			return ok && e == failed && !errors.Is(err, component.ErrStopped)
		}},
		"given up because the connection stops": {kpl.Result{Err: kpl.ErrClosed}, func(err error) bool { return errors.Is(err, component.ErrStopped) }},
	} {
		t.Run(name, func(t *testing.T) {
			k := &fakeKinesis{}
			p := connected(t, streamProducer, k)
			m := testMessage("prefix", "", "key", "k")
			learned := outcome(m)
			if err := p.Produce(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			m.Delivery().Release(nil) // the workflow is done with it
			if _, done := learned(); done {
				t.Fatal("the source learned an outcome before there was one")
			}
			k.done[0](c.result)
			if err, done := learned(); !done || !c.check(err) {
				t.Errorf("outcome %v, %v", err, done)
			}
		})
	}
}

func TestFailureTellsTheMessageItsAttempts(t *testing.T) {
	k := &fakeKinesis{}
	p := connected(t, streamProducer, k)
	m := testMessage("prefix", "", "key", "k")
	learned := outcome(m)
	if err := p.Produce(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	m.Delivery().Release(nil)
	k.done[0](kpl.Result{Err: &kpl.RecordError{Code: "Expired", Message: "too old", Attempts: []kpl.Attempt{{ErrorCode: "Throttled"}, {ErrorCode: "Expired"}}}})
	err, _ := learned()
	message.Annotate(m, err)
	for key, want := range map[string]string{"kinesisAttempts": "2", "kinesisErrorCode": "Expired", "kinesisErrorMessage": "too old", "kinesisAttemptErrors": "Throttled,Expired"} {
		if got, _ := m.Metadata(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestRefusedRecordFailsItsMessageOnly(t *testing.T) {
	for name, c := range map[string]struct {
		refuse  error
		key     string
		want    string
		stopped bool
	}{
		"empty key":      {errors.New("invalid partition key, got 0"), "", "<partition-key> %message{key} of aws-kinesis-stream-producer is empty for this message", false},
		"key too long":   {errors.New("invalid partition key, got 257"), strings.Repeat("k", 257), "got 257", false},
		"engine closed":  {kpl.ErrClosed, "k", "closed", true},
		"connection off": {component.ErrStopped, "k", "stopped", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := connected(t, streamProducer, &fakeKinesis{refuse: c.refuse})
			m := testMessage("prefix", "", "key", c.key)
			learned := outcome(m)
			err := p.Produce(t.Context(), m)
			if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, component.ErrStopped) != c.stopped {
				t.Errorf("got %v", err)
			}
			m.Delivery().Release(err)
			if got, done := learned(); !done || !errors.Is(got, err) {
				t.Errorf("the source learned %v, %v", got, done)
			}
		})
	}
}

func TestFailureOfAMessageThatNobodyWaitsForIsLogged(t *testing.T) {
	core, logs := observer.New(zap.ErrorLevel)
	ctx := component.WithLogger(t.Context(), zap.New(core))
	k := &fakeKinesis{}
	p := connected(t, streamProducer, k)
	m := testMessage("prefix", "", "key", "k")
	if err := p.Produce(ctx, m); err != nil {
		t.Fatal(err)
	}
	k.done[0](kpl.Result{Err: errors.New("lost")})
	if logs.Len() != 1 || logs.All()[0].ContextMap()["message"] != m.ID() {
		t.Errorf("logged %v", logs.All())
	}
}

func TestSynchronousProducerLogsTheResultInInterloksWords(t *testing.T) {
	attempts := []kpl.Attempt{
		{Delay: 3 * time.Millisecond, Duration: 20 * time.Millisecond, ErrorCode: "Throttled", ErrorMessage: "slow down"},
		{Delay: 50 * time.Millisecond, Duration: 7 * time.Millisecond, Success: true},
	}
	failed := &kpl.RecordError{Code: "Throttled", Attempts: attempts[:1]}
	for name, c := range map[string]struct {
		kinesis *fakeKinesis
		fails   bool
		lines   []string
	}{
		"stored": {&fakeKinesis{result: kpl.Result{ShardID: "shardId-000000000002", SequenceNumber: "495", Attempts: attempts}}, false, []string{
			"KPL Result: isSuccessful [true], sequenceNumber [495], shardId [shardId-000000000002], attempts [2]",
			"Attempt [1]: delay [3], duration [20], error code [Throttled], error message [slow down]",
			"Attempt [2]: delay [50], duration [7], error code [null], error message [null]",
		}},
		"failed": {&fakeKinesis{err: failed}, true, []string{
			"KPL Result: isSuccessful [false], sequenceNumber [null], shardId [null], attempts [1]",
			"Attempt [1]: delay [3], duration [20], error code [Throttled], error message [slow down]",
		}},
		"failed in the result": {&fakeKinesis{result: kpl.Result{Err: failed}}, true, []string{
			"KPL Result: isSuccessful [false], sequenceNumber [null], shardId [null], attempts [1]",
			"Attempt [1]: delay [3], duration [20], error code [Throttled], error message [slow down]",
		}},
		"refused": {&fakeKinesis{refuse: errors.New("too large")}, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			core, logs := observer.New(trace)
			p := connected(t, syncProducer, c.kinesis)
			m := testMessage("key", "k")
			err := p.Produce(component.WithLogger(t.Context(), zap.New(core)), m)
			if (err != nil) != c.fails {
				t.Fatal(err)
			}
			var lines []string
			for i, e := range logs.All() {
				lines = append(lines, e.Message)
				if want := zap.DebugLevel; i == 0 && e.Level != want {
					t.Errorf("result logged at %v", e.Level)
				} else if i > 0 && e.Level != trace {
					t.Errorf("attempt logged at %v", e.Level)
				}
			}
			if diff := cmp.Diff(c.lines, lines); diff != "" {
				t.Error(diff)
			}
			if e, ok := errors.AsType[*kpl.RecordError](err); name == "failed" && (!ok || e != failed) {
				t.Errorf("the record's error is not in %v", err)
			}
			shard, _ := m.Metadata("kinesisShardId")
			sequence, _ := m.Metadata("kinesisSequenceNumber")
			count, _ := m.Metadata("kinesisAttempts")
			if got := shard + " " + sequence + " " + count; !c.fails && got != "shardId-000000000002 495 2" {
				t.Errorf("metadata %s", got)
			}
		})
	}
}

// What the asynchronous producer allocates per message besides the engine and the expression.
func BenchmarkStreamProducer(b *testing.B) {
	for name, key := range map[string]string{"metadata": "%message{key}", "jsonpath": "%payload{jsonpath:$.id}", "mixed": "device-%message{key}"} {
		b.Run(name, func(b *testing.B) {
			p := connected(b, `<producer class="aws-kinesis-stream-producer"><stream>events</stream><partition-key>`+key+`</partition-key></producer>`, discard{})
			payload := []byte(`{"id":"customer-7","amount":12.50,"lines":[1,2,3]}`)
			m := message.New(payload)
			m.SetMetadata("key", "customer-7")
			b.ReportAllocs()
			for b.Loop() {
				m.SetPayload(payload)
				m.SetDelivery(nothing)
				if err := p.Produce(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestStreamProducerAllocatesOneCallbackAndTheKey(t *testing.T) {
	p := connected(t, `<producer class="aws-kinesis-stream-producer"><stream>events</stream><partition-key>%payload{jsonpath:$.id}</partition-key></producer>`, discard{})
	payload := []byte(`{"id":"customer-7","amount":12.50}`)
	m := message.New(payload)
	m.SetDelivery(nothing)
	ctx := t.Context()
	got := testing.AllocsPerRun(1000, func() {
		m.SetPayload(payload)
		if err := p.Produce(ctx, m); err != nil {
			t.Fatal(err)
		}
	})
	if got > 2 {
		t.Errorf("%v allocations per message", got)
	}
}

// nothing is a delivery that nobody closes.
var nothing = message.NewDelivery(func(error) {})

// discard is a connection that stores every record at once.
type discard struct{}

func (discard) ConnectionID() string { return "" }
func (discard) Put(_ context.Context, _ kpl.Record, done func(kpl.Result)) error {
	done(kpl.Result{})
	return nil
}
func (discard) PutSync(context.Context, kpl.Record) (kpl.Result, error) { return kpl.Result{}, nil }
