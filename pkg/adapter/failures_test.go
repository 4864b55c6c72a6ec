package adapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

func TestAFailureTellsWhatTheRecordKnows(t *testing.T) {
	record := &kpl.RecordError{Stream: "s", ShardID: "shardId-1", Code: "Expired", Message: "too old", Remedy: "add shards",
		Attempts: []kpl.Attempt{{ErrorCode: "ProvisionedThroughputExceededException"}, {ErrorCode: "ProvisionedThroughputExceededException"}, {ErrorCode: "Expired"}}}
	for _, c := range []struct {
		name string
		err  error
		want Failure
	}{
		{"a record", fmt.Errorf("producer: %w", record), Failure{Remedy: "add shards", Stream: "s", ShardID: "shardId-1", ErrorCode: "Expired", Attempts: 2}},
		{"one of two errors", errors.Join(errors.New("first"), record), Failure{Remedy: "add shards", Stream: "s", ShardID: "shardId-1", ErrorCode: "Expired", Attempts: 2}},
		{"something else", errors.New("no"), Failure{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := new(Adapter)
			a.failed("ch", workflow.Failure{Workflow: "w", Message: "m", Err: c.err, Handled: true})
			got := a.Failures()[0]
			if got.At.IsZero() || got.Reason != c.err.Error() || got.Channel != "ch" || got.Workflow != "w" || got.Message != "m" || !got.Handled {
				t.Errorf("%+v", got)
			}
			want := c.want
			want.At, want.Reason, want.Channel, want.Workflow, want.Message, want.Handled = got.At, got.Reason, "ch", "w", "m", true
			if got != want {
				t.Errorf("%+v\nwant %+v", got, want)
			}
		})
	}
}

// Who does not come to an end keeps no workflow waiting, and misses what does not fit.
func TestASlowListenerKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := new(Adapter)
		let := make(chan struct{})
		var slow, quick []string
		a.OnFailure(func(f Failure) { <-let; slow = append(slow, f.Message) })
		a.OnFailure(func(f Failure) { quick = append(quick, f.Message) })
		fail := func(n int) {
			for i := range n {
				a.failed("ch", workflow.Failure{Message: fmt.Sprint(i), Err: errors.New("no")})
			}
			synctest.Wait()
		}
		fail(1) // it is with the slow one
		fail(200)
		fail(200)
		if len(quick) != 401 {
			t.Errorf("the quick one heard of %d", len(quick))
		}
		before := time.Now()
		a.failures.settle(context.Background())
		if waited := time.Since(before); waited != tellingTime {
			t.Errorf("a stop waits for %v", waited)
		}
		close(let)
		a.failures.settle(context.Background())
		if len(slow) != 1+waitingFailures || slow[1] != "0" || slow[200] != "199" {
			t.Errorf("the slow one heard of %d", len(slow))
		}
		a.failures.settle(context.Background()) // nothing to wait for
		fail(1)
		if len(slow) != 2+waitingFailures {
			t.Error("it hears of nothing any more")
		}
	})
}

// A word that is cut in two could be a part of a secret, which nobody could mask any more.
func TestReasonsAreCutBetweenWords(t *testing.T) {
	const secret = "zq7-SeCrEt"
	text := strings.Repeat("word ", (reasonBytes-5)/5)
	if got := short(text + secret + " and more"); got != text+"…" {
		t.Errorf("it ends with %q", got[len(got)-20:])
	}
}

func TestLongReasonsAreCut(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("x", reasonBytes), strings.Repeat("ä", reasonBytes), strings.Repeat("x", reasonBytes-1) + "€€"} {
		got := short(text)
		if len(got) > reasonBytes+len("…") || !utf8.ValidString(got) || !strings.HasPrefix(text, strings.TrimSuffix(got, "…")) || len(text) <= reasonBytes && got != text {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	}
}
