package explain_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/message"
)

func sdkChannel(elements string) string {
	return `<channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-sdk-connection"><unique-id>sdk</unique-id><region>us-east-1</region></produce-connection>
<workflow-list><standard-workflow><unique-id>w</unique-id><producer class="aws-kinesis-sdk-stream-producer"><stream>events</stream><partition-key>%message{%payload}</partition-key>` +
		elements + `</producer></standard-workflow></workflow-list></channel>`
}

func TestRecordsOfRequests(t *testing.T) {
	const split = `<request-builder class="aws-kinesis-splitting-request-builder"><message-splitter class="line-count-splitter"><split-on-line>1</split-on-line></message-splitter></request-builder>`
	var many []string
	for i := range 25 {
		many = append(many, fmt.Sprintf("k%02d", i))
	}
	for name, c := range map[string]struct {
		elements, payload string
		records, told     int
		keyOf             func(i int) string
	}{
		"one":             {"", "k00", 1, 1, func(int) string { return "k00" }},
		"parts":           {split, "k00\nk01\nk02", 3, 3, func(i int) string { return many[i] }},
		"several batches": {split + "<batch-window>4</batch-window>", strings.Join(many, "\n"), 25, 10, func(i int) string { return many[i] }},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := explain.Message(t.Context(), loadText(t, sdkChannel(c.elements)), message.New([]byte(c.payload)), explain.Options{Stream: even(4)})
			if err != nil {
				t.Fatal(err)
			}
			shown := text(t, r)
			records := r.Records()
			if r.Failure != "" || r.RecordCount != c.records || len(records) != c.told {
				t.Fatalf("%d records, %d told\n%s", r.RecordCount, len(records), shown)
			}
			for i, record := range records {
				if strings.TrimSpace(record.PartitionKey) != c.keyOf(i) || record.Stream != "events" || record.Connection != "sdk" || record.Shard == "" || record.Cost.Aggregated || record.Cost.UnitsAlone != 1 {
					t.Errorf("record %d: %+v", i, record)
				}
			}
			if !strings.Contains(shown, "aggregated     no: this producer sends plain records") || !strings.Contains(shown, fmt.Sprintf("has stored %d record", c.records)) {
				t.Error(shown)
			}
			if step := r.Steps[len(r.Steps)-1]; name != "one" {
				for i, part := range step.Steps {
					if part.Part != i+1 || part.Record != records[i] {
						t.Errorf("part %d has record %+v", part.Part, part.Record)
					}
				}
			}
		})
	}
}

func TestRequestsThatTheProducerRefuses(t *testing.T) {
	r, err := explain.Message(t.Context(), loadText(t, sdkChannel("")), message.New([]byte(strings.Repeat("k", 257))), explain.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.RecordCount != 0 || !strings.Contains(r.Failure, "can not send the message to stream") {
		t.Errorf("%d records, %s", r.RecordCount, r.Failure)
	}
}
