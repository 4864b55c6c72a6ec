package page

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// focused is what has the keyboard.
const focused = `((e) => e.closest("dialog")?.id ? e.id : (e.closest("[role=group]")?.getAttribute("aria-label") ?? "") + " " + e.textContent)(document.activeElement)`

// tabTo goes on with the Tab key until something has the focus.
func (b *tab) tabTo(what string) {
	b.t.Helper()
	for range 60 {
		if strings.TrimSpace(tell[string](b, focused)) == what {
			return
		}
		b.press(kb.Tab)
	}
	b.t.Fatalf("the Tab key does not lead to %q", what)
}

func TestChannelIsStoppedByKeyboardAlone(t *testing.T) {
	a := newAPI(t, calm(0))
	ready := make(chan struct{})
	stopped := calm(0).Channels[1]
	stopped.State = adapter.StateStopped
	a.answers["/api/channels/invoices/stop"] = answer{status: http.StatusOK, body: stopped, until: ready}
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.tabTo("Channel invoices Stop")

	b.press(kb.Enter)
	b.wait("the question", `document.querySelector("#confirm").open`)
	b.has("#confirm", "Stop channel invoices?", "the 170 messages under way", "It stays stopped until it is started again")
	if got := tell[string](b, focused); got != "confirm-no" {
		t.Errorf("the question begins with the focus at %q: Enter would stop the channel", got)
	}
	// The focus stays in the dialog.
	for range 5 {
		b.press(kb.Tab)
		if got := tell[string](b, `document.activeElement === document.body ? "body" : document.activeElement.closest("dialog")?.id ?? "outside"`); got == "outside" {
			t.Fatal("the focus leaves the dialog")
		}
	}
	b.press(kb.Escape)
	b.wait("the end of the question", `!document.querySelector("#confirm").open`)
	if got := strings.TrimSpace(tell[string](b, focused)); got != "Channel invoices Stop" {
		t.Errorf("the focus has gone to %q", got)
	}
	if posts := a.sent(); len(posts) > 0 {
		t.Fatalf("refused, and yet sent: %+v", posts)
	}

	b.press(kb.Enter)
	b.wait("the question", `document.querySelector("#confirm").open`)
	b.tabTo("confirm-yes")
	b.press(kb.Enter)
	posts := a.waitSent(1)
	if want := (post{"/api/channels/invoices/stop", "1", ""}); posts[0] != want {
		t.Errorf("sent %+v, not %+v", posts[0], want)
	}
	b.wait("that it is under way", `document.querySelector("#channel-table tbody[aria-busy]")?.textContent.includes("stopping…")`)
	if got := strings.TrimSpace(tell[string](b, focused)); got != "Channel invoices Stop" {
		t.Errorf("the focus has gone to %q", got)
	}
	b.press(kb.Enter) // it is being stopped: nothing more happens
	close(ready)
	// The answer is enough: the next state may come a second later.
	b.wait("the outcome", `document.querySelector("#notices").textContent.includes("Channel invoices is stopped.")`)
	b.wait("the next action", `document.activeElement.textContent === "Start"`)
	b.wait("the verdict", `document.querySelector("#verdict-head").textContent === "2 of 3 channels run; invoices is stopped"`)
	if posts := a.sent(); len(posts) != 1 {
		t.Errorf("sent %+v", posts)
	}
}

// The browser tells of a closed dialog a moment later. What was refused stays refused, though the next question has been asked by then.
func TestRefusedQuestionIsNotAnsweredByTheNext(t *testing.T) {
	a := newAPI(t, calm(0))
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	tell[bool](b, `(() => {
		const dialog = document.querySelector("#confirm");
		dialog.addEventListener("close", () => (window.told = true), { once: true });
		document.querySelector('[aria-label="Channel orders"] button').click();
		dialog.close();
		document.querySelector('[aria-label="Channel audit"] button').click();
		return true;
	})()`)
	b.has("#confirm", "Stop channel audit?")
	b.wait("what the browser has to tell of the first closing", "window.told")
	if !tell[bool](b, `document.querySelector("#confirm").open`) {
		t.Fatal("the second question has been closed by the first one's end")
	}
	b.click("#confirm-yes")
	b.wait("the outcome", `document.querySelector("#notices").textContent.includes("Channel audit is stopped.")`)
	if posts := a.sent(); len(posts) != 1 || posts[0].Path != "/api/channels/audit/stop" {
		t.Errorf("sent %+v", posts)
	}
}

