package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

func TestTailFollowsAcrossAReshard(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	put(t, server, "s", "before")
	b := start(t, "tail", "s", "--endpoint", server.URL())
	await(t, "the first record", func() bool { return strings.Contains(b.out.String(), "before") })
	if err := server.Reshard("s", kinesislocal.Reshard{ShardCount: 2}); err != nil {
		t.Fatal(err)
	}
	put(t, server, "s", "after")
	await(t, "the record in a child", func() bool { return strings.Contains(b.out.String(), "after") })
	if code := b.end(t); code != exitDone {
		t.Errorf("exit %d, %s", code, b.err.String())
	}
}

// What came before a change of shards must be printed before what came after it, through a split and a merge, whoever reads how fast.
func TestTailReadsParentsBeforeTheirChildren(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	var want []string
	for generation, change := range []kinesislocal.Reshard{{Split: kinesislocal.AnyShard}, {Merge: kinesislocal.AnyShard}, {Split: kinesislocal.AnyShard}, {}} {
		var data []string
		for i := range 3 {
			data = append(data, fmt.Sprintf("generation-%d", generation))
			want = append(want, data[i])
		}
		putPlain(t, server, "s", data...)
		if change == (kinesislocal.Reshard{}) {
			continue
		}
		if err := server.Reshard("s", change); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errOut := command(t, "tail", "s", "--endpoint", server.URL(), "--follow=false")
	if code != exitDone {
		t.Fatalf("exit %d, %s", code, errOut)
	}
	var got []string
	for line := range strings.Lines(out) {
		got = append(got, line[strings.LastIndex(line, " ")+1:len(line)-1])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A shard that was closed before the beginning is not read when another one closes later.
func TestTailFromLatestLeavesOutOldShardsForGood(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	putPlain(t, server, "s", "old")
	if err := server.Reshard("s", kinesislocal.Reshard{Split: kinesislocal.AnyShard}); err != nil {
		t.Fatal(err)
	}
	putPlain(t, server, "s", "old too", "old too", "old too")
	b := start(t, "tail", "s", "--endpoint", server.URL(), "--from", "latest")
	await(t, "both shards to be read", func() bool {
		n := 0
		for _, r := range server.Requests() {
			if r.Operation == "GetRecords" {
				n++
			}
		}
		return n >= 2
	})
	if err := server.Reshard("s", kinesislocal.Reshard{ShardCount: 4}); err != nil {
		t.Fatal(err)
	}
	putPlain(t, server, "s", "new-1", "new-2", "new-3")
	await(t, "the records in children", func() bool { return strings.Count(b.out.String(), "new-") == 3 })
	if code := b.end(t); code != exitDone || strings.Contains(b.out.String(), "old") {
		t.Errorf("exit %d, %s\n%s", code, b.err.String(), b.out.String())
	}
}
