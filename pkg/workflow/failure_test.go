package workflow

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// refused is an error that knows more than its text.
type refused struct{}

func (refused) Error() string               { return "refused" }
func (refused) Annotate(m *message.Message) { m.SetMetadata("attempts", "3") }

func TestFailureBringsTheOriginalMessageToTheErrorHandler(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(p *parts) (afterwards func())
	}{
		{"service", func(p *parts) func() {
			p.probes["service"].apply = func(_ context.Context, m *message.Message) error {
				m.SetPayload([]byte("changed"))
				m.SetMetadata("k", "changed")
				return fmt.Errorf("wrapped: %w", refused{})
			}
			return func() {}
		}},
		{"producer", func(p *parts) func() {
			p.sinks["sink"].produce = func(_ context.Context, m *message.Message) error {
				m.SetMetadata("k", "changed")
				return refused{}
			}
			return func() {}
		}},
		{"producer, later", func(p *parts) func() {
			l := new(later)
			p.sinks["sink"].produce = l.produce
			return func() { l.end(-1, refused{}) }
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := run[*Standard](t, simpleWith(standardHandler), Surroundings{})
			afterwards := c.fail(p)
			got := map[string]string{}
			var object any
			p.probes["handler"].apply = func(_ context.Context, m *message.Message) error {
				for _, k := range m.MetadataKeys() {
					got[k], _ = m.Metadata(k)
				}
				got["payload"] = string(m.Payload())
				object, _ = m.Object(ObjectError)
				return nil
			}
			o := p.source.prepare("original")
			o.m.SetMetadata("k", "v")
			p.source.send(o)
			afterwards()
			if err := o.outcome(t); err != nil {
				t.Errorf("a message that the handler took is done with: %v", err)
			}
			if !strings.Contains(got[MetadataError], "refused") {
				t.Errorf("%s is %q", MetadataError, got[MetadataError])
			}
			delete(got, MetadataError)
			if diff := cmp.Diff(map[string]string{"payload": "original", "k": "v", "attempts": "3", MetadataWorkflow: "w@ch"}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if err, ok := object.(error); !ok || !errors.Is(err, refused{}) {
				t.Errorf("%s is %v", ObjectError, object)
			}
			if diff := cmp.Diff(Counts{Consumed: 1, Handled: 1}, w.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFailureWithoutSuccessfulHandlerIsTheSourcesMatter(t *testing.T) {
	for _, c := range []struct {
		name, handler string
		handle        func(context.Context, *message.Message) error
		want          string // in the outcome; empty: the message is done
		counts        Counts
	}{
		{"no handler", "", nil, errTest.Error(), Counts{Consumed: 1, Failed: 1}},
		{"handler fails", standardHandler, func(context.Context, *message.Message) error { return errors.New("disk full") }, "the error handler failed too: disk full", Counts{Consumed: 1, Failed: 1}},
		{"handler panics", standardHandler, func(context.Context, *message.Message) error { panic("boom") }, "panicked: boom", Counts{Consumed: 1, Failed: 1}},
		{"handler without service", `<message-error-handler class="standard-processing-exception-handler"/>`, nil, "no processing-exception-service", Counts{Consumed: 1, Failed: 1}},
		{"null handler", `<message-error-handler class="null-processing-exception-handler"/>`, nil, "", Counts{Consumed: 1, Handled: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, p := run[*Standard](t, simpleWith(c.handler), Surroundings{})
			p.probes["service"].apply = fails
			if h := p.probes["handler"]; h != nil {
				h.apply = c.handle
			}
			err := p.source.offer("x").outcome(t)
			switch {
			case c.want == "" && err != nil:
				t.Errorf("outcome: %v", err)
			case c.want != "" && (!errors.Is(err, errTest) || !strings.Contains(err.Error(), c.want)):
				t.Errorf("outcome: %v, want %q in it", err, c.want)
			}
			if diff := cmp.Diff(c.counts, w.Counts()); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlerOutcomeMayComeLater(t *testing.T) {
	more := `<message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="standalone-producer">
		<producer class="test-sink"><name>bad</name></producer></processing-exception-service></message-error-handler>`
	w, p := run[*Standard](t, simpleWith(more), Surroundings{})
	p.probes["service"].apply = fails
	var l later
	produced := make(chan struct{}, 1)
	p.sinks["bad"].produce = func(ctx context.Context, m *message.Message) error {
		defer func() { produced <- struct{}{} }()
		return l.produce(ctx, m)
	}
	o := p.source.offer("x")
	<-produced
	if o.over() || w.Counts().InFlight != 1 {
		t.Error("the message was done before it was safe")
	}
	l.end(1, nil)
	if err := o.outcome(t); err != nil {
		t.Error(err)
	}
	o = p.source.offer("y")
	<-produced
	l.end(1, errors.New("gone too"))
	if err := o.outcome(t); !errors.Is(err, errTest) || !strings.Contains(err.Error(), "gone too") {
		t.Errorf("outcome: %v", err)
	}
}

func TestNearestErrorHandlerTakesTheMessage(t *testing.T) {
	standard := func(name, more string) string {
		return `<standard-processing-exception-handler><processing-exception-service class="test-probe"><name>` + name + `</name></processing-exception-service>` + more + `</standard-processing-exception-handler>`
	}
	const always = "<always-handle-exception>true</always-handle-exception>"
	for _, c := range []struct {
		name                       string
		workflow, channel, adapter string
		want                       []string
	}{
		{"workflow", standard("workflow", ""), standard("channel", ""), standard("adapter", ""), []string{"workflow"}},
		{"channel", "", standard("channel", ""), standard("adapter", ""), []string{"channel"}},
		{"adapter", "", "", standard("adapter", ""), []string{"adapter"}},
		{"none", "", "", "", nil},
		{"adapter always", standard("workflow", ""), standard("channel", ""), standard("adapter", always), []string{"workflow", "adapter"}},
		{"both always", standard("workflow", ""), standard("channel", always), standard("adapter", always), []string{"workflow", "channel", "adapter"}},
		{"channel always, adapter alone", "", "", standard("adapter", always), []string{"adapter"}},
		{"always with null", "<null-processing-exception-handler/>", "", standard("adapter", always), []string{"adapter"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var took []string
			var handlers []component.ErrorHandler
			for _, xml := range []string{c.adapter, c.channel, c.workflow} {
				if xml == "" {
					handlers = append(handlers, nil)
					continue
				}
				h, probes := handler(t, xml)
				for name, p := range probes {
					p.apply = func(context.Context, *message.Message) error {
						took = append(took, name)
						return nil
					}
				}
				handlers = append(handlers, h)
			}
			around := Nearest(handlers[1], Nearest(handlers[0], nil))
			w, p := build[*Standard](t, simpleWith(""), Surroundings{})
			w.ErrorHandler = handlers[2]
			w.Attach(Surroundings{Channel: "ch", ErrorHandler: around})
			start(t, w)
			defer stop(t, w)
			p.probes["service"].apply = fails
			if err := p.source.offer("x").outcome(t); (err != nil) != (c.want == nil) {
				t.Errorf("outcome: %v", err)
			}
			if diff := cmp.Diff(c.want, took); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHandlersThatAllTakeAMessageMustAllSucceed(t *testing.T) {
	h, probes := handler(t, `<standard-processing-exception-handler><always-handle-exception>true</always-handle-exception>
		<processing-exception-service class="test-probe"><name>outer</name></processing-exception-service></standard-processing-exception-handler>`)
	_, p := run[*Standard](t, simpleWith(standardHandler), Surroundings{ErrorHandler: h})
	p.probes["service"].apply = fails
	probes["outer"].apply = func(context.Context, *message.Message) error { return errors.New("outer failed") }
	if err := p.source.offer("x").outcome(t); err == nil || !strings.Contains(err.Error(), "outer failed") {
		t.Errorf("outcome: %v", err)
	}
}

func TestFailedMessagesThatWaitHoldTheConsumerUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, p := build[*Standard](t, simpleWith(standardHandler), Surroundings{})
		start(t, w)
		p.probes["service"].apply = fails
		let := make(chan struct{})
		var mu sync.Mutex
		running := 0
		p.probes["handler"].apply = func(context.Context, *message.Message) error {
			mu.Lock()
			running++
			mu.Unlock()
			<-let
			return nil
		}
		sent := 0
		go func() { // an fs-consumer with many files
			for range backlogMessages + 500 {
				p.source.offer("x")
				mu.Lock()
				sent++
				mu.Unlock()
			}
		}()
		synctest.Wait()
		mu.Lock()
		if sent != backlogMessages || running != jobsAtOnce {
			t.Errorf("%d messages were taken and %d handlers run, want %d and %d", sent, running, backlogMessages, jobsAtOnce)
		}
		mu.Unlock()
		if n := w.Counts(); n.InFlight != backlogMessages+1 {
			t.Errorf("counts: %+v", n)
		}
		for range 100 {
			let <- struct{}{}
		}
		synctest.Wait()
		mu.Lock()
		if sent != backlogMessages+100 {
			t.Errorf("%d messages were taken after 100 were handled", sent)
		}
		mu.Unlock()
		close(let)
		synctest.Wait()
		stop(t, w)
		if diff := cmp.Diff(Counts{Consumed: backlogMessages + 500, Handled: backlogMessages + 500}, w.Counts()); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
	})
}

func TestStopEndsTheWaitForErrorHandlers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := `<message-error-handler class="retry-message-error-handler"/>`
		w, p := build[*Standard](t, simpleWith(retry), Surroundings{})
		start(t, w)
		p.probes["service"].apply = fails
		var all []*offered
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range backlogMessages + 1 {
				all = append(all, p.source.offer(strings.Repeat("x", 100)))
			}
		}()
		synctest.Wait()
		stop(t, w)
		<-done
		for _, o := range all {
			if err := o.outcome(t); !errors.Is(err, component.ErrStopped) {
				t.Fatalf("outcome: %v", err)
			}
		}
		if n := w.Counts(); n.GivenBack != backlogMessages+1 {
			t.Errorf("counts: %+v", n)
		}
	})
}

func TestBacklogIsBoundedByBytesToo(t *testing.T) {
	var b backlog
	b.add(backlogBytes - 1)
	if !b.wait(t.Context(), nil) {
		t.Fatal("waits too early")
	}
	b.add(1)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	told := 0
	if b.wait(ended, func(n int) { told = n }) || told != 2 {
		t.Errorf("does not wait; told %d", told)
	}
	b.remove(1)
	if !b.wait(t.Context(), nil) {
		t.Error("still waits")
	}
}
