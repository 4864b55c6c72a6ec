package kinesislocal

import (
	"maps"
	"slices"
	"time"
)

const (
	metricsListed  = 500
	recentlyActive = 3 * time.Hour
)

func (c *call) listMetrics() *apiError {
	namespace, name, token := c.in.str("Namespace"), c.in.str("MetricName"), c.in.str("NextToken")
	recent := c.in.str("RecentlyActive")
	filters := c.in.objects("Dimensions")
	if namespace != "" {
		if err := checkNamespace(namespace); err != nil {
			return err
		}
	}
	if recent != "" && recent != "PT3H" {
		return wrongParameter("The parameter RecentlyActive must be a value in the set [ PT3H ].")
	}
	if token != "" {
		p, err := c.s.readPosition(token, metricsKind)
		if err != nil {
			return wrongParameter("Invalid nextToken.")
		}
		token = p.filter
	}
	metrics := map[string]*Datum{}
	data := c.s.metrics.list()
	for i := range data {
		d := &data[i]
		if namespace != "" && d.Namespace != namespace || name != "" && d.Name != name ||
			recent != "" && d.Timestamp.Before(c.now.Add(-recentlyActive)) || !d.matches(filters) {
			continue
		}
		metrics[d.metricKey()] = d
	}
	if err := c.in.failure(); err != nil {
		return err
	}
	keys := slices.Sorted(maps.Keys(metrics))
	first, found := slices.BinarySearch(keys, token)
	if found {
		first++
	}
	keys = keys[first:]
	more := len(keys) > metricsListed
	if more {
		keys = keys[:metricsListed]
	}
	c.out.key("Metrics")
	c.out.list()
	for _, key := range keys {
		d := metrics[key]
		c.out.object()
		c.out.key("Namespace")
		c.out.str(d.Namespace)
		c.out.key("MetricName")
		c.out.str(d.Name)
		c.out.key("Dimensions")
		c.out.list()
		for _, dimension := range slices.Sorted(maps.Keys(d.Dimensions)) {
			c.out.object()
			c.out.key("Name")
			c.out.str(dimension)
			c.out.key("Value")
			c.out.str(d.Dimensions[dimension])
			c.out.endObject()
		}
		c.out.endList()
		c.out.endObject()
	}
	c.out.endList()
	if more {
		c.out.key("NextToken")
		c.out.str(position{filter: keys[len(keys)-1], issued: c.now}.encode(metricsKind))
	}
	return nil
}

// matches says whether a datum has all the dimensions of ListMetrics; one
// without a value matches any.
func (d *Datum) matches(filters []input) bool {
	for _, f := range filters {
		value, ok := d.Dimensions[f.str("Name")]
		if !ok || f.has("Value") && f.str("Value") != value {
			return false
		}
	}
	return true
}
