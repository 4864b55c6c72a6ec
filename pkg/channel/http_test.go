package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

// gate is a service that lets messages through when the test says so.
type gate struct {
	component.ServiceBase
	arrived chan string
	let     chan error
}

func (g *gate) Apply(ctx context.Context, m *message.Message) error {
	if g.arrived == nil {
		return nil
	}
	g.arrived <- string(m.Payload())
	select {
	case err := <-g.let:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func init() {
	component.Register[gate]("test-gate", "", component.KindService, "")
}

// serving is a channel with HTTP consumers.
type serving struct {
	*Channel
	gates []*gate
}

func (s serving) url() string {
	return "http://" + s.ConsumeConnection.(interface{ Address() string }).Address()
}

// serve decodes a channel whose consumers have these paths, and attaches it.
func serve(t *testing.T, connection string, paths ...string) serving {
	t.Helper()
	var workflows strings.Builder
	for _, p := range paths {
		fmt.Fprintf(&workflows, `<pooling-workflow><consumer class="jetty-message-consumer"><path>%s</path><methods>POST</methods></consumer>
			<service-collection class="service-list"><services><test-gate/></services></service-collection></pooling-workflow>`, p)
	}
	node, problems := document.Parse("test.xml", strings.NewReader(`<channel><unique-id>`+t.Name()+`</unique-id><consume-connection `+connection+`</consume-connection><workflow-list>`+workflows.String()+`</workflow-list></channel>`), document.Options{})
	if node == nil {
		t.Fatal(problems)
	}
	// Port 0 of the shared server, and loopback only.
	d := component.NewDecoder(document.Environment{SystemProperties: map[string]string{"jetty.http.host": "127.0.0.1", "jetty.http.port": "0"}})
	c, _ := component.Decode[*Channel](d, node, "channel")
	d.Finish(nothingShared{})
	if errs := d.Problems().Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	s := serving{Channel: c}
	for _, c := range d.Components() {
		if g, ok := c.Component.(*gate); ok {
			s.gates = append(s.gates, g)
		}
	}
	c.Attach(Surroundings{})
	return s
}

func begin(t *testing.T, s serving) {
	t.Helper()
	if err := errors.Join(s.Init(t.Context()), s.Start(t.Context())); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func post(t *testing.T, url string) (status int, text string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "text/plain", strings.NewReader("x"))
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

func send(t *testing.T, method, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Close = true
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Error(err)
		return http.StatusServiceUnavailable
	}
	defer response.Body.Close()
	return response.StatusCode
}

const (
	ownServer = `class="jetty-http-connection"><port>0</port><server-connector-properties><key-value-pair><key>Host</key><value>127.0.0.1</value></key-value-pair></server-connector-properties>`
	embedded  = `class="jetty-embedded-connection">`
)

func TestConsumersShareAPort(t *testing.T) {
	s := serve(t, ownServer, "/a", "/b/*", "/b/c")
	begin(t, s)
	for path, want := range map[string]int{"/a": 0, "/b/x": 1, "/b": 1, "/b/c": 2, "/b/c/d": 1} {
		before := s.All()[want].Counts().Delivered
		if status, text := post(t, s.url()+path); status != 200 || s.All()[want].Counts().Delivered != before+1 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	for _, path := range []string{"/", "/a/x", "/c", "/bb"} {
		if status, text := post(t, s.url()+path); status != 404 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if err := s.All()[0].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := post(t, s.url()+"/a"); status != 503 {
		t.Errorf("a path whose workflow is stopped: %d %s", status, text)
	}
	if status, text := post(t, s.url()+"/b"); status != 200 {
		t.Errorf("the other one: %d %s", status, text)
	}
	if err := s.All()[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := post(t, s.url()+"/a"); status != 200 {
		t.Errorf("after its restart: %d %s", status, text)
	}
}

func TestPathClashStartsNothing(t *testing.T) {
	s := serve(t, ownServer, "/a", "/a")
	if err := s.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "the path /a has a consumer already; give one of the two another path") {
		t.Errorf("error: %v", err)
	}
	a, b := serve(t, embedded, "/clash"), serve(t, embedded, "/clash")
	begin(t, a)
	if err := b.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "the path /clash has a consumer already") {
		t.Errorf("error: %v", err)
	}
	if status, text := post(t, a.url()+"/clash"); status != 200 {
		t.Errorf("the first: %d %s", status, text)
	}
}

func TestPortThatIsTakenIsAnError(t *testing.T) {
	a := serve(t, ownServer, "/a")
	begin(t, a)
	_, port, _ := strings.Cut(strings.TrimPrefix(a.url(), "http://"), ":")
	b := serve(t, strings.Replace(ownServer, "<port>0</port>", "<port>"+port+"</port>", 1), "/b")
	if err := b.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "give it another port") {
		t.Errorf("error: %v", err)
	}
}

func TestChannelsShareTheEmbeddedServer(t *testing.T) {
	a, b := serve(t, embedded, "/a"), serve(t, embedded, "/b")
	begin(t, a)
	begin(t, b)
	if a.url() != b.url() {
		t.Fatalf("%s and %s", a.url(), b.url())
	}
	for _, path := range []string{"/a", "/b"} {
		if status, text := post(t, a.url()+path); status != 200 {
			t.Errorf("%s: %d %s", path, status, text)
		}
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, text := post(t, b.url()+"/a"); status != 503 {
		t.Errorf("the stopped channel: %d %s", status, text)
	}
	if status, text := post(t, b.url()+"/b"); status != 200 {
		t.Errorf("the other channel: %d %s", status, text)
	}
	url := b.url()
	if err := b.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, _ := post(t, url+"/b"); status != 0 {
		t.Errorf("the server still answers: %d", status)
	}
	if address := b.ConsumeConnection.(interface{ Address() string }).Address(); address != "" {
		t.Errorf("a stopped connection listens on %s", address)
	}
	begin(t, b)
	if status, text := post(t, b.url()+"/b"); status != 200 {
		t.Errorf("after the restart: %d %s", status, text)
	}
}

func TestStopWhileRequestsAreInFlight(t *testing.T) {
	for _, c := range []struct {
		name    string
		end     func(g *gate, cancel func())
		status  int
		text    string
		failing bool
	}{
		{"they are answered", func(g *gate, _ func()) {
			for range 3 {
				g.let <- nil
			}
		}, 200, "", false},
		{"they fail", func(g *gate, _ func()) {
			for range 3 {
				g.let <- errors.New("as the test wants it")
			}
		}, 500, "as the test wants it", false},
		{"there is no time left", func(_ *gate, cancel func()) { cancel() }, 503, "send the request again", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, ownServer, "/a")
			g := s.gates[0]
			g.arrived, g.let = make(chan string, 3), make(chan error)
			begin(t, s)
			url := s.url()
			var requests sync.WaitGroup
			for range 3 {
				requests.Go(func() {
					if status, text := post(t, url+"/a"); status != c.status || !strings.Contains(text, c.text) {
						t.Errorf("%d %s, want %d", status, text, c.status)
					}
				})
				<-g.arrived
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			stopped := make(chan error)
			go func() { stopped <- s.Stop(ctx) }()
			for send(t, http.MethodGet, url+"/a") != http.StatusServiceUnavailable { // until the stop has begun; 405 before that
			}
			c.end(g, cancel)
			requests.Wait()
			if err := <-stopped; (err != nil) != c.failing {
				t.Errorf("stop: %v", err)
			}
			if n := s.Counts(); n.InFlight != 0 {
				t.Errorf("counts: %+v", n)
			}
		})
	}
}
