package producer

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// KinesisRequests is what aws-kinesis-sdk-stream-producer needs of a connection. It must be safe for concurrent use.
type KinesisRequests interface {
	// PutRecords sends one request, once.
	PutRecords(ctx context.Context, in *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error)
	// Retries says whether, how often and when to try again.
	Retries() aws.Retryer
}

// The limits of a PutRecords request, from its API reference; a larger record goes alone, and the service says whether its stream takes it.
const (
	requestRecords  = 500
	requestBytes    = 5 << 20
	largestKinesis  = 10 << 20
	defaultSDKBatch = "100"
)

// KinesisSDK sends each message to Kinesis in requests of its own, as plain records, and waits for the answer. Interlok's takes every
// answer for success and the partition key as it stands; here each record must be stored, and the key is resolved for each record.
type KinesisSDK struct {
	identity
	Stream       *expr.Template `xml:"stream,required" example:"events" doc:"stream name or ARN; resolved per message, blanks around it are dropped"`
	PartitionKey *expr.Template `xml:"partition-key,required" example:"%message{customerId}" doc:"partition key, 1 to 256 characters; resolved per record, taken as it is"`
	Builder      RequestBuilder `xml:"request-builder" default:"aws-kinesis-default-request-builder" doc:"the records of a message: one, or as many as it has parts"`
	BatchWindow  int            `xml:"batch-window" default:"100" min:"0" doc:"records of one request at most; Kinesis takes 500, and 5 MiB"`

	MessageFactory string `xml:"message-factory" effect:"none" doc:"accepted for compatibility"`

	connection KinesisRequests
	window     int
}

// Check refuses what is blank whatever the message, and warns of one shard and of requests that Kinesis would not take.
func (p *KinesisSDK) Check(r *component.Report) {
	fields := record{Stream: p.Stream, PartitionKey: p.PartitionKey}
	fields.Check(r)
	p.window = min(max(p.BatchWindow, 1), requestRecords)
	if p.BatchWindow > requestRecords {
		r.Warnf("batch-window", "bad-value", "is %d; requests have %d records, the most that Kinesis takes", p.BatchWindow, requestRecords)
	}
}

// Connect takes the connection, which must make requests to Kinesis.
func (p *KinesisSDK) Connect(c component.Connection) error {
	k, ok := c.(KinesisRequests)
	if !ok {
		return fmt.Errorf("aws-kinesis-sdk-stream-producer needs an aws-kinesis-sdk-connection, and has %s", nameOf(c))
	}
	p.connection = k
	return nil
}

func nameOf(c component.Connection) string {
	if alias := component.AliasOf(c); alias != "" {
		return alias
	}
	return "nothing"
}

// Init forwards to the request builder.
func (p *KinesisSDK) Init(ctx context.Context) error { return component.Init(ctx, p.Builder) }

// Start forwards to the request builder.
func (p *KinesisSDK) Start(ctx context.Context) error { return component.Start(ctx, p.Builder) }

// Stop forwards to the request builder.
func (p *KinesisSDK) Stop(ctx context.Context) error { return component.Stop(ctx, p.Builder) }

// Produce returns when all records of the message are stored, or one has failed for good; those after its request are not sent then. A
// message that is one record is told where it is.
func (p *KinesisSDK) Produce(ctx context.Context, m *message.Message) error {
	if p.connection == nil {
		return fmt.Errorf("aws-kinesis-sdk-stream-producer has no connection; use aws-kinesis-sdk-connection")
	}
	stream, err := p.Stream.Resolve(m)
	if err != nil {
		return fmt.Errorf("<stream> of aws-kinesis-sdk-stream-producer: %w", err)
	}
	requests := sdkRequests{producer: p, stream: strings.TrimSpace(stream)}
	err = p.Builder.records(m, func(part *message.Message) error { return requests.add(ctx, part) })
	if err == nil {
		err = requests.send(ctx)
	}
	if err != nil {
		err = failure(err)
		if requests.stored > 0 {
			return fmt.Errorf("%w (%d records of the message are stored)", err, requests.stored)
		}
		return err
	}
	component.Logger(ctx).Debug("message is stored", zap.String("stream", requests.stream), zap.Int("records", requests.stored))
	if requests.stored == 1 {
		stored(m, requests.last)
	}
	return nil
}

// sdkRequests gathers the records of one message and sends them, a request at a time.
type sdkRequests struct {
	producer *KinesisSDK
	stream   string
	entries  []types.PutRecordsRequestEntry
	bytes    int
	// stored counts records; last is the end of the latest.
	stored int
	last   kpl.Result
}

// sdkLimits checks records; the service decides how large those of a stream may be.
var sdkLimits = kpl.Config{MaxUserRecordSizeBytes: largestKinesis}

// add takes the record of a message or part, and sends the request that it does not fit into any more.
func (s *sdkRequests) add(ctx context.Context, part *message.Message) error {
	template := s.producer.PartitionKey
	key, err := template.Resolve(part)
	if err != nil {
		return fmt.Errorf("<partition-key> of aws-kinesis-sdk-stream-producer: %w", err)
	}
	data := part.Payload()
	if key == "" {
		return fmt.Errorf("<partition-key> %s of aws-kinesis-sdk-stream-producer is empty for this message; make sure that what it names is there", template.Text())
	}
	if _, err := sdkLimits.CheckRecord(kpl.Record{Stream: s.stream, PartitionKey: key, Data: data}); err != nil {
		return fmt.Errorf("aws-kinesis-sdk-stream-producer can not send the message to stream %q: %w", s.stream, err)
	}
	size := len(key) + len(data)
	if len(s.entries) >= s.producer.window || len(s.entries) > 0 && s.bytes+size > requestBytes {
		if err := s.send(ctx); err != nil {
			return err
		}
	}
	if data == nil {
		data = []byte{} // the SDK asks for data, which may be empty
	}
	s.entries = append(s.entries, types.PutRecordsRequestEntry{Data: data, PartitionKey: &key})
	s.bytes += size
	return nil
}

// send sends what is gathered.
func (s *sdkRequests) send(ctx context.Context) error {
	if len(s.entries) == 0 {
		return nil
	}
	put := sdkPut{connection: s.producer.connection, retries: s.producer.connection.Retries(), stream: s.stream}
	err := put.all(ctx, s.entries)
	s.stored += put.stored
	s.last = put.last
	s.entries, s.bytes = s.entries[:0], 0
	return err
}

func init() {
	component.Register[KinesisSDK]("aws-kinesis-sdk-stream-producer", "com.adaptris.aws.kinesis.KinesisSDKStreamProducer", component.KindProducer,
		"sends messages to a Kinesis stream in requests of their own and waits until each is stored")
}
