package adapter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// hanging is a consumer whose start ends with its context, once the test has it hang.
type hanging struct{}

// hang is asked by all of them; the test that sets it runs alone.
var hang struct {
	sync.Mutex
	starts func(context.Context) error
}

func (*hanging) Bind(component.Handler)     {}
func (*hanging) Init(context.Context) error { return nil }
func (*hanging) Stop(context.Context) error { return nil }
func (*hanging) Start(ctx context.Context) error {
	hang.Lock()
	starts := hang.starts
	hang.Unlock()
	if starts == nil {
		return nil
	}
	return starts(ctx)
}

func init() {
	component.Register[hanging]("test-hanging-consumer", "", component.KindConsumer, "")
}

func setHang(t *testing.T, starts func(context.Context) error) {
	t.Helper()
	hang.Lock()
	defer hang.Unlock()
	hang.starts = starts
}

const hangingChannel = `<channel><unique-id>h</unique-id><workflow-list><standard-workflow><unique-id>w</unique-id><consumer class="test-hanging-consumer"/></standard-workflow></workflow-list></channel>`

// A program that is to end does not wait for the start of a channel that somebody asked for.
func TestAStopEndsAStartThatHangs(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*served) error
	}{
		{"start", func(s *served) error { return s.StartChannel(context.Background(), "h") }},
		{"restart", func(s *served) error { return s.RestartChannel(context.Background(), "h") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer setHang(t, nil)
			s := serve(t, adapterOf("", hangingChannel, overHTTP("b", 0)), adapter.Options{})
			if c.name == "start" {
				if err := s.StopChannel(t.Context(), "h"); err != nil {
					t.Fatal(err)
				}
			}
			begun := make(chan struct{})
			setHang(t, func(ctx context.Context) error {
				close(begun)
				<-ctx.Done()
				return context.Cause(ctx)
			})
			ended := make(chan error, 1)
			go func() { ended <- c.do(s) }()
			<-begun
			// Others wait for their turn as long as they like to.
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if err := s.PauseChannel(ctx, "b"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("pause: %v", err)
			}
			if st := s.Status(); st.State != adapter.StateStarting || st.Ready {
				t.Errorf("state %s, ready %v", st.State, st.Ready)
			}
			if err := s.Stop(context.Background()); err != nil {
				t.Error(err)
			}
			if err := <-ended; err == nil || !strings.Contains(err.Error(), "the adapter is about to stop") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// Who asks for a restart and does not wait for its end does not leave the channel stopped.
func TestARestartOutlastsWhoAskedForIt(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, adapterOf(sharing(kinesisTo("kinesis", server.URL(), "")), fromFiles("files", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, "s"))), adapter.Options{})
	write(t, s.directory+"/files/1.json", []byte("1"))
	await(t, func() bool { return s.Counts().InFlight == 1 })
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.RestartChannel(ctx, "files") }()
	await(t, s.Draining)
	wantStates(t, s.Adapter, map[string]string{"files": adapter.StateStopping})
	cancel()
	fault.Remove()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	wantStates(t, s.Adapter, map[string]string{"files": adapter.StateStarted})
	if n := s.Counts(); n.Delivered != 1 || n.GivenBack != 0 {
		t.Errorf("the drain was cut short: %+v", n)
	}
}

// A drain takes no longer than Options.Drain, and what it could not bring to its end comes again.
func TestTheStopOfAChannelIsBounded(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, adapterOf("", fromFiles("files", `<produce-connection class="aws-kinesis-kpl-inline-connection">`+strings.TrimSuffix(strings.TrimPrefix(kinesisTo("kinesis", server.URL(), ""),
		"<aws-kinesis-kpl-inline-connection>"), "</aws-kinesis-kpl-inline-connection>")+"</produce-connection>", fmt.Sprintf(toStream, "s"))), adapter.Options{Drain: 100 * time.Millisecond})
	write(t, s.directory+"/files/1.json", []byte("1"))
	await(t, func() bool { return s.Counts().InFlight == 1 })
	if err := s.StopChannel(t.Context(), "files"); err == nil || !strings.Contains(err.Error(), "the 100ms that the stop of a channel may take are over") {
		t.Errorf("error %v", err)
	}
	wantStates(t, s.Adapter, map[string]string{"files": adapter.StateStopped})
	fault.Remove()
	if err := s.StartChannel(t.Context(), "files"); err != nil {
		t.Fatal(err)
	}
	emptied(t, s.directory+"/files")
	settle(t, s.Adapter, 2)
	if n := s.Counts(); n.Delivered != 1 || n.GivenBack != 1 {
		t.Errorf("%+v", n)
	}
}

