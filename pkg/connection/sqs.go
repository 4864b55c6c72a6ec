package connection

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/adapterd/adapterd/pkg/component"
)

// SQS is a connection to Amazon SQS, for amazon-sqs-consumer and amazon-sqs-producer, which share its client. Requests are tried again as
// the retry policy says; errors of requests are worded and say what to do. It is safe for concurrent use.
type SQS struct {
	awsClient[*sqs.Client]
	ClientFactory SQSClientFactory `xml:"sqs-client-factory" default:"unbuffered-sqs-client-factory" doc:"how queues are read: as the queue says and 20 seconds at a time, or as a buffered-sqs-client-factory says"`

	urls queueURLs
}

const (
	// longestWait is how long SQS lets one request wait for messages; waitMargin is what the answer needs besides.
	longestWait = 20 * time.Second
	waitMargin  = 5 * time.Second
)

// Init makes the client.
func (s *SQS) Init(ctx context.Context) error { return s.open(ctx, s.newClient) }

// Start makes the client again when the connection was stopped; after Init there is one.
func (s *SQS) Start(ctx context.Context) error { return s.open(ctx, s.newClient) }

func (s *SQS) newClient(sdk aws.Config) *sqs.Client {
	return sqs.NewFromConfig(sdk, func(o *sqs.Options) {
		if retryer := s.retries(); retryer.MaxAttempts() > 1 {
			o.Retryer = retryer
		}
	})
}

// Receiving is how long a request may wait for messages, in whole seconds, and how long messages that it got are not given to others; zero
// leaves the latter to the queue.
func (s *SQS) Receiving() (wait, visibility time.Duration) {
	wait, visibility = s.ClientFactory.receiving()
	if bound := s.settings.config.RequestTimeout; bound > 0 {
		wait = min(wait, max(0, bound-waitMargin).Truncate(time.Second))
	}
	return wait, visibility
}

// SendMessage sends a message to a queue.
func (s *SQS) SendMessage(ctx context.Context, in *sqs.SendMessageInput, at ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	client, err := s.session()
	if err != nil {
		return nil, err
	}
	out, err := client.SendMessage(ctx, in, at...)
	return out, s.worded("SendMessage", in.QueueUrl, err)
}

// ReceiveMessage asks a queue for messages.
func (s *SQS) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, at ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	client, err := s.session()
	if err != nil {
		return nil, err
	}
	out, err := client.ReceiveMessage(ctx, in, at...)
	return out, s.worded("ReceiveMessage", in.QueueUrl, err)
}

// DeleteMessageBatch deletes up to ten messages; some of them may fail by themselves.
func (s *SQS) DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, at ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	client, err := s.session()
	if err != nil {
		return nil, err
	}
	out, err := client.DeleteMessageBatch(ctx, in, at...)
	return out, s.worded("DeleteMessage", in.QueueUrl, err)
}

// ChangeMessageVisibilityBatch says anew how long up to ten messages are not given to others; some of them may fail by themselves.
func (s *SQS) ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, at ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	client, err := s.session()
	if err != nil {
		return nil, err
	}
	out, err := client.ChangeMessageVisibilityBatch(ctx, in, at...)
	return out, s.worded("ChangeMessageVisibility", in.QueueUrl, err)
}

// GetQueueAttributes asks a queue for its settings.
func (s *SQS) GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, at ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	client, err := s.session()
	if err != nil {
		return nil, err
	}
	out, err := client.GetQueueAttributes(ctx, in, at...)
	return out, s.worded("GetQueueAttributes", in.QueueUrl, err)
}

func init() {
	component.Register[SQS]("amazon-sqs-connection", "com.adaptris.aws.sqs.AmazonSQSConnection", component.KindConnection, "leads to Amazon SQS")
}
