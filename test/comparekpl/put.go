package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
)

// putFigures say what a producer says about its records. The seconds are from after the first record, with which both fetch the
// shard map, to the last result.
type putFigures struct {
	stored, failed, retried int64
	seconds                 float64
}

// putByKPL runs the Java program with the Kinesis Producer Library.
func (c *comparison) putByKPL(ctx context.Context, stream, file string) (putFigures, error) {
	u, err := parseEndpoint(c.endpoint)
	if err != nil {
		return putFigures{}, err
	}
	cmd := exec.CommandContext(ctx, "java", "-cp", c.classpath, "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "adapterd.PutAll", u.Hostname(), u.Port(), stream, file)
	var out bytes.Buffer
	cmd.Env = append(os.Environ(), "AWS_EC2_METADATA_DISABLED=true") // its native daemon asks there for what it does not need
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return putFigures{}, fmt.Errorf("the Kinesis Producer Library: %w", err)
	}
	var f putFigures
	if _, err := fmt.Sscan(out.String(), &f.stored, &f.failed, &f.retried, &f.seconds); err != nil {
		return f, fmt.Errorf("the Kinesis Producer Library's program printed %q: %w", out.String(), err)
	}
	return f, nil
}

// putByOurs does the same with pkg/kpl and the same settings.
func (c *comparison) putByOurs(ctx context.Context, stream string, records []kpl.Record) (putFigures, error) {
	u, err := parseEndpoint(c.endpoint)
	if err != nil {
		return putFigures{}, err
	}
	cfg := kpl.DefaultConfig()
	cfg.Region = region
	cfg.KinesisEndpoint = u.Hostname()
	if cfg.KinesisPort, err = strconv.Atoi(u.Port()); err != nil {
		return putFigures{}, fmt.Errorf("endpoint %s has no port: %w", c.endpoint, err)
	}
	cfg.Credentials = anyone
	cfg.VerifyCertificate = false
	cfg.MetricsLevel = kpl.MetricsNone
	cfg.RequestTimeout = 10 * time.Minute
	cfg.RecordTTL = 10 * time.Minute
	p, err := kpl.New(ctx, cfg)
	if err != nil {
		return putFigures{}, err
	}
	defer p.Close(context.WithoutCancel(ctx))

	var stored, failed, retried atomic.Int64
	start := time.Now()
	for i, r := range records {
		r.Stream = stream
		err := p.Put(ctx, r, func(res kpl.Result) {
			if res.Err == nil {
				stored.Add(1)
			} else if failed.Add(1) == 1 {
				fmt.Fprintln(os.Stderr, "a record failed:", res.Err)
			}
			if len(res.Attempts) > 1 {
				retried.Add(1)
			}
		})
		if err != nil {
			return putFigures{}, err
		}
		if i == 0 {
			if err := p.Flush(ctx); err != nil {
				return putFigures{}, err
			}
			start = time.Now()
		}
	}
	if err := p.Flush(ctx); err != nil {
		return putFigures{}, err
	}
	seconds := time.Since(start).Seconds()
	return putFigures{stored.Load(), failed.Load(), retried.Load(), seconds}, nil
}
