package consumer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// sqsQueues is what amazon-sqs-consumer needs of a connection. It must be safe for concurrent use.
type sqsQueues interface {
	// Queue finds a queue by name, for owner or else the account of the credentials, or takes its URL. fixed says that no message had part in
	// choosing it.
	Queue(ctx context.Context, queue, owner string, fixed bool) (url string, at []func(*sqs.Options), err error)
	// Receiving is how long a request may wait for messages, and how long they are not given to others; zero leaves the latter to the queue.
	Receiving() (wait, visibility time.Duration)
	ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, at ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error)
	DeleteMessageBatch(ctx context.Context, in *sqs.DeleteMessageBatchInput, at ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error)
	ChangeMessageVisibilityBatch(ctx context.Context, in *sqs.ChangeMessageVisibilityBatchInput, at ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error)
	GetQueueAttributes(ctx context.Context, in *sqs.GetQueueAttributesInput, at ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error)
}

// metadataSQSID is the id that SQS gave a message (Interlok: AmazonSQSConsumer).
const metadataSQSID = "SQSMessageID"

// SQS is Interlok's AmazonSQSConsumer: each poll takes messages from a queue until it is empty. A message is deleted when its outcome is
// known, not before, and while it is under way it is not given to others, however long that takes.
type SQS struct {
	polling
	Queue        string `xml:"queue,required" example:"orders" doc:"name or URL of the queue"`
	OwnerAccount string `xml:"owner-aws-account-id" example:"123456789012" doc:"AWS account that the queue belongs to, for a name; that of the credentials when not given"`
	Prefetch     int    `xml:"prefetch-count" default:"1" min:"1" max:"10" doc:"messages that one request asks for"`
	AlwaysDelete bool   `xml:"always-delete" default:"true" doc:"delete a message too that failed and that no error handler took; false leaves it to the queue, which gives it out again or to its dead-letter queue"`

	connection sqsQueues
	// work is from Start to Stop, and belongs to whoever calls these.
	work *sqsWork
}

// Check implements component.Checker.
func (s *SQS) Check(r *component.Report) {
	if _, ok := s.Poller.(*EventPoller); ok {
		r.Errorf("poller", "misplaced", "is fs-immediate-event-poller, which only consumers of files can have; use one such as fixed-interval-poller")
	}
	s.Queue, s.OwnerAccount = strings.TrimSpace(s.Queue), strings.TrimSpace(s.OwnerAccount)
}

// Connect implements component.Connectable.
func (s *SQS) Connect(c component.Connection) error {
	q, ok := c.(sqsQueues)
	if !ok {
		return fmt.Errorf("amazon-sqs-consumer needs an amazon-sqs-connection as its consume-connection, not %s", nameOf(c))
	}
	s.connection = q
	return nil
}

// Init implements component.Lifecycle. It looks for the queue, so that one that is not there is found before anything is consumed.
func (s *SQS) Init(ctx context.Context) error {
	_, _, err := s.find(ctx)
	return err
}

func (s *SQS) find(ctx context.Context) (url string, at []func(*sqs.Options), err error) {
	if s.connection == nil {
		return "", nil, errors.New("amazon-sqs-consumer has no connection; use amazon-sqs-connection as its consume-connection")
	}
	if url, at, err = s.connection.Queue(ctx, s.Queue, s.OwnerAccount, true); err != nil {
		return "", nil, fmt.Errorf("amazon-sqs-consumer can not find its queue: %w", err)
	}
	return url, at, nil
}

// Start implements component.Lifecycle.
func (s *SQS) Start(ctx context.Context) error {
	url, at, err := s.find(ctx)
	if err != nil {
		return err
	}
	w := newSQSWork(s.connection, url, at, component.Logger(ctx).With(zap.String("queue", s.Queue)))
	w.always = s.AlwaysDelete
	w.askVisibility(ctx)
	if err := s.start(ctx, func(ctx context.Context, limit int) bool { return s.poll(ctx, w, limit) }); err != nil {
		return err
	}
	s.work = w
	w.begin(ctx)
	return nil
}

// Stop implements component.Lifecycle. It waits until every message has its outcome and the queue knows of it, or ctx ends. Then there are
// a few seconds more, in which the workflow gives back what it has; what has no outcome after them is given back as it is, so that it
// comes again at once.
func (s *SQS) Stop(ctx context.Context) error {
	err := s.polling.Stop(ctx)
	if s.work != nil {
		err = errors.Join(err, s.work.end(ctx, s.wait))
		s.work = nil
	}
	return err
}

// poll takes messages until there are none, or limit is reached, and says whether there was anything to do.
func (s *SQS) poll(ctx context.Context, w *sqsWork, limit int) (worked bool) {
	for taken := 0; ctx.Err() == nil && (limit == 0 || taken < limit); {
		if !w.room(ctx) {
			return true
		}
		most := s.Prefetch
		if limit > 0 {
			most = min(most, limit-taken)
		}
		messages, err := w.receive(ctx, most)
		if err != nil {
			if ctx.Err() == nil {
				w.log.Error("no messages can be read; the next poll tries again", zap.Error(err))
			}
			return true
		}
		if len(messages) == 0 {
			return taken > 0
		}
		taken += len(messages)
		for i, in := range messages {
			if ctx.Err() != nil {
				w.giveBack(messages[i:])
				break
			}
			m := messageOf(&in)
			id, handle, log := aws.ToString(in.MessageId), aws.ToString(in.ReceiptHandle), w.log.WithLazy(zap.String("message", m.ID()))
			s.offer(ctx, m, func(err error) { w.settle(log, id, handle, err) })
		}
	}
	return true
}

// messageOf has SQS's own attributes and the sender's in its metadata; the sender's win, as in Interlok. Binary ones have no text.
func messageOf(in *types.Message) *message.Message {
	m := message.New([]byte(aws.ToString(in.Body)))
	m.SetMetadata(metadataSQSID, aws.ToString(in.MessageId))
	for key, value := range in.Attributes {
		m.SetMetadata(key, value)
	}
	for key, value := range in.MessageAttributes {
		if value.StringValue != nil {
			m.SetMetadata(key, *value.StringValue)
		}
	}
	return m
}

func init() {
	component.Register[SQS]("amazon-sqs-consumer", "com.adaptris.aws.sqs.AmazonSQSConsumer", component.KindConsumer,
		"makes a message of each message in an Amazon SQS queue, and deletes it there when the message is done")
}
