package message

import (
	"slices"
	"testing"
)

func TestPartIsMetadataOfItsOwn(t *testing.T) {
	whole := New([]byte("ab"))
	whole.SetMetadata("k", "v")
	first, second := whole.Child([]byte("a")), whole.Child([]byte("b"))
	first.SetPart(1)
	second.SetPart(2)
	read := func(m *Message) string {
		v, _ := m.Metadata(MetadataPart)
		return v
	}
	if read(first) != "1" || read(second) != "2" || read(whole) != "" {
		t.Errorf("parts are %q, %q and %q", read(first), read(second), read(whole))
	}
	if keys := first.MetadataKeys(); !slices.Equal(keys, []string{MetadataPart, "k"}) {
		t.Errorf("keys are %v", keys)
	}
	if keys := whole.MetadataKeys(); !slices.Equal(keys, []string{"k"}) {
		t.Errorf("keys of the whole are %v", keys)
	}
	if inner := second.Child(nil); read(inner) != "2" || read(second.Clone()) != "2" {
		t.Error("a child or clone loses the number")
	}
	first.SetMetadata(MetadataPart, "mine")
	if read(first) != "mine" {
		t.Errorf("set to %q", read(first))
	}
	first.SetPart(7)
	if keys := first.MetadataKeys(); read(first) != "7" || !slices.Equal(keys, []string{MetadataPart, "k"}) {
		t.Errorf("numbered again it is %q, with keys %v", read(first), keys)
	}
	first.RemoveMetadata(MetadataPart)
	if _, there := first.Metadata(MetadataPart); there {
		t.Error("it is there after it was removed")
	}
	second.SetAllMetadata(nil)
	if _, there := second.Metadata(MetadataPart); there {
		t.Error("it is there after all metadata was removed")
	}
}
