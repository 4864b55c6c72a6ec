package connection

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

func sqsConnection(t *testing.T, elements string) *SQS {
	t.Helper()
	c := mustDecode[*SQS](t, `<connection class="amazon-sqs-connection"><unique-id>queues</unique-id>`+sdkKeys+elements+`</connection>`)
	if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(c.Stop(context.Background()), c.Stop(context.Background())); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestSQSConnectionCarriesEveryOperation(t *testing.T) {
	isolate(t)
	s := newQueueService(t)
	c := sqsConnection(t, endpointOf(s.URL))
	ctx := t.Context()
	url, at, err := c.Queue(ctx, "orders", "", true)
	if err != nil || url != s.URL+"/123456789012/orders" || len(at) > 0 {
		t.Fatalf("%s, %d options, %v", url, len(at), err)
	}
	for range 2 {
		if _, err := c.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("ä")}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := c.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &url})
	if err != nil || len(got.Messages) != 2 || *got.Messages[0].Body != "ä" {
		t.Fatalf("%+v, %v", got, err)
	}
	handle := got.Messages[0].ReceiptHandle
	shown, err := c.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &url, Entries: []types.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: handle}}})
	if err != nil || len(shown.Successful) != 1 {
		t.Errorf("%+v, %v", shown, err)
	}
	if entry := s.requests[len(s.requests)-1].in["Entries"].([]any)[0].(map[string]any); entry["VisibilityTimeout"] != 0.0 {
		t.Errorf("visibility 0 is not sent: %v", entry)
	}
	for want := range 2 {
		gone, err := c.DeleteMessageBatch(ctx, &sqs.DeleteMessageBatchInput{QueueUrl: &url, Entries: []types.DeleteMessageBatchRequestEntry{{Id: aws.String("0"), ReceiptHandle: handle}}})
		if err != nil || len(gone.Failed) != want {
			t.Errorf("%+v, %v", gone, err)
		}
	}
	attributes, err := c.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url})
	if err != nil || attributes.Attributes["VisibilityTimeout"] != "45" {
		t.Errorf("%+v, %v", attributes, err)
	}
	if r := s.requests[0]; !strings.Contains(r.authorization, "AKIASDK/") || !strings.Contains(r.authorization, "/eu-west-1/sqs/") {
		t.Errorf("signed %s", r.authorization)
	}
}

func TestSQSQueuesAreFound(t *testing.T) {
	isolate(t)
	s := newQueueService(t)
	here := sqsConnection(t, endpointOf(s.URL))
	region := sqsConnection(t, "<region>eu-west-1</region>")
	options := func(at []func(*sqs.Options)) string {
		o := sqs.Options{Region: "eu-west-1"}
		for _, f := range at {
			f(&o)
		}
		return o.Region + " " + aws.ToString(o.BaseEndpoint)
	}
	const ofAWS = "https://sqs.us-west-2.amazonaws.com/1/q"
	for name, c := range map[string]struct {
		connection *SQS
		queue      string
		fixed      bool
		want       string
		asked      int
	}{
		"name":                             {here, "orders", false, "eu-west-1 ", 1},
		"name again":                       {here, "orders", false, "eu-west-1 ", 0},
		"URL, custom endpoint":             {here, ofAWS, true, "eu-west-1 ", 0},
		"URL of another region":            {region, ofAWS, true, "us-west-2 https://sqs.us-west-2.amazonaws.com", 0},
		"old URL":                          {region, "https://us-west-2.queue.amazonaws.com/1/q", true, "us-west-2 https://us-west-2.queue.amazonaws.com", 0},
		"URL of the document":              {region, "http://localhost:4566/1/q", true, "eu-west-1 http://localhost:4566", 0},
		"URL of a message":                 {region, ofAWS, false, "us-west-2 https://sqs.us-west-2.amazonaws.com", 0},
		"URL of a message, in the clear":   {region, "http://sqs.us-west-2.amazonaws.com/1/q", false, "us-west-2 https://sqs.us-west-2.amazonaws.com", 0},
		"URL of a message, somewhere":      {region, "https://evil.example/1/q", false, "eu-west-1 ", 0},
		"URL of a message, like one of us": {region, "https://sqs.us-west-2.amazonaws.com.evil.example/1/q", false, "eu-west-1 ", 0},
	} {
		t.Run(name, func(t *testing.T) {
			if c.asked == 0 && c.queue == "orders" {
				if _, _, err := here.Queue(t.Context(), "orders", "", false); err != nil {
					t.Fatal(err)
				}
			}
			s.seen()
			if c.asked > 0 {
				here.urls = queueURLs{}
			}
			_, at, err := c.connection.Queue(t.Context(), c.queue, "", c.fixed)
			if err != nil || options(at) != c.want {
				t.Errorf("%q, %v", options(at), err)
			}
			if asked := s.seen(); len(asked) != c.asked {
				t.Errorf("asked for %q", asked)
			}
		})
	}
	if _, _, err := here.Queue(t.Context(), "orders", "999999999999", true); err != nil || s.requests[0].in["QueueOwnerAWSAccountId"] != "999999999999" {
		t.Errorf("owner: %v, %v", s.requests, err)
	}
}

