package producer

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
	"github.com/adapterd/adapterd/pkg/message"
)

// engine is a connection to a server of the test.
type engine struct{ *kpl.Producer }

func (engine) ConnectionID() string { return "engine" }

func connectedTo(t *testing.T, s *kinesislocal.Server) engine {
	t.Helper()
	config := kpl.DefaultConfig()
	config.Region, config.KinesisEndpoint, config.MetricsLevel = "us-east-1", s.URL(), kpl.MetricsNone
	config.Credentials = credentials.NewStaticCredentialsProvider("a", "s", "")
	p, err := kpl.New(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return engine{p}
}

// received lists the user records of a stream as key=data.
func received(t *testing.T, s *kinesislocal.Server, stream string) map[string]string {
	t.Helper()
	got := make(map[string]string)
	for _, r := range s.Records(stream) {
		users, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			got[r.PartitionKey] = string(r.Data)
		}
		for _, u := range users {
			got[u.PartitionKey] = string(u.Data)
		}
	}
	return got
}

func TestMessagesArriveUnderTheirKeys(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"orders-new": 2}})
	k := connectedTo(t, s)
	for _, class := range []string{"aws-kinesis-stream-producer", "aws-kinesis-synchronous-stream-producer"} {
		t.Run(class, func(t *testing.T) {
			p := connected(t, `<producer class="`+class+`"><stream>
				%env{STREAM}-%message{type} </stream><partition-key>%message{key}</partition-key></producer>`, k)
			for name, c := range map[string]struct{ key, payload, err string }{
				"plain":               {class, "a", ""},
				"blanks are a key":    {"  k ", "b", ""},
				"empty payload":       {class + "-empty", "", ""},
				"256 of any alphabet": {strings.Repeat("ä", 256), "c", ""},
				"257":                 {strings.Repeat("k", 257), "d", "partition key"},
				"empty":               {"", "e", "<partition-key> %message{key} of " + class + " is empty for this message"},
				"too large":           {"large", strings.Repeat("x", 1048577), "1048576"},
			} {
				t.Run(name, func(t *testing.T) {
					m := message.New([]byte(c.payload))
					m.SetMetadata("type", "new")
					m.SetMetadata("key", c.key)
					ended := make(chan error, 1)
					m.SetDelivery(message.NewDelivery(func(err error) { ended <- err }))
					m.Delivery().Release(p.Produce(t.Context(), m))
					err := <-ended
					if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
						t.Fatalf("got %v, want %q", err, c.err)
					}
					got, arrived := received(t, s, "orders-new")[c.key]
					if arrived != (c.err == "") || arrived && got != c.payload {
						t.Errorf("arrived %v, %q", arrived, got)
					}
				})
			}
		})
	}
}

func TestExplicitHashKeyChoosesTheShard(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 2}})
	p := connected(t, `<producer class="aws-kinesis-synchronous-stream-producer"><stream>events</stream><partition-key>same</partition-key><explicit-hash-key>%message{hash}</explicit-hash-key></producer>`, connectedTo(t, s))
	for hash, want := range map[string]string{"0": "shardId-000000000000", "340282366920938463463374607431768211455": "shardId-000000000001"} {
		m := testMessage("hash", hash)
		if err := p.Produce(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if shard, _ := m.Metadata("kinesisShardId"); shard != want {
			t.Errorf("%s went to %s", hash, shard)
		}
	}
	if err := p.Produce(t.Context(), testMessage("hash", "x")); err == nil || !strings.Contains(err.Error(), "explicitHashKey") {
		t.Errorf("no number: %v", err)
	}
}

func TestFailedRecordReachesTheErrorHandlerWithItsAttempts(t *testing.T) {
	for _, class := range []string{"aws-kinesis-stream-producer", "aws-kinesis-synchronous-stream-producer"} {
		s := kinesislocal.NewTest(t, kinesislocal.Options{})
		config := kpl.DefaultConfig()
		config.Region, config.KinesisEndpoint, config.MetricsLevel, config.FailIfThrottled = "us-east-1", s.URL(), kpl.MetricsNone, true
		config.Credentials = credentials.NewStaticCredentialsProvider("a", "s", "")
		k, err := kpl.New(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CreateStream("events", 1); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Inject(kinesislocal.Fault{RecordCode: "ProvisionedThroughputExceededException"}); err != nil {
			t.Fatal(err)
		}
		p := connected(t, `<producer class="`+class+`"><stream>events</stream><partition-key>%message{%uniqueId}</partition-key></producer>`, engine{k})
		m := testMessage()
		ended := make(chan error, 1)
		m.SetDelivery(message.NewDelivery(func(err error) { ended <- err }))
		m.Delivery().Release(p.Produce(t.Context(), m))
		err = <-ended
		if e, ok := errors.AsType[*kpl.RecordError](err); !ok || len(e.Attempts) == 0 {
			t.Fatalf("%s: %v", class, err)
		}
		message.Annotate(m, err)
		if codes, _ := m.Metadata("kinesisAttemptErrors"); !strings.HasPrefix(codes, "ProvisionedThroughputExceededException") {
			t.Errorf("%s: attempts %q", class, codes)
		}
		if _, err := k.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestSynchronousProducerGivesItsMessageBackWhenTheWorkflowStops(t *testing.T) {
	s := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 1}})
	if _, err := s.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: "ServiceUnavailable", Count: 1}); err != nil {
		t.Fatal(err)
	}
	p := connected(t, syncProducer, connectedTo(t, s))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Produce(ctx, testMessage("key", "k")); !errors.Is(err, component.ErrStopped) {
		t.Errorf("got %v", err)
	}
}
