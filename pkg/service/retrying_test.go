package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func TestRetryingWrapper(t *testing.T) {
	const ms = `<delay-between-retries><unit>MILLISECONDS</unit><interval>10</interval></delay-between-retries>`
	for name, c := range map[string]struct {
		options string
		// fails is how often the service fails.
		fails    int
		attempts int
		took     time.Duration
		fail     bool
	}{
		"at once":         {"", 0, 1, 0, false},
		"default delay":   {"", 2, 3, 20 * time.Second, false},
		"default retries": {"", 99, 11, 100 * time.Second, true},
		"last retry":      {`<num-retries>2</num-retries>` + ms, 2, 3, 20 * time.Millisecond, false},
		"one too many":    {`<num-retries>2</num-retries>` + ms, 3, 3, 20 * time.Millisecond, true},
		"for ever":        {`<num-retries>0</num-retries>` + ms, 50, 51, 500 * time.Millisecond, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := decode[*Retrying](t, `<retrying-service-wrapper>`+c.options+note("a")+`</retrying-service-wrapper>`)
				attempts := 0
				boom := errors.New("boom")
				probes(s)["a"].apply = func(context.Context, *message.Message) error {
					if attempts++; attempts <= c.fails {
						return boom
					}
					return nil
				}
				start := time.Now()
				err := component.Apply(t.Context(), s, newMessage(""))
				if errors.Is(err, boom) != c.fail || attempts != c.attempts || time.Since(start) != c.took {
					t.Errorf("%d attempts in %v: %v", attempts, time.Since(start), err)
				}
			})
		})
	}
}

func TestRetryingWrapperGivesBackWhenItsWorkflowStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := decode[*Retrying](t, `<retrying-service-wrapper>`+note("a")+`</retrying-service-wrapper>`)
		boom := errors.New("boom")
		probes(s)["a"].apply = failing(boom)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(15*time.Second, cancel)
		start := time.Now()
		err := component.Apply(ctx, s, newMessage(""))
		if !errors.Is(err, context.Canceled) || !errors.Is(err, boom) || time.Since(start) != 15*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		probes(s)["a"].apply = failing(component.ErrStopped)
		if err := component.Apply(t.Context(), s, newMessage("")); !errors.Is(err, component.ErrStopped) || time.Since(start) != 15*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

func TestRetryingWrapperRestartsItsService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := decode[*Retrying](t, `<retrying-service-wrapper><num-retries>1</num-retries><restart-on-failure>true</restart-on-failure>`+note("a")+`</retrying-service-wrapper>`)
		p := probes(s)["a"]
		var phases []string
		p.phases = &phases
		p.apply = func(context.Context, *message.Message) error {
			phases = append(phases, "apply")
			return errors.New("boom")
		}
		if err := component.Apply(t.Context(), s, newMessage("")); err == nil {
			t.Error("passed")
		}
		if diff := cmp.Diff([]string{"apply", "stop a", "init a", "start a", "apply"}, phases); diff != "" {
			t.Error(diff)
		}
		phases, p.fail = nil, "init"
		if err := component.Apply(t.Context(), s, newMessage("")); err == nil {
			t.Error("passed")
		}
		if diff := cmp.Diff([]string{"apply", "stop a", "init a", "stop a", "init a"}, phases); diff != "" {
			t.Errorf("a service that did not start again is started, not applied: %s", diff)
		}
	})
}

// TestRestartWaitsForMessagesInside runs messages side by side through a service that is started again before each of them.
func TestRestartWaitsForMessagesInside(t *testing.T) {
	s := decode[*Stateless](t, `<stateless-service-wrapper>`+note("a")+`</stateless-service-wrapper>`)
	p := probes(s)["a"]
	var phases []string // not guarded: the race detector sees when a restart is not alone
	p.phases = &phases
	p.apply = func(context.Context, *message.Message) error { _ = len(phases); return nil }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if err := component.Apply(context.Background(), s, newMessage("")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(phases) != 8*50*3 {
		t.Errorf("%d phases", len(phases))
	}
}

func TestStatelessWrapperRestartsWhenItsStrategySaysSo(t *testing.T) {
	minute := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for name, c := range map[string]struct {
		strategy string
		pauses   []time.Duration
		want     string
	}{
		"always":            {``, []time.Duration{0, 0}, "R.R.R."},
		"count":             {`<restart-strategy class="message-count-restart-strategy"><max-messages-count>2</max-messages-count></restart-strategy>`, []time.Duration{0, 0, 0, 0}, "..R..R."},
		"inactivity":        {`<restart-strategy class="timed-inactivity-restart-strategy"/>`, []time.Duration{minute(2), minute(3), minute(1)}, "..R.."},
		"inactivity period": {`<restart-strategy class="timed-inactivity-restart-strategy"><inactivity-period><interval>5</interval></inactivity-period></restart-strategy>`, []time.Duration{6 * time.Second}, ".R."},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := decode[*Stateless](t, `<stateless-service-wrapper>`+c.strategy+note("a")+`</stateless-service-wrapper>`)
				p := probes(s)["a"]
				var phases []string
				p.phases = &phases
				p.apply = func(context.Context, *message.Message) error { phases = append(phases, "."); return nil }
				for _, pause := range append([]time.Duration{0}, c.pauses...) {
					time.Sleep(pause)
					if err := component.Apply(t.Context(), s, newMessage("")); err != nil {
						t.Fatal(err)
					}
				}
				got := strings.ReplaceAll(strings.Join(phases, ""), "stop ainit astart a", "R")
				if got != c.want {
					t.Errorf("%s; want %s", got, c.want)
				}
			})
		})
	}
}