// A channel that could not be started can be let be.
func TestAFailedChannelCanBeStopped(t *testing.T) {
	defer setHang(t, nil)
	s := serve(t, adapterOf("", strings.Replace(hangingChannel, "<channel>", "<channel><auto-start>false</auto-start>", 1), overHTTP("b", 0)), adapter.Options{})
	setHang(t, func(context.Context) error { return errors.New("as the test wants it") })
	for _, start := range []func(context.Context, string) error{s.StartChannel, s.RestartChannel} {
		if err := start(t.Context(), "h"); err == nil || !strings.Contains(err.Error(), "as the test wants it") {
			t.Fatalf("error %v", err)
		}
		if st := s.Status(); st.State != adapter.StateFailed || st.Ready || !strings.Contains(st.Channels[0].Error, "as the test wants it") {
			t.Errorf("%+v", st)
		}
	}
	if err := s.StopChannel(t.Context(), "h"); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); st.State != adapter.StateStarted || !st.Ready || st.Channels[0].Error != "" {
		t.Errorf("%+v", st)
	}
	if err := s.StopChannel(t.Context(), "h"); !errors.Is(err, adapter.ErrNotStarted) {
		t.Errorf("error %v", err)
	}
}

// A reload whose time is over while it drains changes nothing, and leaves nothing stopped.
func TestAReloadOutOfTimeBringsBackWhatItStopped(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	doc := func(stream string) string {
		return adapterOf(sharing(kinesisTo("kinesis", server.URL(), "")), fromFiles("files", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, stream)))
	}
	s := serve(t, doc("before"), adapter.Options{Drain: 200 * time.Millisecond})
	write(t, s.directory+"/files/1.json", []byte("1"))
	await(t, func() bool { return s.Counts().InFlight == 1 })
	s.write(t, doc("after"))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Reload(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	wantStates(t, s.Adapter, map[string]string{"files": adapter.StateStarted})
	if r := s.Status().LastReload; r == nil || !strings.Contains(r.Error, "no time left") {
		t.Errorf("%+v", r)
	}
	fault.Remove()
	emptied(t, s.directory+"/files")
	if n := len(userRecords(t, server, "before")); n != 1 {
		t.Errorf("%d records arrived", n)
	}
}

func TestTheLastReloadSaysWhatItDid(t *testing.T) {
	s := serve(t, adapterOf("", overHTTP("a", 0), overHTTP("b", 0), overHTTP("c", 0)), adapter.Options{})
	if s.Status().LastReload != nil {
		t.Error("there was none")
	}
	if _, err := s.change(t, adapterOf("", overHTTP("a", 0), strings.Replace(overHTTP("b", 0), "/x", "/y", 1), overHTTP("d", 0))); err != nil {
		t.Fatal(err)
	}
	r := *s.Status().LastReload
	r.At = time.Time{}
	if diff := cmp.Diff(adapter.ReloadStatus{Kept: []string{"a"}, Replaced: []string{"b"}, Started: []string{"b", "d"}, Stopped: []string{"b", "c"}, Shared: []string{}}, r); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := s.change(t, "<adapter><unique-id>a</unique-id><paht/></adapter>"); !errors.Is(err, adapter.ErrRefused) {
		t.Fatal(err)
	}
	if r := s.Status().LastReload; !strings.Contains(r.Error, "adapter.xml:1:") {
		t.Errorf("%+v", r)
	}
}

