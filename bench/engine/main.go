// Command engine puts records into a sink as fast as it goes, or at a rate, and prints one JSON line of what that took.
//
//	engine -tls HOST:PORT -counts HOST:PORT [-way engine|yardstick|ready|bare|pacing] [-size 200] [-records 1000000] …
//
// The ways:
//
//   - engine: pkg/kpl with its defaults, but for the rate limit; a result for each record.
//   - yardstick: what the same machine allows aws-sdk-go-v2 with aggregates packed by hand: no deadlines, limits, retries, nor results of
//     user records.
//   - ready: the yardstick, sending the same packed request again and again.
//   - bare: the yardstick without the SDK, each request written into memory once, signed and given to net/http.
//   - pacing: nothing is sent; what keeping the rate costs by itself.
//
// The work is the same for all: records of random bytes of which the first eight are the record's number, by 10,000 partition keys in turn.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"time"
)

// settings are what the flags say.
type settings struct {
	tls, counts string
	way         string
	records     int
	size        int
	keys        int
	rate        int
	putters     int
	warm        int
	outstanding int64
	shards      int
	buffered    time.Duration
	metrics     string
	cpuProfile  string
	memProfile  string
}

func (s *settings) flags(f *flag.FlagSet) {
	f.StringVar(&s.tls, "tls", "", "host:port that takes the requests")
	f.StringVar(&s.counts, "counts", "", "host:port that says by plain HTTP what has arrived; empty: nobody is asked")
	f.StringVar(&s.way, "way", "engine", "engine, yardstick, ready, bare or pacing")
	f.IntVar(&s.records, "records", 1_000_000, "user records to measure")
	f.IntVar(&s.size, "size", 200, "bytes of a user record, at least 8")
	f.IntVar(&s.keys, "keys", 10_000, "partition keys")
	f.IntVar(&s.rate, "rate", 0, "user records a second; 0: as fast as it goes")
	f.IntVar(&s.putters, "putters", 1, "goroutines that put (way engine)")
	f.IntVar(&s.warm, "warm", 100_000, "user records before what is measured")
	f.Int64Var(&s.outstanding, "outstanding", 50_000, "user records without a result at most (way engine)")
	f.IntVar(&s.shards, "shards", 4, "shards that the ways without an engine pack for")
	f.DurationVar(&s.buffered, "buffered", 100*time.Millisecond, "RecordMaxBufferedTime (way engine)")
	f.StringVar(&s.metrics, "metrics", "detailed", "MetricsLevel (way engine)")
	f.StringVar(&s.cpuProfile, "cpuprofile", "", "file for a profile of what is measured")
	f.StringVar(&s.memProfile, "memprofile", "", "file for a profile of the memory in use at the last collection, and of all that was allocated")
}

func (s *settings) check() error {
	var errs []error
	bad := func(format string, values ...any) { errs = append(errs, fmt.Errorf(format, values...)) }
	if s.tls == "" && s.way != "pacing" {
		bad("-tls is not set; give the address that the sink prints")
	}
	if s.size < 8 {
		bad("-size %d is below the 8 bytes of a record's number", s.size)
	}
	if s.records < 1 || s.keys < 1 || s.putters < 1 || s.shards < 1 || s.warm < 0 || s.rate < 0 {
		bad("-records, -keys, -putters and -shards are at least 1, -warm and -rate at least 0")
	}
	if s.rate > 0 && s.way != "engine" && s.way != "pacing" {
		bad("-rate is for the ways engine and pacing")
	}
	if s.way == "pacing" && s.rate == 0 {
		bad("-way pacing needs a -rate")
	}
	return errors.Join(errs...)
}

func main() {
	var s settings
	s.flags(flag.CommandLine)
	flag.Parse()
	r, err := run(context.Background(), s)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

// way is one of the ways to send records. Its methods are called from one goroutine.
type way interface {
	// send sends so many records, waits until all are stored, and says if not. The latencies are nil unless there is a rate to keep.
	send(ctx context.Context, n int) (latencies []time.Duration, err error)
	close(ctx context.Context) error
}

// ways make a way by its name.
var ways = map[string]func(context.Context, settings) (way, error){
	"engine": newEngine, "yardstick": newYardstick, "ready": newReady, "bare": newBare, "pacing": newPacing,
}

func run(ctx context.Context, s settings) (r result, err error) {
	if err := s.check(); err != nil {
		return r, err
	}
	open, known := ways[s.way]
	if !known {
		return r, fmt.Errorf("-way %s is none of engine, yardstick, ready, bare and pacing", s.way)
	}
	began := time.Now()
	w, err := open(ctx, s)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, w.close(ctx)) }()
	if s.rate == 0 && s.warm > 0 || s.way == "engine" {
		if _, err := w.send(ctx, max(1, min(s.warm, s.records))); err != nil {
			return r, fmt.Errorf("warm up: %w", err)
		}
	}
	ready := time.Since(began)
	stop, err := profiled(s.cpuProfile)
	if err != nil {
		return r, err
	}
	before, err := look(s.counts)
	if err != nil {
		return r, err
	}
	latencies, err := w.send(ctx, s.records)
	if err != nil {
		return r, err
	}
	after, err := look(s.counts)
	if err != nil {
		return r, err
	}
	if err := errors.Join(stop(), s.remembered()); err != nil {
		return r, err
	}
	r = report(s, before, after)
	r.WarmMillis = float64(ready) / float64(time.Millisecond)
	r.latency(latencies)
	return r, nil
}

// profiled begins a CPU profile; stop ends it.
func profiled(name string) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
}

// remembered writes the memory profile. It forces no collection: that of the last one shows what full speed holds on to.
func (s *settings) remembered() error {
	if s.memProfile == "" {
		return nil
	}
	f, err := os.Create(s.memProfile)
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
