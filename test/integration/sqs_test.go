package integration

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// sqsEndpoints gives the servers that have SQS, over plain HTTP, which LocalStack speaks on the same port: a connection to SQS trusts
// certificates of the system only.
func sqsEndpoints(t *testing.T) []endpoint {
	t.Helper()
	local := endpoint{"localstack", strings.Replace(needed(t, "LOCALSTACK_ENDPOINT"), "https://", "http://", 1)}
	return []endpoint{local, {"moto", needed(t, "MOTO_ENDPOINT")}}
}

// needsSQS skips the test for a LocalStack that was started without SQS.
func (e endpoint) needsSQS(t *testing.T) {
	t.Helper()
	if e.name != "localstack" {
		return
	}
	answer, err := http.Get(e.url + "/_localstack/health")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var health struct{ Services map[string]string }
	if err := json.NewDecoder(answer.Body).Decode(&health); err != nil {
		t.Fatal(err)
	}
	if state := health.Services["sqs"]; state != "available" && state != "running" {
		t.Skipf("this LocalStack was started without SQS (%q); name sqs in its SERVICES", state)
	}
}

// queue is a queue of a server under test, deleted with the test.
type queue struct {
	client    *sqs.Client
	name, url string
}

func newQueue(t *testing.T, e endpoint, attributes map[string]string) queue {
	t.Helper()
	q := queue{sqs.New(sqs.Options{Region: region, BaseEndpoint: &e.url, Credentials: anyone}), "it-" + rand.Text()[:12], ""}
	if attributes["FifoQueue"] != "" {
		q.name += ".fifo"
	}
	made, err := q.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &q.name, Attributes: attributes})
	if err != nil {
		t.Fatal(err)
	}
	q.url = *made.QueueUrl
	t.Cleanup(func() { _, _ = q.client.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: &q.url}) })
	return q
}

// counts are the messages that are visible and those that are under way.
func (q queue) counts(t *testing.T) (visible, underWay string) {
	t.Helper()
	names := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := q.client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &q.url, AttributeNames: names})
	if err != nil {
		t.Fatal(err)
	}
	return out.Attributes[string(names[0])], out.Attributes[string(names[1])]
}

func (q queue) drain(t *testing.T) (out []types.Message) {
	t.Helper()
	for {
		got, err := q.client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &q.url, MaxNumberOfMessages: 10, VisibilityTimeout: 600, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) == 0 {
			return out
		}
		out = append(out, got.Messages...)
	}
}

// awsSettings are the elements of a connection that name a server under test.
func awsSettings(url string) string {
	return `<credentials class="aws-static-credentials-builder"><access-key>test</access-key><secret-key>test</secret-key></credentials>
    <custom-endpoint><service-endpoint>` + url + `</service-endpoint><signing-region>` + region + `</signing-region></custom-endpoint>`
}

const relay = `<channel>
  <unique-id>relay</unique-id>
  <consume-connection class="amazon-sqs-connection">%[1]s
    <sqs-client-factory class="buffered-sqs-client-factory"><long-poll-wait-timeout-seconds>1</long-poll-wait-timeout-seconds></sqs-client-factory>
  </consume-connection>
  <produce-connection class="amazon-sqs-connection">%[1]s</produce-connection>
  <workflow class="pooling-workflow">
    <pool-size>4</pool-size>
    <consumer class="amazon-sqs-consumer">
      <queue>%[2]s</queue>
      <prefetch-count>10</prefetch-count>
      <poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>100</interval></poll-interval></poller>
    </consumer>
    <producer class="amazon-sqs-producer">
      <queue>%[3]s</queue>
      <send-attribute>customer</send-attribute>
      <send-attribute>SQSMessageID</send-attribute>%[4]s
    </producer>
  </workflow>
</channel>`

