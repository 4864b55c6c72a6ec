package kplprometheus

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// docs/metrics.md names every series.
func TestSeriesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	r := prometheus.NewRegistry()
	r.MustRegister(newCollector(busy()))
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if name := strings.TrimPrefix(f.GetName(), "kpl_"); !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("%s is missing", name)
		}
	}
}
