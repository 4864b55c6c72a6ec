package kinesislocal

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// Limits of PutMetricData.
const (
	maxDataPerRequest = 1000
	maxDimensions     = 30
	maxValues         = 150
	maxMetricText     = 255
	maxDimensionValue = 1024

	oldestMetric = 14 * 24 * time.Hour
	newestMetric = 2 * time.Hour
)

// maxMetricValue is 2^360; the service takes values from its negative to it.
var maxMetricValue = math.Ldexp(1, 360)

var metricUnits = []string{
	"Seconds", "Microseconds", "Milliseconds", "Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes",
	"Bits", "Kilobits", "Megabits", "Gigabits", "Terabits", "Percent", "Count",
	"Bytes/Second", "Kilobytes/Second", "Megabytes/Second", "Gigabytes/Second", "Terabytes/Second",
	"Bits/Second", "Kilobits/Second", "Megabits/Second", "Gigabits/Second", "Terabits/Second", "Count/Second", "None",
}

// queryRefusal is an error of CloudWatch, whose code in the query protocol is
// another than in the protocols that name the shape of the error.
func queryRefusal(code, queryCode, format string, args ...any) *apiError {
	err := refuse(code, format, args...)
	err.queryCode = queryCode
	return err
}

func missing(format string, args ...any) *apiError {
	return queryRefusal("MissingRequiredParameterException", "MissingParameter", format, args...)
}

func missingParameter(path string) *apiError { return missing("The parameter %s is required.", path) }

func wrongParameter(format string, args ...any) *apiError {
	return queryRefusal("InvalidParameterValueException", "InvalidParameterValue", format, args...)
}

func wrongCombination(format string, args ...any) *apiError {
	return queryRefusal("InvalidParameterCombinationException", "InvalidParameterCombination", format, args...)
}

// metricText checks a name or a namespace.
func metricText(s, path string, longest int) *apiError {
	switch {
	case s == "":
		return missingParameter(path)
	case len(s) > longest:
		return wrongParameter("The parameter %s must be shorter than %d characters.", path, longest+1)
	}
	return nil
}

func checkNamespace(s string) *apiError {
	if err := metricText(s, "Namespace", maxMetricText); err != nil {
		return err
	}
	if s[0] == ':' {
		return wrongParameter("The value %s for parameter Namespace is invalid.", s)
	}
	return nil
}

func (c *call) putMetricData() *apiError {
	namespace := c.in.str("Namespace")
	if err := checkNamespace(namespace); err != nil {
		return err
	}
	if strings.HasPrefix(namespace, "AWS/") {
		return wrongParameter("The value AWS/ for parameter Namespace is invalid.")
	}
	items := c.in.objects("MetricData")
	c.log.Records = len(items)
	switch {
	case c.in.has("EntityMetricData"):
		return wrongParameter("The parameter EntityMetricData is not supported by this endpoint.")
	case len(items) == 0:
		return missingParameter("MetricData")
	case len(items) > maxDataPerRequest:
		return wrongParameter("The collection MetricData must not have a size greater than %d.", maxDataPerRequest)
	}
	data := make([]Datum, len(items))
	for i, item := range items {
		data[i] = Datum{Namespace: namespace}
		if err := c.readDatum(item, &data[i], fmt.Sprintf("MetricData.member.%d.", i+1)); err != nil {
			return err
		}
	}
	if err := c.in.failure(); err != nil {
		return err
	}
	c.s.metrics.add(data)
	return nil
}

func (c *call) readDatum(in input, d *Datum, path string) *apiError {
	d.Name = in.str("MetricName")
	if err := metricText(d.Name, path+"MetricName", maxMetricText); err != nil {
		return err
	}
	var err *apiError
	if d.Dimensions, err = readDimensions(in, path); err != nil {
		return err
	}
	d.Unit = in.str("Unit")
	if d.Unit == "" {
		d.Unit = "None"
	}
	if !slices.Contains(metricUnits, d.Unit) {
		return wrongParameter("The parameter %sUnit must be a value in the set [ %s ].", path, strings.Join(metricUnits, ", "))
	}
	at, ok := in.time("Timestamp")
	switch {
	case !ok:
		at = c.now
	case at.After(c.now.Add(newestMetric)):
		return wrongParameter("The parameter %sTimestamp must specify a time no more than two hours in the future.", path)
	case at.Before(c.now.Add(-oldestMetric)):
		return wrongParameter("The parameter %sTimestamp must specify a time within the past two weeks.", path)
	}
	d.Timestamp = at
	d.Resolution = 60
	if n, ok := in.int("StorageResolution"); ok {
		if n != 1 && n != 60 {
			return wrongParameter("The value %d for parameter %sStorageResolution is invalid.", n, path)
		}
		d.Resolution = int(n)
	}
	return readMeasure(in, d, path)
}

