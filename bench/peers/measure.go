package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"time"
)

// result is a line of bench/engine, bench/kpl or bench/adapter.
type result struct {
	RecordsPerSecond        float64 `json:"records_per_second"`
	CPUSecondsPerMillion    float64 `json:"cpu_seconds_per_million"`
	PeakMB                  float64 `json:"peak_mb"`
	AllocationsPerRecord    float64 `json:"allocations_per_record"`
	BytesAllocatedPerRecord float64 `json:"bytes_allocated_per_record"`
	KinesisPerThousand      float64 `json:"kinesis_per_thousand"`
	RequestsPerMillion      float64 `json:"requests_per_million"`
	P50Millis               float64 `json:"p50_ms"`
	P99Millis               float64 `json:"p99_ms"`
	MaxMillis               float64 `json:"max_ms"`
	FirstMillis             float64 `json:"first_ms"`
	StartMillis             float64 `json:"start_ms"`
	BinaryMB                float64 `json:"binary_mb"`
}

// summary is what several runs come to: each member its own median. Spread is how far the fastest and the slowest are apart, as a
// share of the median.
type summary struct {
	result
	Spread float64
}

func summarize(rs []result) summary {
	of := func(member func(*result) *float64) (values []float64) {
		for i := range rs {
			values = append(values, *member(&rs[i]))
		}
		slices.Sort(values)
		return values
	}
	var s summary
	for _, member := range []func(*result) *float64{
		func(r *result) *float64 { return &r.RecordsPerSecond }, func(r *result) *float64 { return &r.CPUSecondsPerMillion },
		func(r *result) *float64 { return &r.PeakMB }, func(r *result) *float64 { return &r.AllocationsPerRecord },
		func(r *result) *float64 { return &r.BytesAllocatedPerRecord }, func(r *result) *float64 { return &r.KinesisPerThousand },
		func(r *result) *float64 { return &r.RequestsPerMillion }, func(r *result) *float64 { return &r.P50Millis },
		func(r *result) *float64 { return &r.P99Millis }, func(r *result) *float64 { return &r.MaxMillis },
		func(r *result) *float64 { return &r.FirstMillis }, func(r *result) *float64 { return &r.StartMillis }, func(r *result) *float64 { return &r.BinaryMB },
	} {
		values := of(member)
		*member(&s.result) = (values[(len(values)-1)/2] + values[len(values)/2]) / 2
	}
	speeds := of(func(r *result) *float64 { return &r.RecordsPerSecond })
	if s.RecordsPerSecond > 0 {
		s.Spread = (speeds[len(speeds)-1] - speeds[0]) / s.RecordsPerSecond
	}
	return s
}

// longest is far above what any run takes.
const longest = 2 * time.Minute

// measure runs one way once, against a sink that begins and ends with it.
func (b *bench) measure(ctx context.Context, c benchCase, way string, scale float64) (r result, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, longest, fmt.Errorf("no end after %v", longest))
	defer cancel()
	sink := exec.CommandContext(ctx, b.sink, "-shards", strconv.Itoa(c.shards))
	sink.Stderr = os.Stderr
	in, err := sink.StdinPipe()
	if err != nil {
		return r, err
	}
	out, err := sink.StdoutPipe()
	if err != nil {
		return r, err
	}
	if err := sink.Start(); err != nil {
		return r, err
	}
	defer func() {
		_ = in.Close() // which ends it
		if e := sink.Wait(); err == nil && e != nil {
			err = fmt.Errorf("the sink: %w", e)
		}
	}()
	var at struct{ TLS, Counts string }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &at)
	}
	if err != nil {
		return r, fmt.Errorf("read the addresses of the sink: %w", err)
	}
	command, err := b.command(ctx, c, way, scale, at.TLS, at.Counts)
	if err != nil {
		return r, err
	}
	var printed bytes.Buffer
	command.Stdout, command.Stderr = &printed, b.log
	command.WaitDelay = 10 * time.Second // the KPL's daemon may hold on to the output of a JVM that was killed
	if err := command.Run(); err != nil {
		return r, fmt.Errorf("%w (%w)", err, context.Cause(ctx))
	}
	line = lastLine(&printed)
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("read the result %q: %w", line, err)
	}
	_, err = fmt.Fprintf(b.log, "%s %s\n", c.name, line)
	return r, err
}

func (b *bench) command(ctx context.Context, c benchCase, way string, scale float64, tls, counts string) (*exec.Cmd, error) {
	n := strconv.Itoa(c.count(way, scale))
	if way == "kpl" {
		_, port, err := net.SplitHostPort(tls)
		if err != nil {
			return nil, err
		}
		warm := strconv.Itoa(min(100_000, c.count(way, scale)))
		if c.rate > 0 {
			warm = "500"
		}
		return exec.CommandContext(ctx, "java", "-cp", b.kpl, "adapterd.Drive", port, counts, n, strconv.Itoa(c.size), strconv.Itoa(c.rate), warm), nil
	}
	if c.whole {
		return exec.CommandContext(ctx, b.adapter, "-job", way, "-adapterd", b.adapterd, "-tls", tls, "-records", n), nil
	}
	arguments := []string{"-tls", tls, "-counts", counts, "-way", way, "-records", n, "-size", strconv.Itoa(c.size), "-shards", strconv.Itoa(c.shards)}
	if c.putters > 0 {
		arguments = append(arguments, "-putters", strconv.Itoa(c.putters))
	}
	if c.rate > 0 {
		arguments = append(arguments, "-rate", strconv.Itoa(c.rate), "-warm", "500")
	}
	return exec.CommandContext(ctx, b.engine, arguments...), nil
}

// lastLine is the result; the KPL prints other things before.
func lastLine(r io.Reader) (line []byte) {
	for s := bufio.NewScanner(r); s.Scan(); {
		if len(bytes.TrimSpace(s.Bytes())) > 0 {
			line = bytes.Clone(s.Bytes())
		}
	}
	return line
}
