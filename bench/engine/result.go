package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"time"
)

// result is the line that is printed. Harnesses of other producers print those of its members that they know.
type result struct {
	Way              string  `json:"way"`
	Records          int     `json:"records"`
	Size             int     `json:"size"`
	Seconds          float64 `json:"seconds"`
	RecordsPerSecond float64 `json:"records_per_second"`
	// CPUSecondsPerMillion is user and system time of this process while it was measured, for a million records.
	CPUSecondsPerMillion float64 `json:"cpu_seconds_per_million"`
	// PeakMB is the most memory that this process ever had, warm-up included.
	PeakMB float64 `json:"peak_mb"`
	// AllocationsPerRecord and BytesAllocatedPerRecord are of the whole process, network and all.
	AllocationsPerRecord    float64 `json:"allocations_per_record"`
	BytesAllocatedPerRecord float64 `json:"bytes_allocated_per_record"`
	// KinesisPerThousand are Kinesis records for a thousand user records, RequestsPerMillion PutRecords for a million, as they arrived.
	KinesisPerThousand float64 `json:"kinesis_per_thousand"`
	RequestsPerMillion float64 `json:"requests_per_million"`
	BodyBytesPerRecord float64 `json:"body_bytes_per_record"`
	// WarmMillis is from nothing to the results of all warm-up records.
	WarmMillis float64 `json:"warm_ms"`
	// P50Millis to MaxMillis are from Put to the result, where a rate was kept.
	P50Millis float64 `json:"p50_ms,omitempty"`
	P99Millis float64 `json:"p99_ms,omitempty"`
	MaxMillis float64 `json:"max_ms,omitempty"`
	// SinkCPUSeconds is what the other side used up, which is on the same machine.
	SinkCPUSeconds float64 `json:"sink_cpu_seconds"`
}

// moment is what was used up until then.
type moment struct {
	at      time.Time
	cpu     time.Duration
	mallocs uint64
	bytes   uint64
	arrived arrived
}

// arrived is what the sink counts.
type arrived struct {
	Requests   int64   `json:"requests"`
	Records    int64   `json:"records"`
	BodyBytes  int64   `json:"body_bytes"`
	CPUSeconds float64 `json:"cpu_seconds"`
}

// look takes a moment; counts is where the sink tells, or empty.
func look(counts string) (m moment, err error) {
	if counts != "" {
		if m.arrived, err = ask(counts); err != nil {
			return m, fmt.Errorf("ask the sink for its counts: %w", err)
		}
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	m.at, m.cpu, m.mallocs, m.bytes = time.Now(), cpuTime(), memory.Mallocs, memory.TotalAlloc
	return m, nil
}

func ask(counts string) (a arrived, err error) {
	answer, err := http.Get("http://" + counts + "/")
	if err != nil {
		return a, err
	}
	defer func() { _ = answer.Body.Close() }()
	return a, json.NewDecoder(answer.Body).Decode(&a)
}

func report(s settings, before, after moment) result {
	n, seconds := float64(s.records), after.at.Sub(before.at).Seconds()
	return result{
		Way: s.way, Records: s.records, Size: s.size, Seconds: seconds, RecordsPerSecond: n / seconds,
		CPUSecondsPerMillion:    (after.cpu - before.cpu).Seconds() / n * 1e6,
		PeakMB:                  float64(peakBytes()) / 1e6,
		AllocationsPerRecord:    float64(after.mallocs-before.mallocs) / n,
		BytesAllocatedPerRecord: float64(after.bytes-before.bytes) / n,
		KinesisPerThousand:      float64(after.arrived.Records-before.arrived.Records) / n * 1e3,
		RequestsPerMillion:      float64(after.arrived.Requests-before.arrived.Requests) / n * 1e6,
		BodyBytesPerRecord:      float64(after.arrived.BodyBytes-before.arrived.BodyBytes) / n,
		SinkCPUSeconds:          after.arrived.CPUSeconds - before.arrived.CPUSeconds,
	}
}

// latency sorts the latencies and puts down what stands out of them.
func (r *result) latency(all []time.Duration) {
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	millis := func(i int) float64 { return float64(all[i]) / float64(time.Millisecond) }
	r.P50Millis, r.P99Millis, r.MaxMillis = millis(len(all)/2), millis(len(all)*99/100), millis(len(all)-1)
}
