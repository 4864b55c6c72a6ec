package adapter_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// While a channel that changed is drained, which takes its time, the other one answers every request, and counts go on.
func TestTheOtherChannelsNeverStopDuringAReload(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	shared := sharing(kinesisTo("kinesis", server.URL(), ""))
	connection := fmt.Sprintf(byName, "kinesis")
	s := serve(t, adapterOf(shared, overHTTP("steady", 0), fromFiles("changing", connection, fmt.Sprintf(toStream, "before"))), adapter.Options{})
	steady, address := s.channel(t, "steady"), s.address(t, "steady")
	write(t, s.directory+"/changing/1.json", []byte("1"))
	await(t, func() bool { return s.channel(t, "changing").Counts().InFlight == 1 }) // its record is refused again and again

	s.write(t, adapterOf(shared, overHTTP("steady", 0), fromFiles("changing", connection, fmt.Sprintf(toStream, "after"))))
	var over atomic.Bool
	reloaded := make(chan error, 1)
	go func() {
		_, err := s.Reload(context.Background())
		over.Store(true)
		reloaded <- err
	}()
	for i := range 50 {
		if status := post(t, address); status != http.StatusOK {
			t.Fatalf("request %d: status %d", i, status)
		}
	}
	if over.Load() {
		t.Error("the reload did not wait for the record")
	}
	if !s.IdleSince().IsZero() {
		t.Error("idle during a reload")
	}
	fault.Remove()
	if err := <-reloaded; err != nil {
		t.Fatal(err)
	}
	if s.channel(t, "steady") != steady || post(t, address) != http.StatusOK {
		t.Error("the steady channel is another one")
	}
	write(t, s.directory+"/changing/2.json", []byte("2"))
	settle(t, s.Adapter, 53)
	for stream, want := range map[string]int{"before": 1, "after": 1} {
		if n := len(userRecords(t, server, stream)); n != want {
			t.Errorf("%d records arrived %s, want %d", n, stream, want)
		}
	}
	if diff := cmp.Diff(workflow.Counts{Consumed: 53, Delivered: 53}, s.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if n := s.channel(t, "changing").Counts().Delivered; n != 2 {
		t.Errorf("the changed channel has %d, want 2", n)
	}
}

func TestABadDocumentChangesNothing(t *testing.T) {
	good := adapterOf("", overHTTP("a", 0), overHTTP("b", 0))
	for _, c := range []struct{ name, document, want string }{
		{"no XML", "<adapter>", "<adapter> is never closed"},
		{"a mistake", strings.Replace(good, "<path>", "<paht>/y</paht><path>", 1), "adapter.xml:3:"},
		{"an undefined variable", strings.Replace(good, "<port>0", "<port>${port}", 1), "port"},
		{"a reference to nothing", adapterOf("", overHTTP("a", 0), fromFiles("b", fmt.Sprintf(byName, "k"), "")), "no connection under shared-components"},
		{"a part of one", `<produce-connection class="null-connection"/>`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var hidden int
			s := serve(t, good, adapter.Options{Loaded: func([]component.Decoded) { hidden++ }})
			before := s.Channels()
			got, err := s.change(t, c.document)
			if !errors.Is(err, adapter.ErrRefused) {
				t.Errorf("error: %v", err)
			}
			if text := fmt.Sprintf("%+v", got.Problems); !strings.Contains(text, c.want) {
				t.Errorf("problems %s\nwant %s", text, c.want)
			}
			if diff := cmp.Diff(before, s.Channels(), cmp.Comparer(func(a, b *channel.Channel) bool { return a == b })); diff != "" || hidden > 0 {
				t.Errorf("changed: %s, %d", diff, hidden)
			}
			for _, id := range []string{"a", "b"} {
				if status := post(t, s.address(t, id)); status != http.StatusOK {
					t.Errorf("channel %s: status %d", id, status)
				}
			}
			// Put right, it is taken over.
			s.mustChange(t, good, adapter.Reloaded{Kept: []string{"a", "b"}})
			if hidden != 1 {
				t.Errorf("told of %d documents", hidden)
			}
		})
	}
}

