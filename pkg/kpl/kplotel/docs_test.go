package kplotel

import (
	"os"
	"strings"
	"testing"
)

// docs/metrics.md names every instrument.
func TestInstrumentsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range counted {
		names = append(names, strings.TrimSuffix(strings.TrimSuffix(f.name, ".sum"), ".count"))
	}
	for _, s := range ofProducer {
		names = append(names, s.name)
	}
	for _, s := range ofStream {
		names = append(names, s.name)
	}
	for _, s := range ofShard {
		names = append(names, s.name)
	}
	for _, name := range append(names, "kpl.possible_duplicates") {
		if name = strings.TrimPrefix(name, "kpl."); !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is missing", name)
		}
	}
}
