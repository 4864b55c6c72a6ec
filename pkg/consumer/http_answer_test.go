package consumer

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/message"
)

func TestAnswerWaitsForTheOutcome(t *testing.T) {
	got := make(chan offer)
	h, s := httpConsumer(t, "", (&taker{at: func(o offer) { got <- o }}).handle)
	if h.IdleSince().IsZero() {
		t.Error("not idle before the first request")
	}
	answered := make(chan int)
	go func() {
		status, _, _ := do(t, s, "POST", "/in", "x")
		answered <- status
	}()
	o := <-got
	if !h.IdleSince().IsZero() {
		t.Error("idle while a request waits")
	}
	select {
	case status := <-answered:
		t.Fatalf("answered %d before the outcome", status)
	case <-time.After(30 * time.Millisecond):
	}
	o.done(nil)
	if status := <-answered; status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestTimeoutAction(t *testing.T) {
	for _, c := range []struct {
		status string
		want   int
	}{{"", 202}, {"<status>OK_200</status>", 200}, {"<status>GATEWAY_TIMEOUT_504</status>", 504}} {
		// The workflow is busy: the time runs all the same.
		let := make(chan struct{})
		k := taker{at: func(o offer) {
			<-let
			o.done(nil)
		}}
		h, s := httpConsumer(t, `<timeout-action><max-wait-time><unit>MILLISECONDS</unit><interval>20</interval></max-wait-time>`+c.status+`</timeout-action>
			<warn-after><unit>MILLISECONDS</unit><interval>5</interval></warn-after>`, k.handle)
		if status, answer, _ := do(t, s, "POST", "/in", "x"); status != c.want || answer != "" {
			t.Errorf("%d %q, want %d", status, answer, c.want)
		}
		if !h.IdleSince().IsZero() {
			t.Error("idle while the message goes its way")
		}
		close(let)
		stop(t, h)
		if offers := k.take(); len(offers) != 1 {
			t.Errorf("%d messages", len(offers))
		}
	}
}

func TestClientThatGoesAwayLeavesItsMessage(t *testing.T) {
	got := make(chan offer)
	h, s := httpConsumer(t, "", (&taker{at: func(o offer) { got <- o }}).handle)
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", s.URL+"/in", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan error)
	go func() {
		response, err := s.Client().Do(r)
		if err == nil {
			response.Body.Close()
		}
		gone <- err
	}()
	o := <-got
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("client: %v", err)
	}
	stopped := make(chan error)
	go func() { stopped <- h.Stop(context.Background()) }()
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the outcome: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	o.done(nil)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// A client may close its half of the connection once it has sent everything. It must not be told 200 for that.
func TestClientThatClosesItsHalfGetsTheOutcome(t *testing.T) {
	got := make(chan offer)
	_, s := httpConsumer(t, "", (&taker{at: func(o offer) { got <- o }}).handle)
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"); err != nil {
		t.Fatal(err)
	}
	o := <-got
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answered := make(chan string)
	go func() {
		answer, _ := io.ReadAll(c)
		answered <- string(answer)
	}()
	select {
	case answer := <-answered:
		t.Fatalf("answered before the outcome: %q", answer)
	case <-time.After(30 * time.Millisecond):
	}
	o.done(errors.New("as the test wants it"))
	if answer := <-answered; !strings.HasPrefix(answer, "HTTP/1.1 500 ") {
		t.Errorf("%q", answer)
	}
}

func TestStopAnswersRequestsUnderWay(t *testing.T) {
	for _, late := range []bool{false, true} {
		got := make(chan offer)
		h, s := httpConsumer(t, "", (&taker{at: func(o offer) { got <- o }}).handle)
		type answer struct {
			status int
			text   string
		}
		answers := make(chan answer)
		var offers []offer
		for range 3 {
			go func() {
				status, text, _ := do(t, s, "POST", "/in", "x")
				answers <- answer{status, text}
			}()
			offers = append(offers, <-got)
		}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		stopped := make(chan error)
		go func() { stopped <- h.Stop(ctx) }()
		if late { // out of time: nothing is known of the messages
			cancel()
			if err := <-stopped; err == nil || !strings.Contains(err.Error(), "3 messages have no outcome yet") {
				t.Errorf("stop: %v", err)
			}
			for range 3 {
				if a := <-answers; a.status != 503 || !strings.Contains(a.text, "it is not known whether message") {
					t.Errorf("answer: %v", a)
				}
			}
			for _, o := range offers {
				o.done(nil)
			}
			continue
		}
		for _, o := range offers {
			o.done(nil)
		}
		for range 3 {
			if a := <-answers; a.status != 200 {
				t.Errorf("answer: %v", a)
			}
		}
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		if status, _, _ := do(t, s, "POST", "/in", "x"); status != 404 { // the test's router has no more to say
			t.Errorf("after the stop: %d", status)
		}
		// And again.
		if err := h.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		go func() { (<-got).done(nil) }()
		if status, _, _ := do(t, s, "POST", "/in", "x"); status != 200 {
			t.Errorf("after the restart: %d", status)
		}
	}
}

func TestConsumerThatIsNotStartedRefusesRequests(t *testing.T) {
	h := decode[*HTTP](t, `<jetty-message-consumer><path>/in</path></jetty-message-consumer>`)
	if err := h.Connect(&router{routes: map[string]http.Handler{}}); err != nil {
		t.Fatal(err)
	}
	h.Bind(func(context.Context, *message.Message, func(error)) { t.Error("a message") })
	if err := h.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("POST", "/in", strings.NewReader("x")))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	stop(t, h)
}
