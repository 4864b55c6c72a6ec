package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

// comparison is one run, as the flags say.
type comparison struct {
	endpoint          string
	records, shards   int
	classpath, python string
	nodePath, scripts string
}

// side is one of the two producers and what became of its records.
type side struct {
	name, stream string
	put          putFigures
	stored       storedFigures
	python, node bag
}

// run returns whether both sides are the same.
func (c *comparison) run(ctx context.Context, w io.Writer) (bool, error) {
	dir, err := os.MkdirTemp("", "comparekpl-")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "records.tsv")
	records := someRecords(c.records)
	if err := writeRecords(file, records); err != nil {
		return false, err
	}

	client, err := newClient(c.endpoint)
	if err != nil {
		return false, err
	}
	run := rand.Text()[:8]
	theirs := &side{name: "KPL 1.0.7", stream: "compare-kpl-" + run}
	ours := &side{name: "pkg/kpl", stream: "compare-ours-" + run}
	for _, s := range []*side{theirs, ours} {
		if err := client.createStream(ctx, s.stream, c.shards); err != nil {
			return false, err
		}
	}
	if theirs.put, err = c.putByKPL(ctx, theirs.stream, file); err != nil {
		return false, err
	}
	if ours.put, err = c.putByOurs(ctx, ours.stream, records); err != nil {
		return false, err
	}
	for _, s := range []*side{theirs, ours} {
		if err := c.readBack(ctx, s); err != nil {
			return false, err
		}
	}

	want := asPut(records)
	print(w, theirs, ours)
	same := true
	for _, d := range []struct {
		what string
		a, b bag
	}{
		{"KPL read by Python, pkg/kpl read by Python", theirs.python, ours.python},
		{"KPL read by JavaScript, pkg/kpl read by JavaScript", theirs.node, ours.node},
		{"pkg/kpl read by Python, read by JavaScript", ours.python, ours.node},
		{"what was put, pkg/kpl read by Python", want, ours.python.withoutShards()},
	} {
		if n := d.a.difference(d.b); n > 0 {
			same = false
			fmt.Fprintf(w, "DIFFERENT by %d records: %s\n", n, d.what)
		} else {
			fmt.Fprintf(w, "same: %s\n", d.what)
		}
	}
	return same, nil
}

// print shows the figures of both sides next to each other.
func print(w io.Writer, theirs, ours *side) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(what string, value func(*side) any) {
		fmt.Fprintf(t, "%s\t%v\t%v\t\n", what, value(theirs), value(ours))
	}
	fmt.Fprintf(t, "\t%s\t%s\t\n", theirs.name, ours.name)
	row("user records stored", func(s *side) any { return s.put.stored })
	row("failed", func(s *side) any { return s.put.failed })
	row("with more than one attempt", func(s *side) any { return s.put.retried })
	row("Kinesis records", func(s *side) any { return s.stored.records })
	row("of them aggregated", func(s *side) any { return s.stored.aggregated })
	row("bytes of data", func(s *side) any { return s.stored.bytes })
	row("user records per Kinesis record", func(s *side) any {
		return fmt.Sprintf("%.1f", float64(s.put.stored)/float64(max(1, s.stored.records)))
	})
	row("seconds", func(s *side) any { return fmt.Sprintf("%.2f", s.put.seconds) })
	shards := map[string]bool{}
	for _, s := range []*side{theirs, ours} {
		for shard := range s.python {
			shards[shard] = true
		}
	}
	for _, shard := range sorted(shards) {
		row("user records in "+shard, func(s *side) any { return total(s.python[shard]) })
	}
	t.Flush()
}

func sorted(set map[string]bool) []string {
	var keys []string
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