// TestAdapterMovesMessagesBetweenQueues runs the built program on a document that takes messages out of one queue, by name, and puts them
// into another, by URL.
func TestAdapterMovesMessagesBetweenQueues(t *testing.T) {
	for _, e := range sqsEndpoints(t) {
		for _, fifo := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s fifo=%v", e.name, fifo), func(t *testing.T) {
				e.needsSQS(t)
				const n = 120
				var attributes map[string]string
				group := ""
				if fifo {
					attributes, group = map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}, "<message-group-id>%message{customer}</message-group-id>"
				}
				from, to := newQueue(t, e, nil), newQueue(t, e, attributes)
				ids := map[string]string{}
				for i := range n {
					body := fmt.Sprintf("%d <Zürich>", i)
					sent, err := from.client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &from.url, MessageBody: &body, MessageAttributes: map[string]types.MessageAttributeValue{
						"customer": {DataType: aws.String("String"), StringValue: aws.String(strconv.Itoa(i % 7))},
					}})
					if err != nil {
						t.Fatal(err)
					}
					ids[body] = *sent.MessageId
				}
				dir := t.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "adapter.xml"), fmt.Appendf(nil, relay, awsSettings(e.url), from.name, to.url, group), 0o644); err != nil {
					t.Fatal(err)
				}
				adapterd(t, dir, "run", "adapter.xml", "--until-idle", "2s")

				if visible, underWay := from.counts(t); visible != "0" || underWay != "0" {
					t.Errorf("%s messages are left, %s under way", visible, underWay)
				}
				got := to.drain(t)
				if len(got) != n && !fifo { // a FIFO queue gives out a group's next messages only when the first are deleted
					t.Errorf("%d messages arrived, want %d", len(got), n)
				}
				if visible, underWay := to.counts(t); fifo && atoi(t, visible)+atoi(t, underWay) != n {
					t.Errorf("%s and %s messages arrived, want %d", visible, underWay, n)
				}
				for _, m := range got {
					number, _, _ := strings.Cut(*m.Body, " ")
					customer := strconv.Itoa(atoi(t, number) % 7)
					if id := ids[*m.Body]; id == "" || aws.ToString(m.MessageAttributes["SQSMessageID"].StringValue) != id || aws.ToString(m.MessageAttributes["customer"].StringValue) != customer {
						t.Errorf("%s arrived with %v", *m.Body, m.MessageAttributes)
					}
					delete(ids, *m.Body)
					if group := m.Attributes["MessageGroupId"]; fifo && group != customer {
						t.Errorf("%s is of group %s", *m.Body, group)
					}
				}
			})
		}
	}
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const parts = `<channel>
  <unique-id>parts</unique-id>
  <consume-connection class="null-connection"/>
  <produce-connection class="aws-kinesis-sdk-connection">%[1]s</produce-connection>
  <workflow>
    <consumer class="fs-consumer">
      <base-directory-url>in</base-directory-url>
      <poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>200</interval></poll-interval></poller>
    </consumer>
    <producer class="aws-kinesis-sdk-stream-producer">
      <stream>%[2]s</stream>
      <partition-key>%%payload{jsonpath:$.id}</partition-key>
      <request-builder class="aws-kinesis-splitting-request-builder">
        <message-splitter class="line-count-splitter"><split-on-line>1</split-on-line></message-splitter>
      </request-builder>
      <batch-window>40</batch-window>
    </producer>
  </workflow>
</channel>`

// TestAdapterStoresPartsWithTheSDKProducer runs the built program on a file of lines, each of which becomes a plain record under its own key.
func TestAdapterStoresPartsWithTheSDKProducer(t *testing.T) {
	e := localStack(t)
	s := newStream(t, e, 3)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	const n = 100
	var lines strings.Builder
	want := map[[2]string]int{}
	for i := range n {
		key, line := fmt.Sprintf("device-%d", i%9), fmt.Sprintf(`{"id":"device-%d","reading":%d}`+"\n", i%9, i)
		lines.WriteString(line)
		want[[2]string{key, line}]++
	}
	document := fmt.Sprintf(parts, awsSettings(strings.Replace(e.url, "https://", "http://", 1)), s.name)
	for name, content := range map[string]string{"adapter.xml": document, "in/lines.json": lines.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	adapterd(t, dir, "run", "adapter.xml", "--until-idle", "1s")
	if left := filesIn(t, filepath.Join(dir, "in")); len(left) > 0 {
		t.Errorf("%v are left", left)
	}
	python := s.readByPython(t)
	for u, count := range python {
		if want[[2]string{u.partitionKey, u.data}] != count {
			t.Errorf("%s with key %s is there %d times", u.data, u.partitionKey, count)
		}
	}
	if python.total() != n {
		t.Errorf("%d records, want %d", python.total(), n)
	}
}