func TestSQSQueueURLsAreBounded(t *testing.T) {
	var q queueURLs
	now := time.Now()
	for i := range 3 * rememberedQueues {
		q.set(queueKey{name: fmt.Sprint(i)}, "url", now)
	}
	if len(q.urls) > rememberedQueues {
		t.Errorf("%d queues remembered", len(q.urls))
	}
	last := queueKey{name: fmt.Sprint(3*rememberedQueues - 1)}
	if q.get(last, now) != "url" || q.get(last, now.Add(rememberedFor)) != "" {
		t.Error("a queue is not remembered for an hour")
	}
}

func TestSQSErrorsSayWhatToDo(t *testing.T) {
	isolate(t)
	s := newQueueService(t)
	policy := `<retry-policy class="aws-default-retry-policy-factory"><retry-policy>%s</retry-policy></retry-policy>`
	once := sqsConnection(t, endpointOf(s.URL)+fmt.Sprintf(policy, "NONE"))
	for name, c := range map[string]struct {
		refusal refusal
		want    string
	}{
		"no permission": {refusal{403, "AccessDeniedException", "no"}, "SendMessage of queue q failed: AccessDeniedException: no; allow sqs:SendMessage on the queue to these credentials"},
		"FIFO":          {refusal{400, "AWS.SimpleQueueService.UnsupportedOperation", "no"}, "a FIFO queue needs message-group-id"},
		"contents":      {refusal{400, "InvalidMessageContents", "no"}, "encode the payload, for example with base64-encode-service"},
		"signature":     {refusal{403, "SignatureDoesNotMatch", "no"}, "check the secret access key"},
		"fault":         {refusal{500, "InternalFailure", "no"}, "failed: InternalFailure: no"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refuse["SendMessage"] = []refusal{c.refusal}
			_, err := once.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("m")})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "amazon-sqs-connection queues: ") {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, _, err := once.Queue(t.Context(), "none", "", true); err == nil || !strings.Contains(err.Error(), "GetQueueUrl of queue none failed: QueueDoesNotExist: The specified queue does not exist.; create the queue, or correct its name") {
		t.Errorf("no queue: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := once.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: aws.String("q")}); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	s.seen()
	again := sqsConnection(t, endpointOf(s.URL))
	s.refuse["SendMessage"] = []refusal{{http.StatusServiceUnavailable, "ServiceUnavailable", "later"}, {400, "RequestThrottled", "less"}}
	if _, err := again.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("m")}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"SendMessage", "SendMessage", "SendMessage"}, s.seen()); diff != "" {
		t.Error(diff)
	}
	s.Close()
	fresh := sqsConnection(t, endpointOf(s.URL)+fmt.Sprintf(policy, "NONE"))
	_, err := fresh.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String("q"), MessageBody: aws.String("m")})
	if err == nil || !strings.Contains(err.Error(), "ConnectionRefused") {
		t.Errorf("nobody there: %v", err)
	}
	if err := again.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.Queue(t.Context(), "other", "", true); !errors.Is(err, component.ErrStopped) {
		t.Errorf("stopped: %v", err)
	}
}

