package connection

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// queueService speaks as much of the JSON protocol of SQS as the connection needs: one queue, orders, whose messages get no attributes.
type queueService struct {
	*httptest.Server

	mu       sync.Mutex
	messages []map[string]any
	requests []queueRequest
	// refuse answers an operation with status, code and message, so often.
	refuse map[string][]refusal
}

type queueRequest struct {
	operation, authorization, host string
	in                             map[string]any
}

type refusal struct {
	status        int
	code, message string
}

func newQueueService(t *testing.T) *queueService {
	t.Helper()
	s := &queueService{refuse: map[string][]refusal{}}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *queueService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AmazonSQS.")
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, queueRequest{operation, r.Header.Get("Authorization"), r.Host, in})
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if all := s.refuse[operation]; len(all) > 0 {
		s.refuse[operation] = all[1:]
		s.error(w, all[0])
		return
	}
	var out map[string]any
	switch operation {
	case "GetQueueUrl":
		if in["QueueName"] != "orders" {
			s.error(w, refusal{http.StatusBadRequest, "QueueDoesNotExist", "The specified queue does not exist."})
			return
		}
		out = map[string]any{"QueueUrl": s.URL + "/123456789012/orders"}
	case "GetQueueAttributes":
		out = map[string]any{"Attributes": map[string]any{"VisibilityTimeout": "45"}}
	case "SendMessage":
		out = s.send(in)
	case "ReceiveMessage":
		out = map[string]any{"Messages": s.messages}
	case "DeleteMessageBatch", "ChangeMessageVisibilityBatch":
		out = s.batch(in, operation == "DeleteMessageBatch")
	}
	if err := json.NewEncoder(w).Encode(out); err != nil {
		panic(err)
	}
}

func (s *queueService) error(w http.ResponseWriter, r refusal) {
	w.WriteHeader(r.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": "com.amazonaws.sqs#" + r.code, "message": r.message})
}

func (s *queueService) send(in map[string]any) map[string]any {
	sum := md5.Sum([]byte(in["MessageBody"].(string)))
	id := "id" + strings.Repeat("+", len(s.messages))
	s.messages = append(s.messages, map[string]any{"MessageId": id, "ReceiptHandle": "handle-" + id, "Body": in["MessageBody"], "MD5OfBody": hex.EncodeToString(sum[:])})
	return map[string]any{"MessageId": id, "MD5OfMessageBody": hex.EncodeToString(sum[:])}
}

func (s *queueService) batch(in map[string]any, remove bool) map[string]any {
	var ok, failed []map[string]any
	for _, e := range in["Entries"].([]any) {
		entry := e.(map[string]any)
		found := false
		for i, m := range s.messages {
			if found = m["ReceiptHandle"] == entry["ReceiptHandle"]; found {
				if remove {
					s.messages = append(s.messages[:i], s.messages[i+1:]...)
				}
				break
			}
		}
		if found {
			ok = append(ok, map[string]any{"Id": entry["Id"]})
		} else {
			failed = append(failed, map[string]any{"Id": entry["Id"], "Code": "ReceiptHandleIsInvalid", "SenderFault": true})
		}
	}
	return map[string]any{"Successful": ok, "Failed": failed}
}

// seen lists the operations asked for since the last call.
func (s *queueService) seen() (out []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		out = append(out, r.operation)
	}
	s.requests = nil
	return out
}
