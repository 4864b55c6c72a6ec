package telemetry

import (
	"os"
	"strings"
	"testing"
)

// docs/opentelemetry.md names every attribute of ours.
func TestAttributesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/opentelemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		string(ChannelKey), string(WorkflowKey), string(ConsumerKey), string(OutcomeKey), string(TriesKey), string(RecordsKey), string(RecordsFailedKey), string(RecordBytesKey),
		string(AttemptsKey), string(PartitionKeyOfRecord), Delivered, Handled, Failed, GivenBack, MetadataTraceParent, MetadataTraceState, MetadataBaggage, "messaging.process.duration",
	} {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is missing", name)
		}
	}
}
