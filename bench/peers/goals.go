package main

import "strings"

// goal is a value that pkg/kpl is to reach, from the medians of one or two cases.
type goal struct {
	text string
	// value is what was measured; 0 if it was not.
	value func(m map[string]map[string]summary) float64
	bound float64
	// most means that the value shall be at most the bound.
	most bool
}

func (g goal) write(b *strings.Builder, m map[string]map[string]summary) {
	v := g.value(m)
	verdict := "met"
	switch {
	case v == 0:
		return
	case g.most && v > g.bound, !g.most && v < g.bound:
		verdict = "missed"
	}
	row(b, g.text, number(v), verdict)
}

func speed(s summary) float64  { return s.RecordsPerSecond }
func cpu(s summary) float64    { return s.CPUSecondsPerMillion }
func memory(s summary) float64 { return s.PeakMB }
func p99(s summary) float64    { return s.P99Millis }
func packed(s summary) float64 { return s.KinesisPerThousand }

// one is a value of pkg/kpl.
func one(name string, of func(summary) float64) func(map[string]map[string]summary) float64 {
	return value(of, name, "engine")
}

// adapter is a value of a job of adapterd.
func adapter(job string, of func(summary) float64) func(map[string]map[string]summary) float64 {
	return value(of, "adapter-"+job, job)
}

func value(of func(summary) float64, name, way string) func(map[string]map[string]summary) float64 {
	return func(m map[string]map[string]summary) float64 { return of(m[name][way]) }
}

// against divides values of two ways.
func against(of func(summary) float64, name, way, otherName, otherWay string) func(map[string]map[string]summary) float64 {
	return func(m map[string]map[string]summary) float64 {
		if other := of(m[otherName][otherWay]); other > 0 {
			return of(m[name][way]) / other
		}
		return 0
	}
}

// unpaced is the CPU of pkg/kpl less that of a program that only keeps the rate, which at low rates is the larger part.
func unpaced(name string) func(map[string]map[string]summary) float64 {
	return func(m map[string]map[string]summary) float64 {
		our, pacing := cpu(m[name]["engine"]), cpu(m[name]["pacing"])
		if our == 0 || pacing == 0 {
			return 0
		}
		// Never 0, which would be unmeasured.
		return max(0.01, our-pacing)
	}
}

var goals = []goal{
	{"200 B: ≥ 15 × the KPL's records/s", against(speed, "200B", "engine", "200B", "kpl"), 15, false},
	{"200 B: ≤ 1/15 of the KPL's CPU", against(cpu, "200B", "kpl", "200B", "engine"), 15, false},
	{"50 B: ≥ 0.8 × the yardstick", against(speed, "50B", "engine", "50B", "yardstick"), 0.8, false},
	{"200 B: ≥ 0.8 × the yardstick", against(speed, "200B", "engine", "200B", "yardstick"), 0.8, false},
	{"1 KiB: ≥ 0.8 × the yardstick", against(speed, "1KiB", "engine", "1KiB", "yardstick"), 0.8, false},
	{"10 KiB: ≥ 0.8 × the yardstick", against(speed, "10KiB", "engine", "10KiB", "yardstick"), 0.8, false},
	{"64 shards: ≥ 0.9 × 4 shards", against(speed, "200B-64", "engine", "200B", "engine"), 0.9, false},
	{"1,000 shards: ≥ 0.7 × 4 shards", against(speed, "200B-1000", "engine", "200B", "engine"), 0.7, false},
	{"16 goroutines: ≥ 0.95 × one", against(speed, "200B-putters16", "engine", "200B", "engine"), 0.95, false},
	{"200 B: ≤ 100 MB", one("200B", memory), 100, true},
	{"50 B: ≤ 256 MB", one("50B", memory), 256, true},
	{"1 KiB: ≤ 256 MB", one("1KiB", memory), 256, true},
	{"10 KiB: ≤ 256 MB", one("10KiB", memory), 256, true},
	{"200 B: ≤ 1 allocation per record", one("200B", func(s summary) float64 { return s.AllocationsPerRecord }), 1, true},
	// 4.45 is 4.4 to two digits; the remainders of a run count too.
	{"200 B: ≤ 4.4 Kinesis records per 1,000", one("200B", packed), 4.45, true},
	{"200/s: p99 ≤ 105 ms", one("rate200", p99), 105, true},
	{"2,000/s: p99 ≤ 105 ms", one("rate2000", p99), 105, true},
	{"10,000/s: p99 ≤ 105 ms", one("rate10000", p99), 105, true},
	{"100,000/s: p99 ≤ 105 ms", one("rate100000", p99), 105, true},
	{"2,000/s: ≤ 20 CPU s per million, with what pacing costs", one("rate2000", cpu), 20, true},
	{"2,000/s: ≤ 20 CPU s per million, without", unpaced("rate2000"), 20, true},
	{"lines: ≥ 400,000/s", adapter("lines", speed), 400_000, false},
	{"lines: ≤ 4 CPU s per million", adapter("lines", cpu), 4, true},
	{"lines: ≤ 120 MB", adapter("lines", memory), 120, true},
	{"lines: first record ≤ 350 ms", adapter("lines", func(s summary) float64 { return s.FirstMillis }), 350, true},
	{"HTTP: ≥ 0.5 × an echo", against(speed, "adapter-http", "http", "adapter-http", "echo"), 0.5, false},
	// What a round trip to the sink takes is less than what the measurement varies by.
	{"HTTP: p99 ≤ 15 ms", adapter("http", p99), 15, true},
	{"start to ready ≤ 60 ms", adapter("start", func(s summary) float64 { return s.StartMillis }), 60, true},
	{"binary ≤ 40 MB", adapter("start", func(s summary) float64 { return s.BinaryMB }), 40, true},
}
