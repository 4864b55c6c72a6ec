package producer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// SQSQueues is what amazon-sqs-producer needs of a connection. It must be safe for concurrent use.
type SQSQueues interface {
	// Queue finds a queue by name, for owner or else the account of the credentials, or takes its URL. fixed says that no message had part in
	// choosing it.
	Queue(ctx context.Context, queue, owner string, fixed bool) (url string, at []func(*sqs.Options), err error)
	// SendMessage sends a message; at comes from Queue.
	SendMessage(ctx context.Context, in *sqs.SendMessageInput, at ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

// maxSendAttributes is how many message attributes SQS takes.
const maxSendAttributes = 10

// SQS sends the payload of each message, which must be text, to a queue and waits for the answer. Interlok's forgets it.
type SQS struct {
	identity
	Queue          *expr.Template `xml:"queue,required" example:"orders" doc:"name or URL of the queue; resolved per message, blanks around it are dropped"`
	OwnerAccount   string         `xml:"owner-aws-account-id" example:"123456789012" doc:"AWS account that the queue belongs to, for a name; that of the credentials when not given"`
	DelaySeconds   int            `xml:"delay-seconds" min:"0" max:"900" doc:"seconds before a message can be read; 0 leaves that to the queue"`
	SendAttributes []string       `xml:"send-attribute,implicit" doc:"key of metadata to send as a message attribute, if it has a value"`
	MessageGroupID *expr.Template `xml:"message-group-id" example:"%message{customerId}" doc:"group of the message in a FIFO queue; resolved per message, empty for none"`

	MessageFactory string `xml:"message-factory" effect:"none" doc:"accepted for compatibility"`

	connection SQSQueues
	// fixed says that the queue is the same for every message.
	fixed bool
}

// Check refuses a queue that is blank whatever the message.
func (p *SQS) Check(r *component.Report) {
	if p.Queue != nil {
		if p.Queue.IsBlank() {
			r.Errorf("queue", "blank-element", "is blank; give it a value such as orders")
		}
		_, p.fixed = p.Queue.Constant()
	}
	p.OwnerAccount = strings.TrimSpace(p.OwnerAccount)
	for i, key := range p.SendAttributes {
		if p.SendAttributes[i] = strings.TrimSpace(key); p.SendAttributes[i] == "" {
			r.Errorf("send-attribute", "blank-element", "is blank; give it a key of metadata, or remove it")
		}
	}
	if n := len(p.SendAttributes); n > maxSendAttributes {
		r.Warnf("send-attribute", "bad-value", "stands there %d times, and SQS takes %d attributes: messages that have more of them fail", n, maxSendAttributes)
	}
}

// Connect takes the connection, which must lead to SQS.
func (p *SQS) Connect(c component.Connection) error {
	q, ok := c.(SQSQueues)
	if !ok {
		return fmt.Errorf("amazon-sqs-producer needs an amazon-sqs-connection, and has %s", nameOf(c))
	}
	p.connection = q
	return nil
}

// Produce returns when the queue has the message.
func (p *SQS) Produce(ctx context.Context, m *message.Message) error {
	if p.connection == nil {
		return fmt.Errorf("amazon-sqs-producer has no connection; use amazon-sqs-connection")
	}
	in, err := p.request(m)
	if err != nil {
		return err
	}
	name, err := p.Queue.Resolve(m)
	if err != nil {
		return fmt.Errorf("<queue> of amazon-sqs-producer: %w", err)
	}
	if name = strings.TrimSpace(name); name == "" {
		return fmt.Errorf("<queue> %s of amazon-sqs-producer is empty for this message; make sure that what it names is there", p.Queue.Text())
	}
	url, at, err := p.connection.Queue(ctx, name, p.OwnerAccount, p.fixed)
	if err == nil {
		in.QueueUrl = &url
		_, err = p.connection.SendMessage(ctx, in, at...)
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && !errors.Is(err, component.ErrStopped):
		return fmt.Errorf("amazon-sqs-producer: %w: %w", component.ErrStopped, err)
	}
	return fmt.Errorf("amazon-sqs-producer can not send the message: %w", err)
}

// request is what is sent, but for the queue.
func (p *SQS) request(m *message.Message) (*sqs.SendMessageInput, error) {
	body, err := m.Text()
	switch {
	case err != nil:
		return nil, fmt.Errorf("amazon-sqs-producer: %w", err)
	case body == "":
		return nil, errors.New("amazon-sqs-producer can not send the message: its payload is empty, and SQS takes none without a body; leave such messages out before, or give them a payload")
	case !utf8.ValidString(body):
		return nil, errors.New("amazon-sqs-producer can not send the message: its payload is no text in UTF-8, and SQS takes text only; encode it before, for example with base64-encode-service")
	}
	in := &sqs.SendMessageInput{MessageBody: &body, DelaySeconds: int32(p.DelaySeconds)} //nolint:gosec // at most 900
	if p.MessageGroupID != nil {
		group, err := p.MessageGroupID.Resolve(m)
		if err != nil {
			return nil, fmt.Errorf("<message-group-id> of amazon-sqs-producer: %w", err)
		}
		if group != "" {
			in.MessageGroupId = &group
		}
	}
	for _, key := range p.SendAttributes {
		value, _ := m.Metadata(key)
		if value == "" {
			continue
		}
		if in.MessageAttributes == nil {
			in.MessageAttributes = make(map[string]types.MessageAttributeValue)
		}
		in.MessageAttributes[key] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	return in, nil
}

func init() {
	component.Register[SQS]("amazon-sqs-producer", "com.adaptris.aws.sqs.AmazonSQSProducer", component.KindProducer,
		"sends messages to an Amazon SQS queue and waits until each is there")
}
