package adapter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// states are those of the channels, by id.
func states(a *adapter.Adapter) map[string]string {
	all := make(map[string]string)
	for _, c := range a.Status().Channels {
		all[c.ID] = c.State
	}
	return all
}

func wantStates(t *testing.T, a *adapter.Adapter, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, states(a)); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestStatusFollowsTheLifecycle(t *testing.T) {
	a := load(t, adapterOf("", overHTTP("a", 0), strings.Replace(overHTTP("b", 0), "<channel>", "<channel><auto-start>false</auto-start>", 1)), adapter.Options{})
	s := a.Status()
	if s.State != adapter.StateStopped || s.Ready || len(s.NotReady) != 1 || len(s.Channels) != 2 {
		t.Errorf("before the start: %+v", s)
	}
	if err := a.StopChannel(t.Context(), "a"); !errors.Is(err, adapter.ErrNotRunning) {
		t.Errorf("error %v", err)
	}
	run(t, a)
	s = a.Status()
	if s.State != adapter.StateStarted || !s.Ready || s.StartedAt.IsZero() {
		t.Errorf("started: %+v", s)
	}
	wantStates(t, a, map[string]string{"a": adapter.StateStarted, "b": adapter.StateStopped})
	if err := a.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	if s = a.Status(); s.State != adapter.StateStopped || s.Ready {
		t.Errorf("stopped: %+v", s)
	}
	wantStates(t, a, map[string]string{"a": adapter.StateStopped, "b": adapter.StateStopped})
}

