package kinesislocal

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxDatapoints   = 1440
	extendedPattern = "pNN.NN"
)

var statisticNames = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

// datapoint is what data of one period and one unit add up to.
type datapoint struct {
	at   time.Time
	unit string
	Datum
}

func (p *datapoint) add(d *Datum) {
	if p.SampleCount == 0 && p.Sum == 0 && p.Values == nil {
		p.Minimum, p.Maximum = d.Minimum, d.Maximum
	}
	p.SampleCount += d.SampleCount
	p.Sum += d.Sum
	p.Minimum, p.Maximum = min(p.Minimum, d.Minimum), max(p.Maximum, d.Maximum)
	if d.Values == nil {
		// Like the service: a statistic set has a value only if all are the same.
		if d.Minimum == d.Maximum {
			p.Values, p.Counts = append(p.Values, d.Minimum), append(p.Counts, d.SampleCount)
		}
		return
	}
	p.Values, p.Counts = append(p.Values, d.Values...), append(p.Counts, d.Counts...)
}

func (p *datapoint) statistic(name string) float64 {
	switch name {
	case "SampleCount":
		return p.SampleCount
	case "Average":
		if p.SampleCount == 0 {
			return 0
		}
		return p.Sum / p.SampleCount
	case "Sum":
		return p.Sum
	case "Minimum":
		return p.Minimum
	}
	return p.Maximum
}

// percentile returns the value below which so many percent of the samples are.
// It is not known where a statistic set hides the values.
func (p *datapoint) percentile(percent float64) (float64, bool) {
	known := 0.0
	order := make([]int, len(p.Values))
	for i := range order {
		order[i] = i
		known += p.Counts[i]
	}
	if known != p.SampleCount || known == 0 {
		return 0, false
	}
	slices.SortFunc(order, func(a, b int) int { return compareFloats(p.Values[a], p.Values[b]) })
	rank, passed := percent/100*known, 0.0
	for _, i := range order {
		if passed += p.Counts[i]; passed >= rank {
			return p.Values[i], true
		}
	}
	return p.Maximum, true
}

func compareFloats(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func parsePercentile(s string) (float64, bool) {
	digits, ok := strings.CutPrefix(s, "p")
	if !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(digits, 64)
	return f, err == nil && f >= 0 && f <= 100
}

func validPeriod(seconds int64) bool {
	switch seconds {
	case 1, 5, 10, 20, 30:
		return true
	}
	return seconds > 0 && seconds%60 == 0 && seconds <= 86400*365
}

func (c *call) getMetricStatistics() *apiError {
	namespace, name, unit := c.in.str("Namespace"), c.in.str("MetricName"), c.in.str("Unit")
	if err := checkNamespace(namespace); err != nil {
		return err
	}
	if err := metricText(name, "MetricName", maxMetricText); err != nil {
		return err
	}
	dimensions, err := readDimensions(c.in, "")
	if err != nil {
		return err
	}
	from, hasFrom := c.in.time("StartTime")
	to, hasTo := c.in.time("EndTime")
	seconds, hasPeriod := c.in.int("Period")
	statistics, extended := c.in.strings("Statistics"), c.in.strings("ExtendedStatistics")
	if err := c.in.failure(); err != nil {
		return err
	}
	period := time.Duration(seconds) * time.Second
	switch {
	case !hasFrom:
		return missingParameter("StartTime")
	case !hasTo:
		return missingParameter("EndTime")
	case !hasPeriod:
		return missingParameter("Period")
	case !validPeriod(seconds):
		return wrongParameter("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60; it is %d.", seconds)
	case !from.Before(to):
		return wrongParameter("The parameter StartTime must be less than the parameter EndTime.")
	case to.Sub(from)/period > maxDatapoints:
		return wrongCombination("You have requested up to %d datapoints, which exceeds the limit of %d. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", to.Sub(from)/period, maxDatapoints)
	case len(statistics)+len(extended) == 0:
		return missing("Must specify either Statistics or ExtendedStatistics.")
	case unit != "" && !slices.Contains(metricUnits, unit):
		return wrongParameter("The parameter Unit must be a value in the set [ %s ].", strings.Join(metricUnits, ", "))
	}
	for _, s := range statistics {
		if !slices.Contains(statisticNames, s) {
			return wrongParameter("The parameter Statistics must be a value in the set [ %s ]; it has %s.", strings.Join(statisticNames, ", "), s)
		}
	}
	percents := make([]float64, len(extended))
	for i, s := range extended {
		ok := false
		if percents[i], ok = parsePercentile(s); !ok {
			return wrongParameter("The value %s for parameter ExtendedStatistics is invalid; this endpoint knows %s.", s, extendedPattern)
		}
	}

	points := map[string]*datapoint{}
	data := c.s.metrics.list()
	for i := range data {
		d := &data[i]
		if d.Namespace != namespace || d.Name != name || !maps.Equal(d.Dimensions, dimensions) || unit != "" && d.Unit != unit {
			continue
		}
		at := d.Timestamp.Truncate(period)
		if at.Before(from.Truncate(period)) || !at.Before(to) {
			continue
		}
		key := fmt.Sprint(at.UnixNano(), d.Unit)
		if points[key] == nil {
			points[key] = &datapoint{at: at, unit: d.Unit}
		}
		points[key].add(d)
	}
	c.out.key("Label")
	c.out.str(name)
	c.out.key("Datapoints")
	c.out.list()
	for _, key := range slices.Sorted(maps.Keys(points)) {
		p := points[key]
		c.out.object()
		c.out.key("Timestamp")
		c.out.time(p.at)
		for _, s := range statistics {
			c.out.key(s)
			c.out.float(p.statistic(s))
		}
		c.out.key("Unit")
		c.out.str(p.unit)
		c.writePercentiles(p, extended, percents)
		c.out.endObject()
	}
	c.out.endList()
	return nil
}

func (c *call) writePercentiles(p *datapoint, names []string, percents []float64) {
	if len(names) == 0 {
		return
	}
	c.out.key("ExtendedStatistics")
	c.out.mapping()
	for i, name := range names {
		if v, ok := p.percentile(percents[i]); ok && !math.IsInf(v, 0) {
			c.out.entry(name, func() { c.out.float(v) })
		}
	}
	c.out.endMapping()
}
