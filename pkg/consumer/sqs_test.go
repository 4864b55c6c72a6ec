package consumer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

const sqsConsumer = `<consumer class="amazon-sqs-consumer"><queue> orders </queue>%s<poller class="fixed-interval-poller"><poll-interval><unit>SECONDS</unit><interval>1</interval></poll-interval></poller></consumer>`

func sqsOn(t *testing.T, q *memoryQueue, elements string) *SQS {
	t.Helper()
	c := decode[*SQS](t, fmt.Sprintf(sqsConsumer, elements))
	if err := c.Connect(q); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSQSMessagesAreDeletedWhenTheirOutcomeIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newMemoryQueue("a", "b", "c")
		w := &taker{}
		c := sqsOn(t, q, `<prefetch-count>10</prefetch-count>`)
		start(t, c, w.handle)
		time.Sleep(5 * time.Minute) // ten times the visibility timeout
		offers := w.take()
		if diff := cmp.Diff([]string{"a", "b", "c"}, payloads(offers)); diff != "" {
			t.Fatalf("offered, none of them twice:\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, q.left()); diff != "" {
			t.Errorf("in the queue before any outcome:\n%s", diff)
		}
		if !c.IdleSince().IsZero() {
			t.Error("idle while messages are under way")
		}
		offers[1].done(nil)
		synctest.Wait()
		if diff := cmp.Diff([]string{"a", "c"}, q.left()); diff != "" {
			t.Errorf("in the queue after the outcome of b:\n%s", diff)
		}
		offers[0].done(nil)
		offers[2].done(nil)
		time.Sleep(time.Minute)
		if c.IdleSince().IsZero() || len(q.left()) > 0 {
			t.Errorf("idle since %v, with %q in the queue", c.IdleSince(), q.left())
		}
		stop(t, c)
		stop(t, c)
	})
}

func TestSQSFailedMessages(t *testing.T) {
	boom, stopped := errors.New("boom"), fmt.Errorf("given back: %w", component.ErrStopped)
	for name, c := range map[string]struct {
		elements string
		outcome  error
		left     []string
		again    time.Duration // when the message is offered again; 0 for never
	}{
		"deleted by default":         {"", boom, nil, 0},
		"left to the queue":          {"<always-delete>false</always-delete>", boom, []string{"a"}, 30 * time.Second},
		"given back":                 {"", stopped, []string{"a"}, time.Second},
		"given back, never deleting": {"<always-delete>false</always-delete>", stopped, []string{"a"}, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newMemoryQueue("a")
				w := &taker{}
				consumer := sqsOn(t, q, c.elements)
				start(t, consumer, w.handle)
				synctest.Wait()
				began := time.Now()
				w.take()[0].done(c.outcome)
				synctest.Wait()
				if diff := cmp.Diff(c.left, q.left()); diff != "" {
					t.Errorf("in the queue:\n%s", diff)
				}
				time.Sleep(c.again - time.Since(began) + 2*time.Second)
				offers := w.take()
				if got := len(offers); got != len(c.left) {
					t.Errorf("offered %d times again", got)
				}
				for _, o := range offers {
					if n := o.metadata("ApproximateReceiveCount"); n != "2" {
						t.Errorf("received %s times", n)
					}
					o.done(nil)
				}
				stop(t, consumer)
			})
		})
	}
}

func TestSQSMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newMemoryQueue()
		q.put(types.Message{Body: aws.String("ä"), MessageAttributes: map[string]types.MessageAttributeValue{
			"customer": {DataType: aws.String("String"), StringValue: aws.String("7")}, "ApproximateReceiveCount": {DataType: aws.String("Number"), StringValue: aws.String("mine")},
			"picture": {DataType: aws.String("Binary"), BinaryValue: []byte{1}},
		}})
		var got map[string]string
		c := sqsOn(t, q, "")
		start(t, c, func(_ context.Context, m *message.Message, done func(error)) {
			got = map[string]string{"payload": string(m.Payload())}
			for _, key := range m.MetadataKeys() {
				got[key], _ = m.Metadata(key)
			}
			done(nil)
		})
		synctest.Wait()
		stop(t, c)
		want := map[string]string{"payload": "ä", "SQSMessageID": "id-0", "customer": "7", "ApproximateReceiveCount": "mine"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSQSRequests(t *testing.T) {
	for name, c := range map[string]struct {
		elements   string
		change     func(*memoryQueue)
		most       []int32
		visibility int32
		wait       int32
	}{
		"as the queue says":         {"", nil, []int32{1, 1, 1, 1}, 0, 20},
		"prefetch":                  {"<prefetch-count>2</prefetch-count>", nil, []int32{2, 2, 2}, 0, 20},
		"limit of a poll":           {"<prefetch-count>2</prefetch-count><max-messages-per-poll>3</max-messages-per-poll>", nil, []int32{2, 1}, 0, 20},
		"own visibility":            {"", func(q *memoryQueue) { q.asked, q.wait = time.Minute, 0 }, []int32{1, 1, 1, 1}, 60, 0},
		"visibility not to be read": {"", func(q *memoryQueue) { q.attributes = errors.New("AccessDenied") }, []int32{1, 1, 1, 1}, 30, 20},
		"visibility too short":      {"", func(q *memoryQueue) { q.visibility = time.Second }, []int32{1, 1, 1, 1}, 30, 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newMemoryQueue("a", "b", "c")
				if c.change != nil {
					c.change(q)
				}
				consumer := sqsOn(t, q, c.elements)
				start(t, consumer, (&taker{at: func(o offer) { o.done(nil) }}).handle)
				synctest.Wait() // the last request waits for messages, or the next poll
				var most []int32
				for _, in := range q.received {
					most = append(most, in.MaxNumberOfMessages)
					if in.VisibilityTimeout != c.visibility || in.WaitTimeSeconds != c.wait || *in.QueueUrl != "https://sqs//orders" {
						t.Errorf("request %+v", in)
					}
				}
				if diff := cmp.Diff(c.most, most); diff != "" {
					t.Error(diff)
				}
				stop(t, consumer)
			})
		})
	}
}

