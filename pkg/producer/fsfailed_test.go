package producer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/message"
)

// failedIn is what the services of an error handler get of m.
func failedIn(ctx context.Context, m *message.Message, err error) (context.Context, *message.Message) {
	consumed := m.Clone()
	m.SetMetadata("adp.error.message", err.Error())
	return component.WithFailed(ctx, component.Failed{Message: m, Consumed: consumed, Err: err, Workflow: "wf@ch@x"}), m.Clone()
}

func refusedRecord() error {
	return fmt.Errorf("producer: %w", &kpl.RecordError{
		Stream: "orders", ShardID: "shardId-000000000001", Code: "Expired", Message: "too old", Remedy: "wait", MayBeStored: true, Age: time.Minute,
		Attempts: []kpl.Attempt{{Delay: 20 * time.Millisecond, Duration: 5 * time.Millisecond, ErrorCode: "Throttled", ErrorMessage: "slow down", Merged: 3}, {ErrorCode: "Expired"}},
	})
}

func TestAFailedMessageIsWrittenWithItsDetails(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named)
	m := testMessage("name", "a", "originalname", "7.json", "fsConsumeDir", "/in/")
	m.SetEncoding("ISO-8859-1")
	ctx, written := failedIn(t.Context(), m, refusedRecord())
	if err := p.Produce(ctx, written); err != nil {
		t.Fatal(err)
	}
	if top, err := os.ReadDir(dir); err != nil || len(top) != 2 || top[0].Name() != failed.Subdirectory || top[1].Name() != "a" {
		t.Errorf("the directory has %v, %v", top, err)
	}
	got, payload, err := new(failed.Desk).Show(t.Context(), dir, "a", 100)
	if err != nil || string(payload) != `{"id":"7"}` || got.Edited {
		t.Fatal(err)
	}
	reason := failed.Text(refusedRecord().Error())
	want := &failed.Details{
		Version: 1, Name: "a", Channel: "x", Workflow: "wf@ch", Message: failed.Text(m.ID()), File: "7.json", SourceDirectory: "/in/", Reason: reason,
		Code: "Expired", Stream: "orders", ShardID: "shardId-000000000001", Tries: 5, Remedy: "wait", MayBeStored: true, Encoding: "ISO-8859-1",
		Attempts: []failed.Attempt{{DelayMillis: 20, DurationMillis: 5, Code: "Throttled", Message: "slow down", Merged: 3}, {Code: "Expired"}},
		Metadata: map[string]failed.Text{"name": "a", "originalname": "7.json", "fsConsumeDir": "/in/"},
		Added:    map[string]failed.Text{"adp.error.message": reason, "producedname": "a", "fsProduceDir": failed.Text(canonical(dir))},
		Payload:  failed.PayloadOf([]byte(`{"id":"7"}`)),
	}
	if diff := cmp.Diff(want, got.Details, cmpopts.IgnoreFields(failed.Details{}, "At")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if age := time.Since(got.Details.At); age < 0 || age > time.Minute {
		t.Errorf("written %v ago", age)
	}
}

func TestDetailsTellWhatTheErrorHandlerChanged(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named)
	ctx, m := failedIn(t.Context(), testMessage("name", "a", "k", "v"), errors.New("refused"))
	part := m.Child([]byte("part"))
	part.SetMetadata("k", "changed")
	if err := p.Produce(ctx, part); err != nil {
		t.Fatal(err)
	}
	got, _, err := new(failed.Desk).Show(t.Context(), dir, "a", 0)
	if err != nil {
		t.Fatal(err)
	}
	d := got.Details
	if !d.Payload.Changed || string(d.Message) != m.ID() || string(d.Written) != part.ID() || d.Metadata["k"] != "v" || d.Added["k"] != "changed" {
		t.Errorf("%+v", d)
	}
}

func TestOnlyErrorHandlersWriteDetails(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named)
	m := testMessage("name", "a")
	m.SetObject("java.lang.Exception", errors.New("an earlier failure"))
	if err := p.Produce(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := files(t, dir); got != `a={"id":"7"}` {
		t.Error(got)
	}
}

func TestDetailsFollowThePayload(t *testing.T) {
	for name, c := range map[string]struct {
		worker, before string
		want           string // the reasons of the messages
		err            string
	}{
		"new":             {"fs-nio-worker", "", "a=refused", ""},
		"name is taken":   {"fs-nio-worker", "old", "a=-", "there is a file of that name"},
		"replaced":        {"fs-overwrite-file", "old", "a=refused", ""},
		"one file of all": {"fs-append-file", "old", "a=-", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.before != "" {
				if err := os.WriteFile(filepath.Join(dir, "a"), []byte(c.before), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p := fsProducer(t, dir, named+`<fs-worker class="`+c.worker+`"/>`)
			ctx, m := failedIn(t.Context(), testMessage("name", "a"), errors.New("refused"))
			if err := p.Produce(ctx, m); c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Error(err)
			}
			messages, _, err := failed.List(t.Context(), dir, failed.Query{})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, m := range messages {
				got += m.Name + "="
				if m.Details == nil {
					got += "-"
				} else {
					got += string(m.Details.Reason)
				}
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			kept, _ := filepath.Glob(filepath.Join(dir, failed.Subdirectory, "*.json"))
			if strings.Contains(c.want, "-") != (len(kept) == 0) {
				t.Errorf("kept %v", kept)
			}
		})
	}
}

// Two that write under the same name must not mix up payload and details.
func TestCollidingFailedMessagesKeepTheirOwnDetails(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named)
	won := make(chan string, 16)
	for round := range 20 {
		name := fmt.Sprintf("m%d", round)
		done := make(chan struct{})
		for i := range 4 {
			go func() {
				defer func() { done <- struct{}{} }()
				m := testMessage("name", name)
				m.SetPayload(fmt.Appendf(nil, "payload %d", i))
				ctx, m := failedIn(t.Context(), m, fmt.Errorf("reason %d", i))
				if p.Produce(ctx, m) == nil {
					won <- fmt.Sprintf("reason %d payload %d", i, i)
				}
			}()
		}
		for range 4 {
			<-done
		}
		m, payload, err := new(failed.Desk).Show(t.Context(), dir, name, 100)
		if err != nil || m.Details == nil {
			t.Fatalf("%v, %+v", err, m)
		}
		if got, want := fmt.Sprintf("%s %s", m.Details.Reason, payload), <-won; got != want || len(won) > 0 {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	if kept, _ := filepath.Glob(filepath.Join(dir, failed.Subdirectory, "*.json")); len(kept) != 20 {
		t.Errorf("%d details of 20 messages", len(kept))
	}
}

// The payload counts: it is written whatever becomes of the details.
func TestAFailedMessageIsWrittenAlsoWithoutDetails(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, failed.Subdirectory), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	core, logs := observer.New(zap.WarnLevel)
	ctx, m := failedIn(component.WithLogger(t.Context(), zap.New(core)), testMessage("name", "a"), errors.New("refused"))
	if err := fsProducer(t, dir, named).Produce(ctx, m); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "a")); err != nil || string(got) != `{"id":"7"}` {
		t.Errorf("%q, %v", got, err)
	}
	if logs.FilterMessage("failed message is written without what is known of its failure").Len() != 1 {
		t.Errorf("the log says %v", logs.All())
	}
}

func BenchmarkFSProducerOutsideErrorHandlers(b *testing.B) {
	p := fsProducer(b, b.TempDir(), "")
	m := testMessage()
	b.ReportAllocs()
	for b.Loop() {
		p.keepDetails(b.Context(), "x", m)
	}
}