func TestAChannelIsSteered(t *testing.T) {
	s := serve(t, adapterOf("", overHTTP("a", 0), overHTTP("b", 0)), adapter.Options{})
	ctx := t.Context()
	answers := func(want map[string]int) {
		t.Helper()
		got := make(map[string]int)
		for id := range want {
			got[id] = post(t, s.address(t, id))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	}
	answers(map[string]int{"a": 200, "b": 200})
	for _, step := range []struct {
		name    string
		do      func(context.Context, string) error
		refused error
		state   string
		answer  int // 0: nobody listens
	}{
		{"start", s.StartChannel, adapter.ErrStarted, adapter.StateStarted, 200},
		{"resume", s.ResumeChannel, nil, adapter.StateStarted, 200},
		{"pause", s.PauseChannel, nil, adapter.StatePaused, 503},
		{"pause again", s.PauseChannel, nil, adapter.StatePaused, 503},
		{"resume", s.ResumeChannel, nil, adapter.StateStarted, 200},
		{"restart", s.RestartChannel, nil, adapter.StateStarted, 200},
		{"pause", s.PauseChannel, nil, adapter.StatePaused, 503},
		{"stop", s.StopChannel, nil, adapter.StateStopped, 0},
		{"stop again", s.StopChannel, adapter.ErrNotStarted, adapter.StateStopped, 0},
		{"pause a stopped one", s.PauseChannel, adapter.ErrNotStarted, adapter.StateStopped, 0},
		{"restart a stopped one", s.RestartChannel, nil, adapter.StateStarted, 200},
		{"stop", s.StopChannel, nil, adapter.StateStopped, 0},
		{"start", s.StartChannel, nil, adapter.StateStarted, 200},
	} {
		if err := step.do(ctx, "a"); !errors.Is(err, step.refused) {
			t.Errorf("%s: error %v, want %v", step.name, err, step.refused)
		}
		wantStates(t, s.Adapter, map[string]string{"a": step.state, "b": adapter.StateStarted})
		if step.answer > 0 {
			answers(map[string]int{"a": step.answer, "b": 200})
		}
	}
	for name, do := range map[string]func(context.Context, string) error{
		"start": s.StartChannel, "stop": s.StopChannel, "restart": s.RestartChannel, "pause": s.PauseChannel, "resume": s.ResumeChannel,
	} {
		if err := do(ctx, "c"); !errors.Is(err, adapter.ErrNoChannel) || !strings.Contains(err.Error(), `"c"`) {
			t.Errorf("%s of no channel: %v", name, err)
		}
	}
}

func TestAChannelThatIsNotReadySaysWhy(t *testing.T) {
	s := serve(t, adapterOf("", overHTTP("a", 0), overHTTP("b", freePort(t))), adapter.Options{})
	address := s.address(t, "b")
	if err := s.StopChannel(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if got := s.Status(); !got.Ready {
		t.Errorf("what its operator has stopped is said to be not ready: %v", got.NotReady)
	}
	taken := http.Server{Addr: address}
	listening := make(chan error, 1)
	go func() { listening <- taken.ListenAndServe() }()
	await(t, func() bool { return post(t, address) > 0 })
	if err := s.StartChannel(t.Context(), "b"); err == nil {
		t.Fatal("the port is taken, and the channel has started")
	}
	got := s.Status()
	if got.State != adapter.StateFailed || got.Ready || len(got.NotReady) != 1 || !strings.Contains(got.NotReady[0], "channel b is failed: ") {
		t.Errorf("%+v", got)
	}
	_ = taken.Close()
	<-listening
	if err := s.StartChannel(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if got := s.Status(); !got.Ready || post(t, address) != 200 {
		t.Errorf("%+v", got)
	}
}

func TestAReloadKeepsWhatAnOperatorWanted(t *testing.T) {
	document := func(workflow string) string {
		var all []string
		for _, id := range []string{"stopped", "paused", "started", "plain"} {
			c := strings.Replace(overHTTP(id, 0), "<unique-id>w<", "<unique-id>"+workflow+"<", 1)
			if id == "started" {
				c = strings.Replace(c, "<channel>", "<channel><auto-start>false</auto-start>", 1)
			}
			all = append(all, c)
		}
		return adapterOf("", all...)
	}
	s := serve(t, document("w"), adapter.Options{})
	for _, err := range []error{s.StopChannel(t.Context(), "stopped"), s.PauseChannel(t.Context(), "paused"), s.StartChannel(t.Context(), "started")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"stopped": adapter.StateStopped, "paused": adapter.StatePaused, "started": adapter.StateStarted, "plain": adapter.StateStarted}
	wantStates(t, s.Adapter, want)
	for _, workflow := range []string{"w", "v"} { // the same, then every channel another one
		if _, err := s.change(t, document(workflow)); err != nil {
			t.Fatal(err)
		}
		wantStates(t, s.Adapter, want)
	}
	if r := s.Status().LastReload; r == nil || r.Error != "" || len(r.Started) != 4 {
		t.Errorf("%+v", r)
	}
	if _, err := s.change(t, "<adapter>"); err == nil {
		t.Fatal("taken over")
	}
	if r := s.Status().LastReload; r == nil || r.Error == "" || r.Started == nil || r.Stopped == nil {
		t.Errorf("%+v", r)
	}
	if err := s.StartChannel(t.Context(), "stopped"); err != nil {
		t.Fatal(err)
	}
	if err := s.ResumeChannel(t.Context(), "paused"); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"stopped", "paused", "started", "plain"} {
		if status := post(t, s.address(t, id)); status != 200 {
			t.Errorf("%s answers %d", id, status)
		}
	}
}

func TestPausedFilesStayAndAreDeliveredAfterwards(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	shared := sharing(kinesisTo("kinesis", server.URL(), ""))
	s := serve(t, adapterOf(shared, fromFiles("files", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, "s"))), adapter.Options{})
	if err := s.PauseChannel(t.Context(), "files"); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		write(t, fmt.Sprintf("%s/files/%d.json", s.directory, i), []byte(fmt.Sprint(i)))
	}
	if !s.IdleSince().IsZero() {
		t.Error("a paused adapter is said to be idle, as if its sources were empty")
	}
	if left, err := filepath.Glob(s.directory + "/files/*.json"); err != nil || len(left) != 20 || s.Counts().Consumed != 0 {
		t.Errorf("%d files are left, %v; counts %+v", len(left), err, s.Counts())
	}
	if err := s.ResumeChannel(t.Context(), "files"); err != nil {
		t.Fatal(err)
	}
	settle(t, s.Adapter, 20)
	emptied(t, s.directory+"/files")
	if n := len(userRecords(t, server, "s")); n != 20 {
		t.Errorf("%d records arrived", n)
	}
	status := s.Status()
	w := status.Channels[0].Workflows[0]
	if w.Latency.Count != 20 || w.Latency.P99 <= 0 || w.BufferedBytes != 0 || w.Consumer != "fs-consumer" || w.Producer != "aws-kinesis-stream-producer" {
		t.Errorf("%+v", w)
	}
	if len(status.Connections) != 1 || status.Connections[0].ID != "kinesis" || status.Connections[0].Producer == nil || !cmp.Equal(status.Connections[0].UsedBy, []string{"files"}) {
		t.Errorf("%+v", status.Connections)
	}
	if p := s.Producers(); len(p) != 1 || p["kinesis"] == nil {
		t.Errorf("%v", p)
	}
}

