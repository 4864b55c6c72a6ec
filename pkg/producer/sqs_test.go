package producer

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/connection"
	"github.com/adapterd/adapterd/pkg/message"
)

// queueServer answers GetQueueUrl and SendMessage of SQS's JSON protocol, and keeps what was sent.
type queueServer struct {
	*httptest.Server
	refuse string // code
	asked  []map[string]any
	sent   []map[string]any
}

func newQueueServer(t *testing.T) *queueServer {
	t.Helper()
	s := new(queueServer)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		if s.refuse != "" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"com.amazonaws.sqs#%s","message":"no"}`, s.refuse)
			return
		}
		if r.Header.Get("X-Amz-Target") == "AmazonSQS.GetQueueUrl" {
			s.asked = append(s.asked, in)
			fmt.Fprintf(w, `{"QueueUrl":"%s/1/%s"}`, s.URL, in["QueueName"])
			return
		}
		s.sent = append(s.sent, in)
		sum := md5.Sum([]byte(in["MessageBody"].(string)))
		fmt.Fprintf(w, `{"MessageId":"id","MD5OfMessageBody":"%s"}`, hex.EncodeToString(sum[:]))
	}))
	t.Cleanup(s.Close)
	return s
}

func sqsTo(t *testing.T, s *queueServer, xml string) component.Producer {
	t.Helper()
	c := mustDecode[*connection.SQS](t, `<connection class="amazon-sqs-connection"><custom-endpoint><service-endpoint>`+s.URL+`</service-endpoint><signing-region>eu-west-1</signing-region></custom-endpoint>
		<credentials class="aws-static-credentials-builder"><access-key>a</access-key><secret-key>s</secret-key></credentials></connection>`)
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	p := mustDecode[component.Producer](t, xml)
	if err := p.(component.Connectable).Connect(c); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSQSProducerSends(t *testing.T) {
	for name, c := range map[string]struct {
		elements string
		payload  string
		encoding string
		want     map[string]any
		owner    any
	}{
		"a name":  {"<queue> %message{type}-orders </queue>", "ä", "", map[string]any{"QueueUrl": "/1/new-orders", "MessageBody": "ä"}, nil},
		"owner":   {"<queue>q</queue><owner-aws-account-id>42</owner-aws-account-id>", "m", "", map[string]any{"QueueUrl": "/1/q", "MessageBody": "m"}, "42"},
		"charset": {"<queue>q</queue>", "\xe4", "ISO-8859-1", map[string]any{"QueueUrl": "/1/q", "MessageBody": "ä"}, nil},
		"all": {"<queue>q.fifo</queue><delay-seconds>7</delay-seconds><send-attribute>type</send-attribute><send-attribute>none</send-attribute><send-attribute>empty</send-attribute><message-group-id>%message{group}</message-group-id>", "m", "",
			map[string]any{"QueueUrl": "/1/q.fifo", "MessageBody": "m", "DelaySeconds": 7.0, "MessageGroupId": "g",
				"MessageAttributes": map[string]any{"type": map[string]any{"DataType": "String", "StringValue": "new"}}}, nil},
		"no group": {"<queue>q</queue><message-group-id>%message{empty}</message-group-id>", "m", "", map[string]any{"QueueUrl": "/1/q", "MessageBody": "m"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := newQueueServer(t)
			p := sqsTo(t, s, `<producer class="amazon-sqs-producer">`+c.elements+`</producer>`)
			m := message.New([]byte(c.payload))
			m.SetEncoding(c.encoding)
			for key, value := range map[string]string{"type": "new", "group": "g", "empty": ""} {
				m.SetMetadata(key, value)
			}
			for range 2 {
				if err := p.Produce(t.Context(), m); err != nil {
					t.Fatal(err)
				}
			}
			c.want["QueueUrl"] = s.URL + c.want["QueueUrl"].(string)
			if diff := cmp.Diff([]map[string]any{c.want, c.want}, s.sent); diff != "" {
				t.Error(diff)
			}
			if len(s.asked) != 1 || s.asked[0]["QueueOwnerAWSAccountId"] != c.owner {
				t.Errorf("asked for %v", s.asked)
			}
		})
	}
}

func TestSQSProducerFailures(t *testing.T) {
	const toQ = `<producer class="amazon-sqs-producer"><queue>%message{queue}</queue></producer>`
	for name, c := range map[string]struct {
		queue, payload, refuse string
		want                   string
	}{
		"empty payload": {"q", "", "", "its payload is empty, and SQS takes none without a body"},
		"no text":       {"q", "\xff\xfe", "", "its payload is no text in UTF-8, and SQS takes text only; encode it before"},
		"no queue":      {" ", "m", "", "<queue> %message{queue} of amazon-sqs-producer is empty for this message"},
		"refused":       {"q", "m", "QueueDoesNotExist", "amazon-sqs-producer can not send the message: amazon-sqs-connection: GetQueueUrl of queue q failed: QueueDoesNotExist: no; create the queue"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newQueueServer(t)
			s.refuse = c.refuse
			m := message.New([]byte(c.payload))
			m.SetMetadata("queue", c.queue)
			err := sqsTo(t, s, toQ).Produce(t.Context(), m)
			if err == nil || !strings.Contains(err.Error(), c.want) || len(s.sent) > 0 {
				t.Errorf("sent %v, got %v", s.sent, err)
			}
		})
	}
	s := newQueueServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m := message.New([]byte("m"))
	m.SetMetadata("queue", "q")
	if err := sqsTo(t, s, toQ).Produce(ctx, m); !errors.Is(err, component.ErrStopped) {
		t.Errorf("interrupted: %v", err)
	}
}

func TestSQSProducerRefusals(t *testing.T) {
	for name, c := range map[string]struct{ elements, want string }{
		"no queue":        {"", "amazon-sqs-producer has no <queue>, which it needs"},
		"blank queue":     {"<queue>%env{BLANK}</queue>", "<queue> of amazon-sqs-producer is blank"},
		"delay":           {"<queue>q</queue><delay-seconds>901</delay-seconds>", "from 0 to 900"},
		"attributes":      {"<queue>q</queue>" + strings.Repeat("<send-attribute>a</send-attribute>", 11), "stands there 11 times, and SQS takes 10 attributes"},
		"blank attribute": {"<queue>q</queue><send-attribute> </send-attribute>", "<send-attribute> of amazon-sqs-producer is blank"},
		"encoder":         {`<queue>q</queue><encoder class="mime-encoder"/>`, "known to Interlok, not supported here"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decode[component.Producer](t, `<producer class="amazon-sqs-producer">`+c.elements+`</producer>`); !strings.Contains(problems, c.want) {
				t.Errorf("got %s", problems)
			}
		})
	}
	p := mustDecode[*SQS](t, `<producer class="com.adaptris.aws.sqs.AmazonSQSProducer"><queue>q</queue></producer>`)
	if err := p.Connect(&fakeKinesis{}); err == nil || !strings.Contains(err.Error(), "needs an amazon-sqs-connection, and has nothing") {
		t.Errorf("another connection: %v", err)
	}
	if err := p.Produce(t.Context(), message.New([]byte("m"))); err == nil || !strings.Contains(err.Error(), "use amazon-sqs-connection") {
		t.Errorf("no connection: %v", err)
	}
}