func TestActions(t *testing.T) {
	for _, c := range []struct {
		name, state, click, path, notice string
	}{
		{"start", "stopped", `[aria-label="Channel orders"] button:nth-child(1)`, "/api/channels/orders/start", "Channel orders runs."},
		{"start of what failed", "failed", `[aria-label="Channel orders"] button:nth-child(1)`, "/api/channels/orders/start", "Channel orders runs."},
		{"stop", "started", `[aria-label="Channel orders"] button:nth-child(1)`, "/api/channels/orders/stop", "Channel orders is stopped."},
		{"pause", "started", `[aria-label="Channel orders"] button:nth-child(2)`, "/api/channels/orders/pause", "Channel orders is paused."},
		{"resume", "paused", `[aria-label="Channel orders"] button:nth-child(2)`, "/api/channels/orders/resume", "Channel orders runs."},
		{"restart", "started", `[aria-label="Channel orders"] button:nth-child(3)`, "/api/channels/orders/restart", "Channel orders runs again."},
		{"flush", "started", "#flush", "/api/flush", "Flushed: what was buffered has its result."},
		{"reload", "started", "#reload", "/api/reload", "Reloaded: nothing has changed."},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := calm(0)
			st.Channels[0].State = c.state
			a := newAPI(t, st)
			b := newTab(t, 1280, 900, nil)
			b.show(a)
			b.click(c.click)
			b.wait("the question", `document.querySelector("#confirm").open`)
			b.click("#confirm-yes")
			if got, want := a.waitSent(1)[0], (post{c.path, "1", ""}); got != want {
				t.Errorf("sent %+v, not %+v", got, want)
			}
			b.wait("the outcome", fmt.Sprintf(`document.querySelector("#notices").textContent.includes(%q)`, c.notice))
		})
	}
}

func TestActionsThatAreRefused(t *testing.T) {
	a := newAPI(t, calm(0))
	a.answers["/api/channels/orders/pause"] = answer{status: http.StatusConflict, body: map[string]string{"error": "the channel is stopping"}}
	a.answers["/api/reload"] = answer{status: http.StatusUnprocessableEntity, body: map[string]any{
		"error": "the document has errors",
		"problems": []map[string]any{
			{"severity": "error", "code": "unknown-element", "file": "/etc/adapterd/adapter.xml", "line": 31, "column": 9, "message": "there is no <partition-kye>; <partition-key> is near"},
			{"severity": "warning", "code": "unused", "file": "", "line": 0, "column": 0, "message": "nothing uses the connection spare"},
		},
	}}
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.click(`[aria-label="Channel orders"] button:nth-child(2)`)
	b.click("#confirm-yes")
	b.wait("why", `document.querySelector("#alerts").textContent.includes("Channel orders could not be made to pause: the channel is stopping")`)
	b.click("#alerts button")
	b.wait("that it is gone", `document.querySelector("#alerts").children.length === 0`)

	b.click("#reload")
	b.click("#confirm-yes")
	b.wait("the problems", `document.querySelector("#reader").open`)
	b.has("#reader", "The document was refused; nothing has changed", "the document has errors", "/etc/adapterd/adapter.xml:31:9", "error: there is no <partition-kye>", "warning: nothing uses the connection spare")
	b.press(kb.Enter)
	b.wait("the end of it", `!document.querySelector("#reader").open`)
	if got := strings.TrimSpace(tell[string](b, focused)); got != "Reload" {
		t.Errorf("the focus has gone to %q", got)
	}
}

