package kpl

import (
	"cmp"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// MetricPoint is one metric at one place of the tree: a name, dimensions and what was counted there.
type MetricPoint struct {
	// Name and Unit (Count, Bytes, Milliseconds) are the KPL's.
	Name, Unit string
	// Dimensions are those of the place, from the outermost.
	Dimensions []Dimension
	// SampleCount, Sum, Min and Max are the statistics of the samples, in the unit; SampleCount is never 0.
	SampleCount, Sum, Min, Max float64
}

// dimensionTree knows which places a value counts for: name → global extras → (ErrorCode) → StreamName → stream extras → ShardId →
// shard extras, and every prefix of it.
type dimensionTree struct{ global, stream, shard []Dimension }

func newDimensionTree(extras []Dimension) dimensionTree {
	var t dimensionTree
	for _, d := range extras {
		switch {
		case strings.TrimSpace(d.Value) == "": // left out, as in the KPL since 0.15.12
		case d.Granularity == GranularityGlobal:
			t.global = append(t.global, d)
		case d.Granularity == GranularityStream:
			t.stream = append(t.stream, d)
		default:
			t.shard = append(t.shard, d)
		}
	}
	return t
}

// places returns the dimensions of a place and of all above it, the outermost first.
func (t dimensionTree) places(stream, shard, code string) [][]Dimension {
	path := slices.Clone(t.global)
	if code != "" {
		path = append(path, Dimension{dimensionErrorCode, dimensionText(code), GranularityGlobal})
	}
	path = append(path, Dimension{dimensionStream, dimensionText(stream), GranularityStream})
	path = append(path, t.stream...)
	if shard != "" {
		path = append(path, Dimension{dimensionShard, dimensionText(shard), GranularityShard})
		path = append(path, t.shard...)
	}
	all := make([][]Dimension, len(path)+1)
	for i := range all {
		all[i] = path[:i:i]
	}
	return all
}

// dimensionText is a name as CloudWatch takes it: one that it refuses would make it refuse the whole upload.
func dimensionText(s string) string {
	s = printable(s)
	return s[:min(len(s), maxDimensionValue)]
}

// series is one metric at one place.
type series struct {
	metric     metric
	dimensions []Dimension
	statistic  statistic
}

// seriesKey tells series apart; dimensions are joined by a character that they cannot have.
type seriesKey struct {
	metric     metric
	dimensions string
}

type seriesSet map[seriesKey]*series

func (set seriesSet) add(m metric, dimensions []Dimension, s statistic) {
	var key strings.Builder
	for _, d := range dimensions {
		key.WriteString(d.Name)
		key.WriteByte(0)
		key.WriteString(d.Value)
		key.WriteByte(0)
	}
	k := seriesKey{m, key.String()}
	if one, ok := set[k]; ok {
		one.statistic.merge(s)
		return
	}
	set[k] = &series{m, dimensions, s}
}

func (set seriesSet) addAll(all []*series) {
	for _, s := range all {
		set.add(s.metric, s.dimensions, s.statistic)
	}
}

// sorted has those with fewer dimensions first, then by name and dimensions, as the KPL uploads them.
func (set seriesSet) sorted() []*series {
	type keyed struct {
		seriesKey
		*series
	}
	all := make([]keyed, 0, len(set))
	for k, s := range set {
		all = append(all, keyed{k, s})
	}
	slices.SortFunc(all, func(a, b keyed) int {
		return cmp.Or(len(a.series.dimensions)-len(b.series.dimensions),
			cmp.Compare(metricKinds[a.series.metric].name, metricKinds[b.series.metric].name),
			cmp.Compare(a.seriesKey.dimensions, b.seriesKey.dimensions))
	})
	out := make([]*series, len(all))
	for i := range all {
		out[i] = all[i].series
	}
	return out
}

// readNode returns what is wanted of a node: its metrics, and its errors by their code.
type readNode func(*metricNode) ([metricCount]statistic, map[string]statistic)

// gather adds up the whole tree from what read returns of each node.
func (m *metrics) gather(set seriesSet, wanted func(metric, []Dimension) bool, read readNode) {
	m.streams.Range(func(_, value any) bool {
		s := value.(*streamMetrics)
		s.countReceived()
		m.gatherStream(set, s, wanted, read)
		return true
	})
}

func (m *metrics) gatherStream(set seriesSet, s *streamMetrics, wanted func(metric, []Dimension) bool, read readNode) {
	s.each(func(shard string, n *metricNode) {
		all, errors := read(n)
		places := m.tree.places(s.name, shard, "")
		for i, s := range all {
			if s.count > 0 {
				set.addPlaces(metric(i), places, s, wanted)
			}
		}
		for code, one := range errors {
			set.addPlaces(errorsByCode, m.tree.places(s.name, shard, code), one, wanted)
		}
	})
}

func (set seriesSet) addPlaces(m metric, places [][]Dimension, s statistic, wanted func(metric, []Dimension) bool) {
	for _, p := range places {
		if wanted(m, p) {
			set.add(m, p, s)
		}
	}
}

// interval takes what was counted since the last time and is to be uploaded.
func (m *metrics) interval() seriesSet {
	m.gathering.Lock()
	defer m.gathering.Unlock()
	set := m.leftover
	m.leftover = seriesSet{}
	m.gather(set, m.uploaded, (*metricNode).take)
	return set
}

// maxLeftover is how many series of streams that were given up wait for an upload. Names that come from payloads may be many.
const maxLeftover = 100_000

// forget takes a stream that was given up out of the tree: what was not uploaded yet goes with the next upload, and what it counted
// stays in the totals of all streams. A stream of that name that is there already, or comes later, counts from zero.
func (m *metrics) forget(name string) {
	if m == nil {
		return
	}
	m.gathering.Lock()
	defer m.gathering.Unlock()
	value, ok := m.streams.LoadAndDelete(name)
	if !ok {
		return
	}
	s := value.(*streamMetrics)
	s.gone.Store(true) // after it is out of the map, so that who sees this finds another one there
	s.countReceived()  // once: what comes later is for who brings it, and must be in both of the below or in neither
	if m.uploads.Load() {
		m.gatherStream(m.leftover, s, func(which metric, place []Dimension) bool {
			return m.uploaded(which, place) && (len(m.leftover) < maxLeftover || streamIn(place) == "")
		}, (*metricNode).take)
	}
	m.gatherStream(m.gone, s, func(_ metric, place []Dimension) bool { return streamIn(place) == "" }, (*metricNode).sum)
}

// streamIn is the stream that a place belongs to, which comes before the extras of streams; empty for places above the streams.
func streamIn(place []Dimension) string {
	for _, d := range place {
		if d.Granularity == GranularityStream {
			return d.Value
		}
	}
	return ""
}

// bound keeps what could not be uploaded from growing with every stream that there ever was.
func (m *metrics) bound(backlog seriesSet) {
	if len(backlog) <= maxLeftover {
		return
	}
	counted := map[string]bool{"": true}
	m.streams.Range(func(name, _ any) bool {
		counted[dimensionText(name.(string))] = true
		return true
	})
	before := len(backlog)
	for k, s := range backlog {
		if !counted[streamIn(s.dimensions)] {
			delete(backlog, k)
		}
	}
	if n := before - len(backlog); n > 0 {
		m.logger.Warn("metrics of streams that are no longer in use are dropped, for CloudWatch does not take them; those of all streams are kept",
			zap.Int("metrics", n))
	}
}

// uploaded says whether level and granularity select a metric at a place.
func (m *metrics) uploaded(which metric, place []Dimension) bool {
	if metricKinds[which].level == MetricsDetailed && m.level != MetricsDetailed {
		return false
	}
	fine := 0
	for _, d := range place {
		fine = max(fine, fineness(d.Granularity))
	}
	return fine <= fineness(m.granularity)
}

func fineness(g MetricsGranularity) int {
	switch g {
	case GranularityGlobal:
		return 0
	case GranularityStream:
		return 1
	}
	return 2
}

// snapshot lists all metrics since the producer began, whatever level and granularity, those with fewer dimensions first.
func (m *metrics) snapshot() []MetricPoint {
	if m == nil {
		return nil
	}
	m.gathering.Lock()
	set := seriesSet{}
	for _, s := range m.gone {
		set.add(s.metric, s.dimensions, s.statistic)
	}
	m.gather(set, func(metric, []Dimension) bool { return true }, (*metricNode).sum)
	m.gathering.Unlock()
	points := make([]MetricPoint, 0, len(set))
	for _, s := range set.sorted() {
		scale := s.metric.scale()
		points = append(points, MetricPoint{
			Name: metricKinds[s.metric].name, Unit: string(metricKinds[s.metric].unit), Dimensions: s.dimensions,
			SampleCount: float64(s.statistic.count), Sum: float64(s.statistic.sum) / scale,
			Min: float64(s.statistic.min) / scale, Max: float64(s.statistic.max) / scale,
		})
	}
	return points
}