func TestFailuresAreRemembered(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 400, Code: "AccessDeniedException", Message: "no"}); err != nil {
		t.Fatal(err)
	}
	shared := sharing(kinesisTo("kinesis", server.URL(), ""))
	s := serve(t, adapterOf(shared, fromFiles("files", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, "s"))), adapter.Options{})
	var mu sync.Mutex
	var told []adapter.Failure
	s.OnFailure(func(f adapter.Failure) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, f)
	})
	for i := range 250 {
		write(t, fmt.Sprintf("%s/files/%d.json", s.directory, i), []byte(fmt.Sprint(i)))
	}
	settle(t, s.Adapter, 250)
	all := s.Failures()
	await(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(told) == 250
	})
	mu.Lock()
	defer mu.Unlock()
	if len(all) != 200 || len(told) != 250 {
		t.Fatalf("%d are remembered, %d were told of", len(all), len(told))
	}
	if diff := cmp.Diff(told[249], all[0]); diff != "" {
		t.Errorf("the first is not the last (-want +got):\n%s", diff)
	}
	f := all[0]
	if f.Channel != "files" || f.Stream != "s" || f.ErrorCode != "AccessDeniedException" || f.Attempts != 1 || f.Remedy == "" || f.Handled || f.Message == "" || f.Reason == "" {
		t.Errorf("%+v", f)
	}
}

// TestSteeringUnderWayLosesNothing steers, reloads and delivers all at once.
func TestSteeringUnderWayLosesNothing(t *testing.T) {
	document := func(workflow string) string {
		return adapterOf("", strings.Replace(overHTTP("a", 0), "<unique-id>w<", "<unique-id>"+workflow+"<", 1), overHTTP("b", 0))
	}
	s := serve(t, document("w"), adapter.Options{})
	var steering, posting sync.WaitGroup
	stop := make(chan struct{})
	delivered := make([]int64, 4)
	for i := range delivered {
		posting.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if post(t, s.address(t, "b")) == 200 {
					delivered[i]++
				}
			}
		})
	}
	for n := range 3 {
		steering.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			do := []func(context.Context, string) error{s.StartChannel, s.StopChannel, s.RestartChannel, s.PauseChannel, s.ResumeChannel}
			for range 30 {
				err := do[random.IntN(len(do))](t.Context(), "a")
				if err != nil && !errors.Is(err, adapter.ErrStarted) && !errors.Is(err, adapter.ErrNotStarted) {
					t.Error(err)
				}
				_ = s.Status()
			}
		})
	}
	steering.Go(func() {
		for i := range 10 {
			if _, err := s.change(t, document([]string{"w", "v"}[i%2])); err != nil {
				t.Error(err)
			}
		}
	})
	steering.Wait()
	close(stop)
	posting.Wait()
	var sum int64
	for _, n := range delivered {
		sum += n
	}
	if diff := cmp.Diff(workflow.Counts{Consumed: sum, Delivered: sum}, s.channel(t, "b").Counts()); diff != "" || sum == 0 {
		t.Errorf("counts of the other channel (-want +got):\n%s", diff)
	}
	if err := s.RestartChannel(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	wantStates(t, s.Adapter, map[string]string{"a": adapter.StateStarted, "b": adapter.StateStarted})
}
