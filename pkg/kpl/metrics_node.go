package kpl

import (
	"sync"
	"sync/atomic"
)

// metricNode counts at one place of the tree: a stream, or a shard of a stream. Values for what stands above it are summed up when
// somebody asks, not when they are counted.
type metricNode struct {
	// mu guards all below.
	mu sync.Mutex
	// interval is since the last upload, total what came before; the same for errors by their code.
	interval, total             [metricCount]statistic
	intervalErrors, totalErrors map[string]statistic
}

func (n *metricNode) addError(code string) {
	if n.intervalErrors == nil {
		n.intervalErrors = map[string]statistic{}
	}
	s := n.intervalErrors[code]
	s.add(1)
	n.intervalErrors[code] = s
}

// each calls f for the stream's own node, with an empty shard id, and for those of its shards.
func (s *streamMetrics) each(f func(shard string, n *metricNode)) {
	f("", &s.metricNode)
	s.shards.Range(func(id, n any) bool {
		f(id.(string), n.(*metricNode))
		return true
	})
}

// take ends the interval and returns it.
func (n *metricNode) take() (all [metricCount]statistic, errors map[string]statistic) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all, errors = n.interval, n.intervalErrors
	for i := range n.total {
		n.total[i].merge(all[i])
	}
	if errors != nil && n.totalErrors == nil {
		n.totalErrors = map[string]statistic{}
	}
	for code, s := range errors {
		t := n.totalErrors[code]
		t.merge(s)
		n.totalErrors[code] = t
	}
	n.interval, n.intervalErrors = [metricCount]statistic{}, nil
	return all, errors
}

// sum returns everything since the start.
func (n *metricNode) sum() (all [metricCount]statistic, errors map[string]statistic) {
	n.mu.Lock()
	defer n.mu.Unlock()
	all = n.total
	for i := range all {
		all[i].merge(n.interval[i])
	}
	errors = make(map[string]statistic, len(n.totalErrors)+len(n.intervalErrors))
	for _, from := range []map[string]statistic{n.totalErrors, n.intervalErrors} {
		for code, s := range from {
			t := errors[code]
			t.merge(s)
			errors[code] = t
		}
	}
	return all, errors
}

// streamMetrics is a stream's node with those of its shards, which are kept as long as the stream is in use.
type streamMetrics struct {
	metricNode
	name string
	// gone is set once what is here has been taken for the last time, or is about to be. Who counts looks at it after taking a node's
	// mutex, and after adding to received: what came too late for the last reader must go to the stream's new node.
	gone atomic.Bool
	// received is apart from the node because every record counts there, from many goroutines, and always as 1.
	received atomic.Int64
	shards   sync.Map // shard id → *metricNode
}

func (s *streamMetrics) shard(id string) *metricNode {
	if id == "" {
		return &s.metricNode
	}
	if n, ok := s.shards.Load(id); ok {
		return n.(*metricNode)
	}
	n, _ := s.shards.LoadOrStore(id, new(metricNode))
	return n.(*metricNode)
}

// countReceived brings what was received into the node.
func (s *streamMetrics) countReceived() {
	if n := s.received.Swap(0); n > 0 {
		s.mu.Lock()
		s.interval[userRecordsReceived].addTimes(1, n)
		s.mu.Unlock()
	}
}