// A service that did not start again is no place for the next message, which tries to start it.
func TestStatelessWrapperRunsNothingOnAServiceThatIsDown(t *testing.T) {
	for name, strategy := range map[string]string{
		"always": ``,
		"count":  `<restart-strategy class="message-count-restart-strategy"><max-messages-count>1</max-messages-count></restart-strategy>`,
	} {
		for _, fails := range []string{"init", "start"} {
			t.Run(name+" "+fails, func(t *testing.T) {
				s := decode[*Stateless](t, `<stateless-service-wrapper>`+strategy+note("a")+`</stateless-service-wrapper>`)
				if err := component.Apply(t.Context(), s, newMessage("")); err != nil {
					t.Fatal(err)
				}
				p := probes(s)["a"]
				var phases []string
				p.phases, p.fail = &phases, fails
				p.apply = func(context.Context, *message.Message) error { phases = append(phases, "apply"); return nil }
				for range 2 {
					if err := component.Apply(t.Context(), s, newMessage("")); err == nil || !strings.Contains(err.Error(), "stateless-service-wrapper: restart: "+fails+" fails") {
						t.Errorf("error: %v", err)
					}
				}
				if slices.Contains(phases, "apply") {
					t.Errorf("the service ran though it is down: %v", phases)
				}
				phases, p.fail = nil, ""
				if err := component.Apply(t.Context(), s, newMessage("")); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff([]string{"stop a", "init a", "start a", "apply"}, phases); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// A message that asked before a restart began, and came in when it had failed, does not run either.
func TestStatelessWrapperIsDownForMessagesThatWaited(t *testing.T) {
	s := decode[*Stateless](t, `<stateless-service-wrapper>`+note("a")+`</stateless-service-wrapper>`)
	p := probes(s)["a"]
	strategy := &askedStrategy{}
	s.Strategy = strategy
	ran := 0
	p.apply = func(context.Context, *message.Message) error { ran++; return nil }
	p.fail = "start"
	strategy.due = func() bool {
		strategy.due = func() bool { return true } // for a message that is quicker
		if err := component.Apply(t.Context(), s, newMessage("quicker")); err == nil || !strings.Contains(err.Error(), "start fails") {
			t.Errorf("error: %v", err)
		}
		strategy.due = func() bool { return false }
		return false
	}
	if err := component.Apply(t.Context(), s, newMessage("")); err == nil || !strings.Contains(err.Error(), "the service is not running") || ran > 0 {
		t.Errorf("%v; ran %d times", err, ran)
	}
	p.fail = ""
	if err := component.Apply(t.Context(), s, newMessage("")); err != nil || ran != 1 || strategy.restarts != 1 {
		t.Errorf("%v after %d restarts; ran %d times", err, strategy.restarts, ran)
	}
}

// askedStrategy is a strategy that asks the test.
type askedStrategy struct {
	due      func() bool
	restarts int
}

func (s *askedStrategy) Due() bool  { return s.due() }
func (s *askedStrategy) Restarted() { s.restarts++ }
func (*askedStrategy) Processed()   {}

// onceFailing is a producer that fails as often as the test says.
type onceFailing struct {
	fails  int
	err    error
	phases []string
}

func (p *onceFailing) Init(context.Context) error  { p.phases = append(p.phases, "init"); return nil }
func (p *onceFailing) Start(context.Context) error { p.phases = append(p.phases, "start"); return nil }
func (p *onceFailing) Stop(context.Context) error  { p.phases = append(p.phases, "stop"); return nil }
func (p *onceFailing) Produce(context.Context, *message.Message) error {
	p.phases = append(p.phases, "produce")
	if p.fails--; p.fails >= 0 {
		return p.err
	}
	return nil
}

func TestRetryOnceProducer(t *testing.T) {
	boom := errors.New("boom")
	again := []string{"produce", "stop", "init", "start", "produce"}
	for name, c := range map[string]struct {
		fails  int
		err    error
		phases []string
		want   error
		took   time.Duration
	}{
		"at once":       {0, nil, again[:1], nil, 0},
		"second time":   {1, boom, again, nil, 30 * time.Second},
		"fails twice":   {2, boom, again, boom, 30 * time.Second},
		"is given back": {1, fmt.Errorf("put: %w", component.ErrStopped), again[:1], component.ErrStopped, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := decode[*RetryOnce](t, `<retry-once-standalone-producer><producer class="test-later-producer"/></retry-once-standalone-producer>`)
				p := &onceFailing{fails: c.fails, err: c.err}
				s.Producer = p
				start := time.Now()
				if err := component.Apply(t.Context(), s, newMessage("")); !errors.Is(err, c.want) || time.Since(start) != c.took {
					t.Errorf("after %v: %v", time.Since(start), err)
				}
				if diff := cmp.Diff(c.phases, p.phases); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}

func TestRetryOnceProducerIsConnected(t *testing.T) {
	kinesis := &streams{id: "kinesis"}
	s, problems := decodeWith(t, `<retry-once-standalone-producer><connection class="shared-connection"><lookup-name>kinesis</lookup-name></connection>
		<producer class="aws-kinesis-synchronous-stream-producer"><stream>s</stream><partition-key>k</partition-key></producer></retry-once-standalone-producer>`,
		sharedParts{connections: map[string]component.Connection{"kinesis": kinesis}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := component.Apply(t.Context(), s, newMessage("p")); err != nil || len(kinesis.records) != 1 {
		t.Errorf("%v, %v", kinesis.records, err)
	}
}
