package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// storedFigures say what is in a stream.
type storedFigures struct{ records, aggregated, bytes int }

// readBack reads the side's stream three times over: as it is stored, by Python and, from the first, by JavaScript.
func (c *comparison) readBack(ctx context.Context, s *side) error {
	raw, err := c.runReader(ctx, c.python, nil, filepath.Join(c.scripts, "python", "deaggregate.py"), "--endpoint", c.endpoint, "--stream", s.stream, "--raw")
	if err != nil {
		return err
	}
	if s.stored, err = figures(raw); err != nil {
		return err
	}
	users, err := c.runReader(ctx, c.python, nil, filepath.Join(c.scripts, "python", "deaggregate.py"), "--endpoint", c.endpoint, "--stream", s.stream)
	if err != nil {
		return err
	}
	if s.python, err = readBag(bytes.NewReader(users)); err != nil {
		return err
	}
	if users, err = c.runReader(ctx, "node", raw, filepath.Join(c.scripts, "javascript", "deaggregate.js")); err != nil {
		return err
	}
	s.node, err = readBag(bytes.NewReader(users))
	return err
}

// runReader runs a reader; a word on its standard error is a failure, since aws-kinesis-agg says there what it could not read.
func (c *comparison) runReader(ctx context.Context, program string, input []byte, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+c.nodePath, "PYTHONDONTWRITEBYTECODE=1", "PYTHONIOENCODING=utf-8")
	cmd.Stdin = bytes.NewReader(input)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil || complaints.Len() > 0 {
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(args[0]), err, &complaints)
	}
	return out.Bytes(), nil
}

func figures(raw []byte) (storedFigures, error) {
	var f storedFigures
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var row struct{ Data []byte }
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return f, err
		}
		f.records++
		f.bytes += len(row.Data)
		if aggregation.IsAggregated(row.Data) {
			f.aggregated++
		}
	}
	return f, lines.Err()
}
