package kpl

import (
	"fmt"
	"strings"
)

// Names of the KPL's own dimensions.
const (
	dimensionStream    = "StreamName"
	dimensionShard     = "ShardId"
	dimensionErrorCode = "ErrorCode"
)

// maxExtraDimensions leaves room for the KPL's own three among the 30 that CloudWatch takes.
const maxExtraDimensions = 27

func dimensionsBinding() binding {
	return binding{"AdditionalDimensions", nil, func(c *Config, v value) { c.AdditionalDimensions, _ = parseDimensions(v.text) }}
}

// parseDimensions reads name=value@granularity, separated by commas, or says what is wrong.
func parseDimensions(s string) (all []Dimension, problem string) {
	if strings.TrimSpace(s) == "" {
		return nil, ""
	}
	for part := range strings.SplitSeq(s, ",") {
		name, v, found := strings.Cut(strings.TrimSpace(part), "=")
		if !found {
			return nil, fmt.Sprintf("%q has no =", part)
		}
		d := Dimension{Name: strings.TrimSpace(name), Granularity: GranularityGlobal}
		if i := strings.LastIndexByte(v, '@'); i >= 0 {
			d.Granularity = MetricsGranularity(strings.TrimSpace(v[i+1:]))
			v = v[:i]
		}
		d.Value = strings.TrimSpace(v)
		all = append(all, d)
	}
	return all, dimensionsProblem(all)
}

// dimensionsProblem says what CloudWatch or the KPL would refuse; empty: nothing.
func dimensionsProblem(all []Dimension) string {
	if len(all) > maxExtraDimensions {
		return fmt.Sprintf("%d additional dimensions, CloudWatch takes %d", len(all), maxExtraDimensions)
	}
	seen := map[string]bool{dimensionStream: true, dimensionShard: true, dimensionErrorCode: true}
	for _, d := range all {
		switch d.Granularity {
		case GranularityGlobal, GranularityStream, GranularityShard:
		default:
			return fmt.Sprintf("level must match the pattern global|stream|shard, got %s", d.Granularity)
		}
		switch {
		case strings.TrimSpace(d.Name) == "":
			return "a dimension has no name"
		case len(d.Name) > 255 || d.Name != printable(d.Name) || d.Name[0] == ':':
			return fmt.Sprintf("dimension %q: a name has 1 to 255 printable ASCII characters and does not begin with a colon", d.Name)
		case len(d.Value) > maxDimensionValue || d.Value != printable(d.Value):
			return fmt.Sprintf("dimension %s: a value has at most %d printable ASCII characters", d.Name, maxDimensionValue)
		case seen[d.Name]:
			return fmt.Sprintf("dimension %s is taken already", d.Name)
		}
		seen[d.Name] = true
	}
	return ""
}

// maxDimensionValue is CloudWatch's limit in characters.
const maxDimensionValue = 1024

// printable replaces what CloudWatch takes in no dimension, which would make it refuse the whole upload.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}
