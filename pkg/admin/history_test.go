package admin

import (
	"encoding/json"
	"math"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/admin/history"
)

// clocked is an adapter whose state has the time, and counts how often it was asked for.
type clocked struct {
	*fake
	asked atomic.Int64
}

func (c *clocked) Status() adapter.Status {
	st := c.fake.Status()
	st.Now = time.Now()
	c.asked.Add(1)
	return st
}

// inBubble runs a test of the events' goroutine, with the time of the bubble and a server that nothing connects to.
func inBubble(t *testing.T, test func(t *testing.T, s *Server, c *clocked)) {
	synctest.Test(t, func(t *testing.T) {
		s := &Server{options: Options{Mask: mask}, history: history.New(time.Now())}
		s.events = newEvents(s)
		test(t, s, &clocked{fake: busy()})
		s.events.end()
		s.events.wait()
	})
}

// pass lets a time pass, and everything that happens until then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestSamplesAreTakenWithoutListenersFromAttachOn(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, c *clocked) {
		pass(5 * time.Second)
		if n := len(s.history.History().Times); n != 0 {
			t.Errorf("%d samples without an adapter", n)
		}
		s.Attach(c)
		pass(30 * time.Second)
		h := s.history.History()
		if len(h.Times) != 30 || c.asked.Load() != 30 {
			t.Fatalf("%d samples, and the adapter was asked %d times, in 30 s", len(h.Times), c.asked.Load())
		}
		for i := range h.Times[1:] {
			if d := h.Times[i+1] - h.Times[i]; math.Abs(float64(d)-1) > 0.01 {
				t.Errorf("%v s between two samples", d)
			}
		}
		if h.P99[29] != history.Figure(2*time.Second) || h.Failed[29] != 0 || !math.IsNaN(float64(h.Failed[0])) || h.InWorkflows[0] != 10 {
			t.Errorf("%+v", h)
		}
		pass(time.Hour)
		if n := len(s.history.History().Times); n != history.Most {
			t.Errorf("%d samples after an hour", n)
		}
	})
}

// Those who listen get what was sampled: the adapter is asked once for all of them.
func TestListenersGetTheSamplesThatAreKept(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, c *clocked) {
		s.Attach(c)
		var all []*listener
		for range 3 {
			l, _ := s.events.join()
			all = append(all, l)
		}
		for i := range 5 {
			pass(time.Second)
			var text string
			for _, l := range all {
				text = string(<-l.status)
			}
			status, rest, _ := strings.Cut(strings.TrimPrefix(text, "event: status\ndata: "), "\n\n")
			var st adapter.Status
			var sample history.Sample
			if err := json.Unmarshal([]byte(status), &st); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(strings.TrimPrefix(rest, "event: sample\ndata: ")), &sample); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			h := s.history.History()
			if len(h.Times) != i+1 || sample.Time != h.Times[i] || sample.Time != history.Figure(st.Now.UnixMilli())/1000 {
				t.Errorf("%d samples, the last one of %v; sent was one of %v with a state of %v", len(h.Times), h.Times[i], sample.Time, st.Now)
			}
		}
		if n := c.asked.Load(); n != 5 {
			t.Errorf("the adapter was asked %d times in 5 s", n)
		}
		for _, l := range all {
			s.events.leave(l)
		}
	})
}

// A state that was asked for before there is an adapter has no sample.
func TestNoSampleBeforeAttach(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, c *clocked) {
		l, _ := s.events.join()
		pass(time.Second)
		if text := string(<-l.status); strings.Contains(text, "event: sample") || !strings.Contains(text, "the document is being read") {
			t.Error(text)
		}
		s.Attach(c)
		pass(time.Second)
		if text := string(<-l.status); !strings.Contains(text, "event: sample") {
			t.Error(text)
		}
		s.events.leave(l)
	})
}

func TestHistoryIsAsDescribed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *Server, c *clocked) {
		s.Attach(c)
		pass(10 * time.Second)
		w := httptest.NewRecorder()
		s.json(s.getHistory)(w, httptest.NewRequest("GET", "/api/history", nil))
		d := newSchemas(t)
		d.check(t, "/components/schemas/History", w.Body.String())
		var columns map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &columns); err != nil {
			t.Fatal(err)
		}
		for name, column := range columns {
			if list, ok := column.([]any); name != "since" && (!ok || len(list) != 10) {
				t.Errorf("%s: %v", name, column)
			}
		}
		if first := columns["failed"].([]any)[0]; first != nil {
			t.Errorf("the first rate of failures is %v", first)
		}
	})
}

func TestSamplesAreSent(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	l := follow(t, s)
	newSchemas(t).check(t, "/components/schemas/Sample", l.until("sample", "").data)
	got := ask(t, s, "GET", "/api/history", "")
	if h := read[struct{ Times []float64 }](t, got); len(h.Times) != 1 { // the time of this adapter stands still
		t.Errorf("%s", got.text)
	}
}