func TestPortsAreHandedOver(t *testing.T) {
	one, two := freePort(t), freePort(t)
	at := func(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
	s := serve(t, adapterOf("", overHTTP("a", one), overHTTP("b", 0)), adapter.Options{})
	t.Run("another port", func(t *testing.T) {
		s.mustChange(t, adapterOf("", overHTTP("a", two), overHTTP("b", 0)), adapter.Reloaded{Kept: []string{"b"}, Replaced: []string{"a"}})
		if was, is := post(t, at(one)), post(t, at(two)); was != 0 || is != http.StatusOK {
			t.Errorf("status %d at the old port, %d at the new one", was, is)
		}
	})
	t.Run("the same port for another channel", func(t *testing.T) {
		s.mustChange(t, adapterOf("", overHTTP("b", 0), overHTTP("c", two)), adapter.Reloaded{Kept: []string{"b"}, Started: []string{"c"}, Stopped: []string{"a"}})
		if status := post(t, at(two)); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	})
	t.Run("the same port with another path", func(t *testing.T) {
		s.mustChange(t, adapterOf("", overHTTP("b", 0), strings.Replace(overHTTP("c", two), "/x", "/*", 1)), adapter.Reloaded{Kept: []string{"b"}, Replaced: []string{"c"}})
		if status := post(t, at(two)); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
	})
	if n := s.Counts().Delivered; n != 3 {
		t.Errorf("%d delivered, want 3", n)
	}
}

func TestWhatDoesNotStartLeavesEverythingAsItWas(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := freePort(t)
	before := adapterOf("", overHTTP("a", port), overHTTP("b", 0))
	s := serve(t, before, adapter.Options{})
	got, err := s.change(t, adapterOf("", overHTTP("a", taken.Addr().(*net.TCPAddr).Port), overHTTP("b", 0), overHTTP("new", 0)))
	if err == nil || !strings.Contains(err.Error(), "so what it was to replace runs again: channel a: ") || !strings.Contains(err.Error(), "can not listen on") {
		t.Errorf("%+v: %v", got, err)
	}
	if status := post(t, fmt.Sprintf("127.0.0.1:%d", port)); status != http.StatusOK {
		t.Errorf("status %d at the old port", status)
	}
	if n := len(s.Channels()); n != 2 {
		t.Errorf("%d channels", n)
	}
	s.mustChange(t, before, adapter.Reloaded{Kept: []string{"a", "b"}})
}

func TestOnlyWhatChangedIsReplaced(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	to := func(id, more string) string { return kinesisTo(id, server.URL(), more) }
	one, two := fromFiles("one", fmt.Sprintf(byName, "k1"), fmt.Sprintf(toStream, "s")), fromFiles("two", fmt.Sprintf(byName, "k2"), fmt.Sprintf(toStream, "s"))
	bystander := overHTTP("three", 0)
	good := adapterOf(sharing(to("k1", ""), to("k2", "")), one, two, bystander)
	const buffered = `<key-value-pair><key>RecordMaxBufferedTime</key><value>123</value></key-value-pair>`
	const handler = `<message-error-handler class="null-processing-exception-handler"/>`
	all := []string{"one", "two", "three"}
	for _, c := range []struct {
		name, document string
		want           adapter.Reloaded
	}{
		{"nothing", good, adapter.Reloaded{Kept: all}},
		{"comments and white space", strings.ReplaceAll(good, "<channel>", "<!-- a comment -->\n   <channel >\n"), adapter.Reloaded{Kept: all}},
		{"the order of channels", adapterOf(sharing(to("k2", ""), to("k1", "")), bystander, two, one), adapter.Reloaded{Kept: []string{"three", "two", "one"}}},
		{"a shared connection", adapterOf(sharing(to("k1", ""), to("k2", buffered)), one, two, bystander),
			adapter.Reloaded{Kept: []string{"one", "three"}, Replaced: []string{"two"}, Shared: []string{"connection k2"}}},
		{"which connection", adapterOf(sharing(to("k1", ""), to("k2", "")), strings.Replace(one, "k1", "k2", 1), two, bystander), adapter.Reloaded{Kept: []string{"two", "three"}, Replaced: []string{"one"}}},
		{"a new connection", adapterOf(sharing(to("k1", ""), to("k2", ""), to("k3", "")), one, two, bystander), adapter.Reloaded{Kept: all, Shared: []string{"connection k3"}}},
		{"a connection that is gone", adapterOf(sharing(to("k1", "")), one, bystander),
			adapter.Reloaded{Kept: []string{"one", "three"}, Stopped: []string{"two"}, Shared: []string{"connection k2"}}},
		{"the adapter's error handler", adapterOf(sharing(to("k1", ""), to("k2", ""))+handler, one, strings.Replace(two, "<workflow-list>", handler+"<workflow-list>", 1), bystander),
			adapter.Reloaded{Replaced: all, Shared: []string{"error handler"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, good, adapter.Options{})
			s.mustChange(t, c.document, c.want)
			// What was kept and what is new work together.
			for _, ch := range s.Channels() {
				if ch.UniqueID != "three" {
					write(t, s.directory+"/"+ch.UniqueID+"/1.json", []byte("1"))
				}
			}
			settle(t, s.Adapter, int64(len(s.Channels())-1))
			if n := s.Counts(); n.Delivered != n.Consumed {
				t.Errorf("counts: %+v", n)
			}
		})
	}
}

// A channel with an error handler of its own has nothing to do with the adapter's.
func TestAChannelWithItsOwnErrorHandlerIsKept(t *testing.T) {
	const handler = `<message-error-handler class="%s"/>`
	doc := func(outer string) string {
		own := strings.Replace(overHTTP("own", 0), "<workflow-list>", fmt.Sprintf(handler, "null-processing-exception-handler")+"<workflow-list>", 1)
		return adapterOf(outer, own, overHTTP("none", 0))
	}
	s := serve(t, doc(fmt.Sprintf(handler, "null-processing-exception-handler")), adapter.Options{})
	s.mustChange(t, doc(fmt.Sprintf(handler, "standard-processing-exception-handler")),
		adapter.Reloaded{Kept: []string{"own"}, Replaced: []string{"none"}, Shared: []string{"error handler"}})
	always := `<message-error-handler class="null-processing-exception-handler"><always-handle-exception>true</always-handle-exception></message-error-handler>`
	s.mustChange(t, doc(always), adapter.Reloaded{Replaced: []string{"own", "none"}, Shared: []string{"error handler"}})
}

func TestFilesBesideTheDocumentCount(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	dir := filepath.ToSlash(t.TempDir())
	write(t, dir+"/kpl.properties", []byte("Region=us-east-1\nMetricsLevel=none\n"))
	write(t, dir+"/v.properties", []byte("level=INFO\n"))
	logs := `<channel xmlns:xi="x"><unique-id>logs</unique-id><workflow><service-collection class="service-list"><services>
<log-message-service><log-prefix>${level}</log-prefix></log-message-service></services></service-collection></workflow></channel>`
	write(t, dir+"/included.xml", []byte(logs))
	write(t, dir+"/bootstrap.properties", []byte("adapterConfigUrl="+dir+"/adapter.xml\npreProcessors=xinclude:variableSubstitution\nvariable-substitution.properties.url="+dir+"/v.properties\nsysprop.a=1\n"))
	write(t, dir+"/adapter.xml", []byte(strings.ReplaceAll(adapterOf("", fromFiles("kinesis", `<produce-connection class="aws-kinesis-kpl-connection-from-properties"><config-location>`+dir+`/kpl.properties</config-location></produce-connection>`,
		fmt.Sprintf(toStream, "s")), `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="included.xml"/>`), "DIR", dir)))
	a, problems := adapter.Load(t.Context(), dir+"/bootstrap.properties", adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	a.Redirect(server.URL())
	run(t, a)
	want := []string{"adapter.xml", "bootstrap.properties", "included.xml", "kpl.properties", "v.properties"}
	got := map[string]bool{}
	for _, f := range a.Files() {
		got[filepath.Base(f)] = true
	}
	for _, name := range want {
		if !got[name] {
			t.Errorf("%s is not among the files %v", name, a.Files())
		}
	}
	for _, c := range []struct {
		file, text string
		want       adapter.Reloaded
	}{
		{"v.properties", "level=WARN\nother=1\n", adapter.Reloaded{Kept: []string{"kinesis"}, Replaced: []string{"logs"}}},
		{"kpl.properties", "Region=us-east-1\nMetricsLevel=none\nRecordMaxBufferedTime=50\n", adapter.Reloaded{Kept: []string{"logs"}, Replaced: []string{"kinesis"}}},
		{"included.xml", strings.Replace(logs, "${level}", "x", 1), adapter.Reloaded{Kept: []string{"kinesis"}, Replaced: []string{"logs"}}},
		{"included.xml", strings.Replace(logs, "${level}", "x", 1) + "\n\n", adapter.Reloaded{Kept: []string{"kinesis", "logs"}}},
		{"bootstrap.properties", "adapterConfigUrl=" + dir + "/adapter.xml\npreProcessors=xinclude:variableSubstitution\nvariable-substitution.properties.url=" + dir + "/v.properties\nsysprop.a=2\n",
			adapter.Reloaded{Replaced: []string{"kinesis", "logs"}}},
	} {
		write(t, dir+"/"+c.file, []byte(c.text))
		got, err := a.Reload(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got.Problems = nil
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.file, diff)
		}
	}
	// The connection that the reloads brought sends to the same place.
	write(t, dir+"/kinesis/1.json", []byte("1"))
	settle(t, a, 1)
	if n := len(userRecords(t, server, "s")); n != 1 {
		t.Errorf("%d records arrived", n)
	}
}

// A record that can not be delivered holds a reload up no longer than it may, and is not lost.
func TestAReloadGivesBackWhatItCanNotDrain(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	fault, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"})
	if err != nil {
		t.Fatal(err)
	}
	own := func(more string) string {
		c := kinesisTo("k", server.URL(), more)
		return strings.NewReplacer("<aws-kinesis-kpl-inline-connection>", `<produce-connection class="aws-kinesis-kpl-inline-connection">`, "</aws-kinesis-kpl-inline-connection>", "</produce-connection>").Replace(c)
	}
	doc := func(stream string) string {
		return adapterOf("", fromFiles("files", own(""), fmt.Sprintf(toStream, stream)))
	}
	s := serve(t, doc("before"), adapter.Options{Drain: 200 * time.Millisecond})
	write(t, s.directory+"/files/1.json", []byte("1"))
	await(t, func() bool { return s.Counts().InFlight == 1 })
	s.mustChange(t, doc("after"), adapter.Reloaded{Replaced: []string{"files"}})
	fault.Remove()
	await(t, func() bool { n := s.Counts(); return n.Delivered == 1 && n.InFlight == 0 })
	if n := len(userRecords(t, server, "after")); n != 1 {
		t.Errorf("%d records arrived", n)
	}
	emptied(t, s.directory+"/files")
	if diff := cmp.Diff(workflow.Counts{Consumed: 2, Delivered: 1, GivenBack: 1}, s.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// A stop waits for the reload that is under way, and cuts it short when its own time is over.
func TestAStopEndsAReload(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	if _, err := server.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Status: 500, Code: "InternalFailure"}); err != nil {
		t.Fatal(err)
	}
	shared := sharing(kinesisTo("kinesis", server.URL(), ""))
	doc := func(stream string) string {
		return adapterOf(shared, fromFiles("files", fmt.Sprintf(byName, "kinesis"), fmt.Sprintf(toStream, stream)))
	}
	s := &served{directory: filepath.ToSlash(t.TempDir())}
	s.path = s.directory + "/adapter.xml"
	s.write(t, doc("before"))
	a, problems := adapter.Load(t.Context(), s.path, adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	if _, err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "does not run") {
		t.Errorf("before the start: %v", err)
	}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s.directory+"/files/1.json", []byte("1"))
	await(t, func() bool { return a.Counts().InFlight == 1 })
	s.write(t, doc("after"))
	ctx, cancel := context.WithCancel(t.Context())
	reloaded := make(chan error, 1)
	go func() {
		_, err := a.Reload(ctx)
		reloaded <- err
	}()
	await(t, func() bool { // the drain has begun: what comes is given back
		return a.IdleSince().IsZero() && a.Draining()
	})
	cancel()
	stopping, giveUp := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer giveUp()
	began := time.Now()
	if err := a.Stop(stopping); err == nil {
		t.Error("the stop delivered what could not be")
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the stop took %v", took)
	}
	if err := <-reloaded; !errors.Is(err, context.Canceled) {
		t.Errorf("reload: %v", err)
	}
	if diff := cmp.Diff(workflow.Counts{Consumed: 1, GivenBack: 1}, a.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	if left, err := os.ReadDir(s.directory + "/files"); err != nil || len(left) != 1 || left[0].Name() != "1.json" {
		t.Errorf("left: %v (%v)", left, err)
	}
}
