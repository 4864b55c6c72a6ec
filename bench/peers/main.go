// Command peers runs producers in turn against a sink of their own and prints Markdown tables of the medians, with ratios and goals.
//
//	peers [-runs 5] [-only 200B,1KiB] [-scale 1] [-kpl CLASSPATH] [-into docs/performance.md]
//
// bench/peers.sh builds the Kinesis Producer Library's side and calls this; without -kpl its columns stay empty. One run of each way
// follows another, and then again, so that what else goes on on the machine meets all of them alike.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	runs := flag.Int("runs", 5, "runs of each, of which the medians count")
	only := flag.String("only", "", "cases to run, by comma; empty: all of "+strings.Join(names(), ", "))
	scale := flag.Float64("scale", 1, "how many times the records of each run, above 0; the flows at a rate become shorter below 1")
	kpl := flag.String("kpl", "", "class path of bench/kpl")
	into := flag.String("into", "", "Markdown file that takes the tables, between its lines "+beginMark+" and "+endMark)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *runs, *only, *scale, *kpl, *into)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, runs int, only string, scale float64, kpl, into string) error {
	chosen, err := choose(only)
	if err != nil {
		return err
	}
	if runs < 1 || scale <= 0 {
		return fmt.Errorf("-runs %d -scale %v: runs are at least 1, the scale is above 0", runs, scale)
	}
	directory, err := os.MkdirTemp("", "bench-peers-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(directory) }()
	b := &bench{sink: filepath.Join(directory, "sink"), engine: filepath.Join(directory, "engine"), adapter: filepath.Join(directory, "adapter"),
		adapterd: filepath.Join(directory, "adapterd"), kpl: kpl, log: os.Stderr}
	for binary, source := range map[string]string{b.sink: "./bench/sink", b.engine: "./bench/engine", b.adapter: "./bench/adapter", b.adapterd: "./cmd/adapterd"} {
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, source)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build %s (peers runs in the root of the module): %w", source, err)
		}
	}
	began := time.Now()
	measured := make(map[string]map[string][]result)
	for _, c := range chosen {
		measured[c.name] = make(map[string][]result)
		for n := range runs {
			for _, way := range c.ways {
				if way == "kpl" && kpl == "" {
					continue
				}
				r, err := b.measure(ctx, c, way, scale)
				if err != nil {
					return fmt.Errorf("%s by %s, run %d of %d: %w", c.name, way, n+1, runs, err)
				}
				measured[c.name][way] = append(measured[c.name][way], r)
			}
		}
	}
	medians := make(map[string]map[string]summary)
	for name, ways := range measured {
		medians[name] = make(map[string]summary)
		for way, rs := range ways {
			medians[name][way] = summarize(rs)
		}
	}
	about := fmt.Sprintf("%s/%s, %d CPUs, %s; medians of %d, %s, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(),
		runs, time.Now().UTC().Format("2006-01-02"), time.Since(began).Round(time.Second))
	if into != "" {
		if err := insert(into, tables(medians, about)); err != nil {
			return err
		}
	}
	_, err = io.WriteString(os.Stdout, tables(medians, about))
	return err
}

// bench has the programs.
type bench struct {
	sink, engine, adapter, adapterd, kpl string
	log                                  io.Writer
}

func choose(only string) ([]benchCase, error) {
	if only == "" {
		return cases, nil
	}
	var chosen []benchCase
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(cases, func(c benchCase) bool { return c.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only %s: there is no such case; there are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, cases[i])
	}
	return chosen, nil
}
