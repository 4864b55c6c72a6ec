package message

import "testing"

func TestStopProcessingEndsServicesAndProducer(t *testing.T) {
	m := New(nil)
	if m.Stopped() || m.SkipsProducer() {
		t.Error("a new message is stopped")
	}
	clone := m.Clone()
	m.StopProcessing()
	if !m.Stopped() || !m.SkipsProducer() {
		t.Error("a stopped message is not stopped")
	}
	if clone.Stopped() || clone.SkipsProducer() {
		t.Error("a clone made before is stopped too")
	}
}

func TestStopMetadataIsReadAsInterlokReadsIt(t *testing.T) {
	for _, c := range []struct {
		value          string
		stopped, skips bool
	}{
		{"true", true, true},
		{"TRUE", true, true},
		{"yes", true, false},
		{"On", true, false},
		{"false", false, false},
		{"", false, false},
		{"1", false, false},
	} {
		m := New(nil)
		m.SetMetadata(MetadataStopProcessing, c.value)
		m.SetMetadata(MetadataSkipProducer, c.value)
		if m.Stopped() != c.stopped || m.SkipsProducer() != c.skips {
			t.Errorf("%q: stopped %v, skips producer %v", c.value, m.Stopped(), m.SkipsProducer())
		}
	}
}
