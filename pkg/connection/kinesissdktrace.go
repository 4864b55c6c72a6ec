package connection

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	service "github.com/aws/aws-sdk-go-v2/service/kinesis"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/kpl/kplotel"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// followRequest begins the records of a request, all of one message, as one. What it returns is called with the answer; nil if nobody follows
// the message.
func followRequest(ctx context.Context, in *service.PutRecordsInput) func(*service.PutRecordsOutput, error) {
	journey := telemetry.JourneyOf(ctx)
	if journey == nil {
		return nil
	}
	stream := aws.ToString(in.StreamName) + aws.ToString(in.StreamARN) // one of them
	sent := telemetry.Sent{System: kinesisSystem, Destination: stream, DestinationKey: kplotel.StreamKey, Records: len(in.Records)}
	for _, e := range in.Records {
		sent.Bytes += len(e.Data)
	}
	if len(in.Records) == 1 {
		sent.PartitionKey = aws.ToString(in.Records[0].PartitionKey)
	}
	record := journey.Record(sent)
	return func(out *service.PutRecordsOutput, err error) { record.End(answered(out, err)) }
}

// answered is the outcome of a request whose records belong to one message.
func answered(out *service.PutRecordsOutput, err error) telemetry.Outcome {
	o := telemetry.Outcome{Err: err, Attempts: 1}
	if err != nil {
		o.Code, _, _ = kpl.Cause(err)
		return o
	}
	if id, ok := middleware.GetRequestIDMetadata(out.ResultMetadata); ok {
		o.More = append(o.More, semconv.AWSRequestID(id))
	}
	for _, r := range out.Records {
		switch code := aws.ToString(r.ErrorCode); {
		case code == "":
			o.Stored++
		case o.Err == nil:
			o.Code, o.Err = code, fmt.Errorf("%s: %s", code, aws.ToString(r.ErrorMessage))
		}
	}
	if o.Err == nil && len(out.Records) == 1 {
		r := out.Records[0]
		shard := aws.ToString(r.ShardId)
		o.More = append(o.More, kplotel.ShardKey.String(shard), semconv.MessagingDestinationPartitionID(shard), sequenceKey.String(aws.ToString(r.SequenceNumber)))
	}
	return o
}