func TestLogLevel(t *testing.T) {
	a := newAPI(t, calm(0))
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("the level", `document.querySelector("#log-level").value === "info"`)
	choose := func(level string) {
		tell[bool](b, fmt.Sprintf(`(() => { const s = document.querySelector("#log-level"); s.value = %q; return s.dispatchEvent(new Event("change")); })()`, level))
	}
	choose("debug")
	if got, want := a.waitSent(1)[0], (post{"/api/log-level", "1", `{"level":"debug"}`}); got != want {
		t.Errorf("sent %+v, not %+v", got, want)
	}
	b.wait("the outcome", `document.querySelector("#notices").textContent.includes("The log level is debug.")`)
	a.mu.Lock()
	a.answers["/api/log-level"] = answer{status: http.StatusBadRequest, body: map[string]string{"error": "no"}}
	a.mu.Unlock()
	choose("error")
	b.wait("why not", `document.querySelector("#alerts").textContent.includes("The log level stays debug: no")`)
	if got := tell[string](b, `document.querySelector("#log-level").value`); got != "debug" {
		t.Errorf("the select shows %q", got)
	}
}

func TestFailedMessages(t *testing.T) {
	a := newAPI(t, calm(0))
	held := make(chan struct{})
	files := failedFiles()
	files[0].Name, files[0].Dir = "order 1/2%.json?", 3
	files[0].Name = strings.ReplaceAll(files[0].Name, "/", "-")
	a.failed = files
	const first = "/api/failed/3/order%201-2%25.json%3F"
	a.details = map[string]any{first: map[string]any{
		"name": files[0].Name, "reason": "the record expired", "metadata": map[string]string{"customerId": "4711", "adp.error.message": "expired"}, "payload": "{\n  \"total\": 12\n}", "truncated": true,
	}}
	a.answers["/api/failed/0/order-048811.json/drop"] = answer{until: held, status: http.StatusNotFound, body: map[string]string{"error": "there is no such failed message"}}
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("the list", `document.querySelectorAll("#failed-list li").length === 3`)

	b.click("#failed-list li:nth-child(1) button")
	b.wait("the message", `document.querySelector("#reader").open`)
	b.has("#reader", "order 1-2%.json?", "the record expired", "customerId", "4711", `"total": 12`, "Payload, its beginning")
	b.press(kb.Escape)

	b.click("#failed-list li:nth-child(1) input")
	b.has("#failed-some", "1 message selected")
	b.click("#failed-retry")
	b.has("#confirm", "Retry order 1-2%.json??")
	a.mu.Lock()
	a.failed = files[1:]
	a.mu.Unlock()
	b.click("#confirm-yes")
	if got, want := a.waitSent(1)[0], (post{first + "/retry", "1", ""}); got != want {
		t.Errorf("sent %+v, not %+v", got, want)
	}
	b.wait("the outcome", `document.querySelector("#notices").textContent.includes("1 failed message given to be tried again.")`)

	b.wait("the next list", `document.querySelectorAll("#failed-list li").length === 2`)
	b.click("#failed-all")
	b.click("#failed-drop")
	b.has("#confirm", "This can not be undone.")
	b.click("#confirm-yes")
	b.wait("how far it is", `document.querySelector("#failed-chosen").textContent === "Dropping 1 of 2…"`)
	close(held)
	b.wait("what was not dropped", `document.querySelector("#alerts").textContent.includes("1 failed message could not be dropped: order-048811.json: there is no such failed message")`)
	b.wait("the rest", `document.querySelector("#notices").textContent.includes("1 failed message dropped.")`)
}

// Failures that go on and on do not put the list of failed messages off.
func TestFailedMessagesAreListedWhileMessagesGoOnFailing(t *testing.T) {
	a := newAPI(t, calm(0))
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("the log level, which comes last", `!document.querySelector("#log-level-part").hidden`)
	a.mu.Lock()
	a.failed = failedFiles()
	a.mu.Unlock()
	f, deadline := failures()[0], time.Now().Add(patience)
	for i := 0; tell[int](b, `document.querySelectorAll("#failed-list li").length`) != 3; i++ {
		f.Message = fmt.Sprint(i)
		a.publish("failure", f)
		if time.Now().After(deadline) {
			t.Fatal("the failed messages are not listed")
		}
	}
}
