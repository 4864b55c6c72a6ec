package consumer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// memoryQueue is a queue of SQS without the service: visibility, receipt handles and long polls as there.
type memoryQueue struct {
	visibility     time.Duration
	wait, asked    time.Duration // of Receiving
	attributes     error         // of GetQueueAttributes
	deleteRequests int

	mu       sync.Mutex
	messages []*queued
	changed  chan struct{}
	// refuse is asked before each operation.
	refuse   func(operation string) error
	received []*sqs.ReceiveMessageInput
	shown    map[time.Duration]int // messages by the visibility that they were given
	// stubborn messages fail to be deleted so often.
	stubborn map[string]int
}

type queued struct {
	types.Message
	number  int
	visible time.Time
}

func newMemoryQueue(bodies ...string) *memoryQueue {
	q := &memoryQueue{visibility: 30 * time.Second, wait: 20 * time.Second, changed: make(chan struct{}), shown: map[time.Duration]int{}, stubborn: map[string]int{}}
	for _, b := range bodies {
		q.put(types.Message{Body: aws.String(b)})
	}
	return q
}

func (q *memoryQueue) put(m types.Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m.MessageId = aws.String(fmt.Sprintf("id-%d", len(q.messages)))
	q.messages = append(q.messages, &queued{Message: m})
	q.change()
}

func (q *memoryQueue) change() { close(q.changed); q.changed = make(chan struct{}) }

// left are the bodies of messages that were not deleted.
func (q *memoryQueue) left() (out []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, m := range q.messages {
		out = append(out, *m.Body)
	}
	return out
}

func (q *memoryQueue) refused(operation string) error {
	if q.refuse == nil {
		return nil
	}
	return q.refuse(operation)
}

func (*memoryQueue) ConnectionID() string { return "queue" }

func (q *memoryQueue) Queue(_ context.Context, name, owner string, fixed bool) (string, []func(*sqs.Options), error) {
	if !fixed {
		return "", nil, errors.New("the document has the queue")
	}
	return "https://sqs/" + owner + "/" + name, nil, q.refused("Queue")
}

func (q *memoryQueue) Receiving() (time.Duration, time.Duration) { return q.wait, q.asked }

func (q *memoryQueue) GetQueueAttributes(context.Context, *sqs.GetQueueAttributesInput, ...func(*sqs.Options)) (*sqs.GetQueueAttributesOutput, error) {
	return &sqs.GetQueueAttributesOutput{Attributes: map[string]string{"VisibilityTimeout": strconv.Itoa(int(q.visibility.Seconds()))}}, q.attributes
}

func (q *memoryQueue) ReceiveMessage(ctx context.Context, in *sqs.ReceiveMessageInput, _ ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
	over := time.After(time.Duration(in.WaitTimeSeconds) * time.Second)
	for {
		out, again, err := q.take(in)
		if err != nil || len(out) > 0 {
			return &sqs.ReceiveMessageOutput{Messages: out}, err
		}
		select {
		case <-over:
			return &sqs.ReceiveMessageOutput{}, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-again:
		case <-time.After(time.Second): // what was received before may be visible again
		}
	}
}

func (q *memoryQueue) take(in *sqs.ReceiveMessageInput) (out []types.Message, again chan struct{}, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.refused("ReceiveMessage"); err != nil {
		return nil, nil, err
	}
	q.received = append(q.received, in)
	visibility := q.visibility
	if in.VisibilityTimeout > 0 {
		visibility = time.Duration(in.VisibilityTimeout) * time.Second
	}
	for _, m := range q.messages {
		if len(out) == int(in.MaxNumberOfMessages) || time.Now().Before(m.visible) {
			continue
		}
		m.number++
		m.visible = time.Now().Add(visibility)
		m.ReceiptHandle = aws.String(fmt.Sprintf("%s/%d", *m.MessageId, m.number))
		m.Attributes = map[string]string{"ApproximateReceiveCount": strconv.Itoa(m.number)}
		out = append(out, m.Message)
	}
	return out, q.changed, nil
}

func (q *memoryQueue) find(handle *string) int {
	return slices.IndexFunc(q.messages, func(m *queued) bool {
		return m.ReceiptHandle != nil && *m.ReceiptHandle == *handle && time.Now().Before(m.visible)
	})
}

func (q *memoryQueue) DeleteMessageBatch(_ context.Context, in *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.deleteRequests++
	if err := q.refused("DeleteMessage"); err != nil {
		return nil, err
	}
	var out sqs.DeleteMessageBatchOutput
	for _, e := range in.Entries {
		i := q.find(e.ReceiptHandle)
		if i >= 0 && q.stubborn[*q.messages[i].Body] > 0 {
			q.stubborn[*q.messages[i].Body]--
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("InternalError")})
			continue
		}
		if i < 0 {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("ReceiptHandleIsInvalid"), SenderFault: true})
			continue
		}
		q.messages = slices.Delete(q.messages, i, i+1)
	}
	return &out, nil
}

func (q *memoryQueue) ChangeMessageVisibilityBatch(_ context.Context, in *sqs.ChangeMessageVisibilityBatchInput, _ ...func(*sqs.Options)) (*sqs.ChangeMessageVisibilityBatchOutput, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.refused("ChangeMessageVisibility"); err != nil {
		return nil, err
	}
	var out sqs.ChangeMessageVisibilityBatchOutput
	for _, e := range in.Entries {
		i := q.find(e.ReceiptHandle)
		if i < 0 {
			out.Failed = append(out.Failed, types.BatchResultErrorEntry{Id: e.Id, Code: aws.String("MessageNotInflight"), SenderFault: true})
			continue
		}
		visibility := time.Duration(e.VisibilityTimeout) * time.Second
		q.messages[i].visible = time.Now().Add(visibility)
		q.shown[visibility]++
	}
	q.change()
	return &out, nil
}