func TestSQSStop(t *testing.T) {
	t.Run("what was not offered goes back at once", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := newMemoryQueue("a", "b", "c")
			began, goOn := make(chan struct{}), make(chan struct{})
			c := sqsOn(t, q, "<prefetch-count>10</prefetch-count>")
			start(t, c, func(_ context.Context, _ *message.Message, done func(error)) {
				close(began)
				<-goOn
				done(nil)
			})
			<-began
			ended := make(chan error)
			go func() { ended <- c.Stop(context.Background()) }()
			synctest.Wait()
			close(goOn)
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff([]string{"b", "c"}, q.left()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[time.Duration]int{0: 2}, q.shown); diff != "" {
				t.Errorf("visibility given:\n%s", diff)
			}
		})
	})
	t.Run("what has no outcome in time stays", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := newMemoryQueue("a")
			w := &taker{}
			c := sqsOn(t, q, "")
			start(t, c, w.handle)
			synctest.Wait()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.Stop(ctx); err == nil || !strings.Contains(err.Error(), "1 messages have no outcome yet") {
				t.Errorf("got %v", err)
			}
			first := w.take()[0]
			start(t, c, w.handle)
			time.Sleep(time.Minute)
			again := w.take()
			if len(again) != 1 {
				t.Fatalf("offered %d times again", len(again))
			}
			first.done(nil) // too late: the queue has given it to somebody else
			again[0].done(nil)
			stop(t, c)
			if left := q.left(); len(left) > 0 {
				t.Errorf("%q left", left)
			}
		})
	})
	t.Run("a queue that does not answer is given up", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			q := newMemoryQueue("a")
			w := &taker{}
			c := sqsOn(t, q, "")
			if err := c.Connect(deaf{q}); err != nil {
				t.Fatal(err)
			}
			start(t, c, w.handle)
			synctest.Wait()
			o := w.take()[0]
			o.done(nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := c.Stop(ctx); err == nil || !strings.Contains(err.Error(), "could not be told what became of 1 messages") {
				t.Errorf("got %v", err)
			}
		})
	})
}

// deaf does not answer deletions.
type deaf struct{ *memoryQueue }

func (deaf) DeleteMessageBatch(ctx context.Context, _ *sqs.DeleteMessageBatchInput, _ ...func(*sqs.Options)) (*sqs.DeleteMessageBatchOutput, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSQSDeletesInBatchesAndTriesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		for i := range 25 {
			bodies = append(bodies, strconv.Itoa(i))
		}
		q := newMemoryQueue(bodies...)
		q.stubborn = map[string]int{"3": 2, "4": 99}
		w := &taker{}
		c := sqsOn(t, q, "<prefetch-count>10</prefetch-count>")
		start(t, c, w.handle)
		synctest.Wait()
		for _, o := range w.take() {
			o.done(nil)
		}
		synctest.Wait()
		if diff := cmp.Diff([]string{"4"}, q.left()); diff != "" {
			t.Error(diff)
		}
		if q.deleteRequests > 25/sqsBatch+4 {
			t.Errorf("%d requests", q.deleteRequests)
		}
		stop(t, c)
	})
}

func TestSQSOutlastsFailingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newMemoryQueue("a", "b")
		down := map[string]bool{"ReceiveMessage": true}
		q.refuse = func(operation string) error {
			if down[operation] {
				return errors.New("no service")
			}
			return nil
		}
		set := func(operations ...string) {
			q.mu.Lock()
			defer q.mu.Unlock()
			clear(down)
			for _, o := range operations {
				down[o] = true
			}
		}
		w := &taker{}
		c := sqsOn(t, q, "")
		start(t, c, w.handle)
		time.Sleep(10500 * time.Millisecond)
		if !c.IdleSince().IsZero() {
			t.Error("idle though nobody knows what is in the queue")
		}
		set()
		time.Sleep(10 * time.Second)
		offers := w.take() // received after 11 seconds, so others get them after 41
		set("ChangeMessageVisibility")
		time.Sleep(15 * time.Second) // the request after 30 seconds fails, the one after 40 comes in time
		set()
		time.Sleep(5 * time.Minute)
		offers = append(offers, w.take()...)
		if diff := cmp.Diff([]string{"a", "b"}, payloads(offers)); diff != "" {
			t.Errorf("offered:\n%s", diff)
		}
		for _, o := range offers {
			o.done(nil)
		}
		stop(t, c)
	})
}

func TestSQSDeletesLaterWhatItCanNotDeleteNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newMemoryQueue("a", "b")
		w := &taker{}
		c := sqsOn(t, q, "")
		start(t, c, w.handle)
		synctest.Wait()
		set := func(refused error) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.refuse = func(operation string) error {
				if operation == "DeleteMessage" {
					return refused
				}
				return nil
			}
		}
		set(errors.New("no service"))
		offers := w.take()
		offers[0].done(nil)
		time.Sleep(3 * time.Minute)
		if offers := w.take(); len(offers) > 0 || len(q.left()) != 2 {
			t.Errorf("offered again: %q, in the queue: %q", payloads(offers), q.left())
		}
		set(nil)
		time.Sleep(15 * time.Second) // it is tried at least every 10
		if diff := cmp.Diff([]string{"b"}, q.left()); diff != "" {
			t.Error(diff)
		}
		set(errors.New("no service"))
		offers[1].done(nil)
		began := time.Now()
		if err := c.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "could not be told what became of 1 messages") {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < longestClosing || took > longestClosing+longestPause {
			t.Errorf("a stop without limit tried for %v", took)
		}
	})
}

func TestSQSRefusals(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no queue":      {`<consumer class="amazon-sqs-consumer"/>`, "amazon-sqs-consumer has no <queue>, which it needs; add it, such as <queue>orders</queue>"},
		"blank queue":   {`<consumer class="amazon-sqs-consumer"><queue> </queue></consumer>`, "<queue> of amazon-sqs-consumer is blank"},
		"prefetch":      {`<consumer class="amazon-sqs-consumer"><queue>q</queue><prefetch-count>11</prefetch-count></consumer>`, "from 1 to 10"},
		"poller":        {`<consumer class="amazon-sqs-consumer"><queue>q</queue><poller class="fs-immediate-event-poller"/></consumer>`, "which only consumers of files can have"},
		"other element": {`<consumer class="amazon-sqs-consumer"><queue>q</queue><visibility>1</visibility></consumer>`, "visibility"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decodeAny[component.Consumer](t, c.xml); !strings.Contains(problems, c.want) {
				t.Errorf("got %s", problems)
			}
		})
	}
	c := decode[*SQS](t, `<consumer class="com.adaptris.aws.sqs.AmazonSQSConsumer"><queue>q</queue></consumer>`)
	if err := c.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "use amazon-sqs-connection") {
		t.Errorf("without connection: %v", err)
	}
	if err := c.Connect(nothing{}); err == nil || !strings.Contains(err.Error(), "needs an amazon-sqs-connection as its consume-connection, not none") {
		t.Errorf("another connection: %v", err)
	}
	q := newMemoryQueue()
	q.refuse = func(string) error { return errors.New("QueueDoesNotExist") }
	if err := c.Connect(q); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{c.Init(t.Context()), c.Start(t.Context())} {
		if err == nil || !strings.Contains(err.Error(), "can not find its queue: QueueDoesNotExist") {
			t.Errorf("no queue: %v", err)
		}
	}
	stop(t, c)
}

type nothing struct{}

func (nothing) ConnectionID() string { return "" }

func TestSQSFieldsAreThoseOfInterlok(t *testing.T) {
	entry, _ := component.Catalog("amazon-sqs-consumer")
	described, _ := component.Describe("amazon-sqs-consumer")
	known := map[string]bool{}
	for _, f := range described.Fields {
		known[f.Element] = true
	}
	for _, f := range entry.Fields {
		if !known[f.Name] {
			t.Errorf("<%s> is missing; there are %v", f.Name, slices.Sorted(maps.Keys(known)))
		}
	}
}
