package message

import "strings"

// Metadata that ends a message's way before its end, without failing it (Interlok: CoreConstants.STOP_PROCESSING_KEY and
// KEY_WORKFLOW_SKIP_PRODUCER). Documents set them with stop-processing-service, or like any other metadata.
const (
	// MetadataStopProcessing is true on a message that no further service is to see.
	MetadataStopProcessing = "adpstopprocessing"
	// MetadataSkipProducer is true on a message that the workflow's producer is not to see.
	MetadataSkipProducer = "adpworkflowskipproducer"
)

// StopProcessing ends the way of m: no further service and no producer of the workflow sees it, and it counts as done.
func (m *Message) StopProcessing() {
	m.SetMetadata(MetadataStopProcessing, "true")
	m.SetMetadata(MetadataSkipProducer, "true")
}

// Stopped says that no further service is to see m.
func (m *Message) Stopped() bool {
	return isTrue(m.metadata[MetadataStopProcessing], "true", "yes", "on", "y", "t")
}

// SkipsProducer says that the workflow's producer is not to see m.
func (m *Message) SkipsProducer() bool { return isTrue(m.metadata[MetadataSkipProducer], "true") }

// isTrue reads a boolean as Interlok does: services ask Apache's BooleanUtils, which takes more than true, workflows Boolean.valueOf.
func isTrue(value string, words ...string) bool {
	if value == "" { // by far the most
		return false
	}
	for _, w := range words {
		if strings.EqualFold(value, w) {
			return true
		}
	}
	return false
}
