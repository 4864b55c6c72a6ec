package kpl

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// docs/metrics.md has a row for every metric, with its unit and level.
func TestMetricsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range metricKinds {
		if row := fmt.Sprintf("| `%s` | %s | %s |", k.name, k.unit, k.level); !strings.Contains(string(page), row) {
			t.Errorf("no row begins %s", row)
		}
	}
}