func TestSQSErrorsKeepSecrets(t *testing.T) {
	isolate(t)
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"__type":"AccessDenied","message":"refused %s"}`, r.Header.Get("X-Amz-Security-Token"))
	})
	s := newQueueService(t)
	s.Config.Handler = echo
	c := mustDecode[*SQS](t, `<connection class="amazon-sqs-connection">`+endpointOf(s.URL)+`<credentials class="aws-static-credentials-builder"><access-key>A</access-key><secret-key>s</secret-key><session-token>unseen</session-token></credentials></connection>`)
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Stop(t.Context()) }()
	_, _, err := c.Queue(t.Context(), "q", "", true)
	if err == nil || !strings.Contains(err.Error(), "refused ***") || strings.Contains(err.Error(), "unseen") {
		t.Errorf("got %v", err)
	}
}

func TestSQSClientFactories(t *testing.T) {
	const pairs = `<client-configuration><key-value-pair><key>SocketTimeout</key><value>%d</value></key-value-pair></client-configuration>`
	for name, c := range map[string]struct {
		elements         string
		wait, visibility time.Duration
	}{
		"unsaid":            {"", 20 * time.Second, 0},
		"short timeout":     {fmt.Sprintf(pairs, 12500), 7 * time.Second, 0},
		"very short":        {fmt.Sprintf(pairs, 1000), 0, 0},
		"no timeout":        {fmt.Sprintf(pairs, 0), 20 * time.Second, 0},
		"buffered":          {`<sqs-client-factory class="buffered-sqs-client-factory"/>`, 20 * time.Second, 0},
		"buffered settings": {`<sqs-client-factory class="buffered-sqs-client-factory"><long-poll-wait-timeout-seconds>3</long-poll-wait-timeout-seconds><visibility-timeout-seconds>90</visibility-timeout-seconds></sqs-client-factory>`, 3 * time.Second, 90 * time.Second},
		"no long poll":      {`<sqs-client-factory class="buffered-sqs-client-factory"><long-poll>false</long-poll></sqs-client-factory>`, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			conn := mustDecode[*SQS](t, `<connection class="amazon-sqs-connection">`+c.elements+`</connection>`)
			if wait, visibility := conn.Receiving(); wait != c.wait || visibility != c.visibility {
				t.Errorf("wait %v, visibility %v", wait, visibility)
			}
		})
	}
}

func TestSQSVisibilityThatIsTooShortIsTold(t *testing.T) {
	for seconds, want := range map[int]bool{-1: false, 0: false, 1: true, 5: true, 6: false, 43200: false} {
		_, problems := decode[*SQS](t, fmt.Sprintf(`<connection class="amazon-sqs-connection"><sqs-client-factory class="buffered-sqs-client-factory"><visibility-timeout-seconds>%d</visibility-timeout-seconds></sqs-client-factory></connection>`, seconds))
		if got := strings.Contains(problems, "<visibility-timeout-seconds>") && strings.Contains(problems, "so 30 is taken; give 6 or more"); got != want || !want && problems != "" {
			t.Errorf("%d: %q", seconds, problems)
		}
	}
}

func TestConnectionsToAWSHaveTheFieldsOfInterlok(t *testing.T) {
	for _, alias := range []string{
		"aws-kinesis-sdk-connection", "amazon-sqs-connection", "aws-custom-endpoint", "aws-default-retry-policy-factory", "aws-retry-not-found-policy-factory",
		"buffered-sqs-client-factory", "unbuffered-sqs-client-factory",
	} {
		entry, ok := component.Catalog(alias)
		described, registered := component.Describe(alias)
		if !ok || !registered || described.Class != entry.Class {
			t.Errorf("%s: %+v, %+v", alias, entry, described)
		}
		known := map[string]bool{}
		for _, f := range described.Fields {
			known[f.Element] = true
		}
		for _, f := range entry.Fields {
			if !known[f.Name] {
				t.Errorf("<%s> of %s is missing", f.Name, alias)
			}
		}
	}
}
