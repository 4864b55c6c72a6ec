package kinesislocal

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxMetricData bounds the data that CloudWatch keeps here; beyond it the oldest
// are dropped.
const maxMetricData = 100_000

// Datum is one datum of PutMetricData. Values, counts and statistic sets are
// all told as SampleCount, Sum, Minimum and Maximum.
type Datum struct {
	Namespace  string
	Name       string
	Dimensions map[string]string
	Timestamp  time.Time // that of the request, or its arrival if it had none
	Unit       string    // None if the request had none
	Resolution int       // seconds, 1 or 60

	SampleCount, Sum, Minimum, Maximum float64

	// Values and Counts are what the request had, side by side; nil for a
	// statistic set.
	Values, Counts []float64
}

// metricStore holds what PutMetricData brought.
type metricStore struct {
	mu   sync.Mutex // guards data
	data []Datum
}

func (m *metricStore) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = nil
}

func (m *metricStore) add(data []Datum) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data = append(m.data, data...)
	if over := len(m.data) - maxMetricData; over > 0 {
		m.data = slices.Delete(m.data, 0, over)
	}
}

func (m *metricStore) list() []Datum {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.data)
}

// Metrics returns what PutMetricData brought, the latest 100,000 data, in the
// order of their arrival. Do not change what the data refer to.
func (s *Server) Metrics() []Datum { return s.metrics.list() }

// WaitMetrics waits until enough says true of what Metrics returns, and returns
// it. It asks whenever a request has ended.
func (s *Server) WaitMetrics(ctx context.Context, enough func([]Datum) bool) ([]Datum, error) {
	for {
		more := s.seen.wait()
		list := s.Metrics()
		if enough(list) {
			return list, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return list, fmt.Errorf("kinesislocal: waited for metrics, found %d data: %w", len(list), context.Cause(ctx))
		}
	}
}

// metricKey identifies a metric: its namespace, name and dimensions.
func (d *Datum) metricKey() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %q", d.Namespace, d.Name)
	for _, name := range slices.Sorted(maps.Keys(d.Dimensions)) {
		fmt.Fprintf(&b, " %q=%q", name, d.Dimensions[name])
	}
	return b.String()
}