// Clients of the API must not have to tell null from an empty list.
func TestNoListIsNull(t *testing.T) {
	s := serve(t, adapterOf("", overHTTP("a", 0)), adapter.Options{})
	for range 2 {
		text, err := json.Marshal(s.Status())
		if err != nil || strings.Contains(string(text), "null,") || strings.Contains(string(text), ":null") {
			t.Errorf("%s, %v", text, err)
		}
		if _, err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// Connections of channels need no id, and two may have the same; what shows them must tell them apart.
func TestEachConnectionHasANameOfItsOwn(t *testing.T) {
	named := func(channel string) string {
		return strings.Replace(overHTTP(channel, 0), `<consume-connection class="jetty-http-connection">`, `<consume-connection class="jetty-http-connection"><unique-id>http</unique-id>`, 1)
	}
	s := serve(t, adapterOf(sharing(kinesisTo("kinesis", "http://127.0.0.1:1", "")), overHTTP("a", 0), named("b"), named("c"), fromFiles("d", fmt.Sprintf(byName, "kinesis"), ""),
		fromFiles("e", fmt.Sprintf(byName, "kinesis"), "")), adapter.Options{})
	st := s.Status()
	type connection struct {
		ID, Class, State string
		UsedBy           []string
	}
	var got []connection
	for _, c := range st.Connections {
		got = append(got, connection{c.ID, c.Class, c.State, c.UsedBy})
	}
	const http, started = "jetty-http-connection", adapter.StateStarted
	want := []connection{
		{"kinesis", "aws-kinesis-kpl-inline-connection", started, []string{"d", "e"}}, {"a/jetty-http-connection", http, started, []string{"a"}},
		{"http", http, started, []string{"b"}}, {"c/http", http, started, []string{"c"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var of []string
	for _, c := range st.Channels {
		of = append(of, c.ID+": "+c.ConsumeConnection+" to "+c.ProduceConnection)
	}
	if diff := cmp.Diff([]string{"a: a/jetty-http-connection to ", "b: http to ", "c: c/http to ", "d:  to kinesis", "e:  to kinesis"}, of); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever is asked of a channel, in whatever order, while files come and the document changes: each file arrives once, the counts add up, and
// the other channel of the same connection never stops.
func TestWhateverIsAskedOfAChannelLosesNothing(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	document := func(workflow string) string {
		steered := fromFiles("steered", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, "steered"))
		return adapterOf(sharing(kinesisTo("kinesis", server.URL(), "")), strings.Replace(steered, "<unique-id>w<", "<unique-id>"+workflow+"<", 1),
			fromFiles("steady", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, "steady")))
	}
	s := serve(t, document("w"), adapter.Options{})
	steady := s.channel(t, "steady")
	const files = 150
	var all sync.WaitGroup
	all.Go(func() {
		for i := range files {
			for _, id := range []string{"steered", "steady"} {
				write(t, fmt.Sprintf("%s/new/%s", s.directory, id), []byte(fmt.Sprint(i)))
				if err := os.Rename(fmt.Sprintf("%s/new/%s", s.directory, id), fmt.Sprintf("%s/%s/%d.json", s.directory, id, i)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	for n := range 3 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 2))
			do := []func(context.Context, string) error{s.StartChannel, s.StopChannel, s.RestartChannel, s.PauseChannel, s.ResumeChannel}
			for range 25 {
				if err := do[random.IntN(len(do))](t.Context(), "steered"); err != nil && !errors.Is(err, adapter.ErrStarted) && !errors.Is(err, adapter.ErrNotStarted) {
					t.Error(err)
				}
				_ = s.Status()
			}
		})
	}
	all.Go(func() {
		for i := range 6 {
			if _, err := s.change(t, document([]string{"v", "w"}[i%2])); err != nil {
				t.Error(err)
			}
			if err := s.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	all.Wait()
	if err := s.RestartChannel(t.Context(), "steered"); err != nil { // it is neither stopped nor paused then
		t.Fatal(err)
	}
	for _, id := range []string{"steered", "steady"} {
		emptied(t, filepath.Join(s.directory, id))
	}
	await(t, func() bool { return s.Counts().InFlight == 0 })
	for _, id := range []string{"steered", "steady"} {
		seen := make(map[string]int)
		for _, r := range userRecords(t, server, id) {
			seen[r.Data]++
		}
		if len(seen) != files {
			t.Errorf("%s: %d of %d files arrived", id, len(seen), files)
		}
		for data, n := range seen {
			if n != 1 {
				t.Errorf("%s: %s arrived %d times", id, data, n)
			}
		}
		if n := s.channel(t, id).Counts(); n.Consumed != n.Delivered+n.GivenBack || n.Delivered != files || n.Failed+n.Handled+n.InFlight != 0 {
			t.Errorf("%s: counts %+v", id, n)
		}
	}
	if s.channel(t, "steady") != steady || steady.Counts().GivenBack != 0 {
		t.Error("the steady channel did not go on")
	}
	if b := s.Status().Channels[0].Workflows[0].BufferedBytes; b != 0 {
		t.Errorf("%d bytes are buffered", b)
	}
}

// What does it cost to look at an adapter once a second?
func BenchmarkStatus(b *testing.B) {
	var channels []string
	for i := range 50 {
		channels = append(channels, fmt.Sprintf(`<channel><unique-id>c%d</unique-id><workflow-list><standard-workflow/></workflow-list></channel>`, i))
	}
	path := filepath.Join(b.TempDir(), "adapter.xml")
	if err := os.WriteFile(path, []byte(adapterOf("", channels...)), 0o600); err != nil {
		b.Fatal(err)
	}
	a, problems := adapter.Load(b.Context(), path, adapter.Options{})
	if a == nil {
		b.Fatal(problems)
	}
	if err := a.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_ = a.Status()
	}
	if err := a.Stop(context.Background()); err != nil {
		b.Fatal(err)
	}
}
