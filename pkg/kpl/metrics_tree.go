package kpl

import (
	"cmp"
	"slices"
	"strings"
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

// gather adds up the whole tree from what read returns of each node.
func (m *metrics) gather(wanted func(metric, []Dimension) bool, read func(*metricNode) ([metricCount]statistic, map[string]statistic)) seriesSet {
	set := seriesSet{}
	node := func(n *metricNode, stream, shard string) {
		all, errors := read(n)
		places := m.tree.places(stream, shard, "")
		for i, s := range all {
			if s.count > 0 {
				set.addPlaces(metric(i), places, s, wanted)
			}
		}
		for code, s := range errors {
			set.addPlaces(errorsByCode, m.tree.places(stream, shard, code), s, wanted)
		}
	}
	m.streams.Range(func(name, value any) bool {
		stream := value.(*streamMetrics)
		stream.countReceived()
		node(&stream.metricNode, name.(string), "")
		stream.shards.Range(func(id, value any) bool {
			node(value.(*metricNode), name.(string), id.(string))
			return true
		})
		return true
	})
	return set
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
	return m.gather(m.uploaded, (*metricNode).take)
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
	set := m.gather(func(metric, []Dimension) bool { return true }, (*metricNode).sum)
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