func readDimensions(in input, path string) (map[string]string, *apiError) {
	items := in.objects("Dimensions")
	if len(items) > maxDimensions {
		return nil, wrongParameter("The collection %sDimensions must not have a size greater than %d.", path, maxDimensions)
	}
	out := make(map[string]string, len(items))
	for i, item := range items {
		at := fmt.Sprintf("%sDimensions.member.%d.", path, i+1)
		name, value := item.str("Name"), item.str("Value")
		if err := metricText(name, at+"Name", maxMetricText); err != nil {
			return nil, err
		}
		if strings.TrimSpace(value) == "" {
			return nil, missingParameter(at + "Value")
		}
		if err := metricText(value, at+"Value", maxDimensionValue); err != nil {
			return nil, err
		}
		if _, taken := out[name]; taken {
			return nil, wrongParameter("The dimension %s stands twice in %sDimensions.", name, path)
		}
		out[name] = value
	}
	return out, nil
}

// readMeasure reads the one of Value, Values and StatisticValues that is there.
func readMeasure(in input, d *Datum, path string) *apiError {
	forms := []string{"Value", "StatisticValues", "Values"}
	form := ""
	for _, name := range forms {
		if !in.has(name) {
			continue
		}
		if form != "" {
			return wrongCombination("The parameters %s%s and %s%s are mutually exclusive and you have specified both.", path, form, path, name)
		}
		form = name
	}
	switch form {
	case "":
		return missing("At least one of the parameters %sValue, %sValues and %sStatisticValues must be specified.", path, path, path)
	case "Value":
		v, _ := in.number("Value")
		d.Values, d.Counts = []float64{v}, []float64{1}
	case "Values":
		d.Values, d.Counts = in.numbers("Values"), in.numbers("Counts")
		if in.has("Counts") && len(d.Counts) != len(d.Values) {
			return wrongParameter("The parameters %sValues and %sCounts must have the same size.", path, path)
		}
		if n := len(d.Values); n < 1 || n > maxValues {
			return wrongParameter("The collection %sValues must have a size from 1 to %d.", path, maxValues)
		}
		for len(d.Counts) < len(d.Values) {
			d.Counts = append(d.Counts, 1)
		}
	default:
		return readStatisticSet(in, d, path+"StatisticValues.")
	}
	d.Minimum, d.Maximum = math.Inf(1), math.Inf(-1)
	for i, v := range d.Values {
		if err := checkValue(v, path+form); err != nil {
			return err
		}
		n := d.Counts[i]
		if !(n >= 0) || checkValue(n, "") != nil {
			return wrongParameter("The value %v for parameter %sCounts is invalid.", n, path)
		}
		d.SampleCount += n
		d.Sum += n * v
		d.Minimum, d.Maximum = min(d.Minimum, v), max(d.Maximum, v)
	}
	return nil
}

func readStatisticSet(in input, d *Datum, path string) *apiError {
	set, _ := in.object("StatisticValues")
	for _, member := range []struct {
		name string
		to   *float64
	}{{"SampleCount", &d.SampleCount}, {"Sum", &d.Sum}, {"Minimum", &d.Minimum}, {"Maximum", &d.Maximum}} {
		if !set.has(member.name) {
			return missingParameter(path + member.name)
		}
		*member.to, _ = set.number(member.name)
		if err := checkValue(*member.to, path+member.name); err != nil {
			return err
		}
	}
	switch {
	case d.SampleCount < 0:
		return wrongParameter("The value %v for parameter %sSampleCount is invalid.", d.SampleCount, path)
	case d.Minimum > d.Maximum:
		return wrongCombination("The parameter %sMaximum must be greater than or equal to %sMinimum.", path, path)
	}
	return nil
}

func checkValue(v float64, path string) *apiError {
	if math.IsNaN(v) || math.Abs(v) > maxMetricValue {
		return wrongParameter("The value %v for parameter %s is invalid.", v, path)
	}
	return nil
}
