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

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
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
