package page

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

func TestReconnects(t *testing.T) {
	a := newAPI(t, calm(0))
	a.failures = failures()
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("failures", `document.querySelectorAll("#failure-list > li").length === 2`)
	a.publish("failure", adapter.Failure{At: base.Add(time.Second), Channel: "orders", Reason: "told by this run alone"})
	b.wait("one more", `document.querySelectorAll("#failure-list > li").length === 3`)
	b.wait("a connection", `document.querySelector("#live").textContent === "live"`)
	a.drop()
	b.wait("the notice", `!document.querySelector("#lost").hidden && document.querySelector("#lost [role=alert]").textContent.startsWith("No connection to adapterd since ")`)
	b.has("#lost", "What is shown is from then.")
	b.wait("when it tries again", `/^(Next try in \d+\u202fs\.|Trying now…)$/.test(document.querySelector("#lost-again").textContent)`)
	b.has("#live", "not connected")
	b.wait("the title", `document.title === "? not connected · adapterd"`)
	b.wait("why", `document.querySelector("#lost [role=alert]").textContent.includes(": no answer from " + location.host + ".")`)
	a.publish("status", troubled(3)) // nobody listens, but it is what comes first
	a.mu.Lock()
	a.failures = failures()[:1] // as of another run
	a.mu.Unlock()
	a.raise()
	b.wait("the connection, without help", `document.querySelector("#lost").hidden`)
	b.wait("what has happened meanwhile", `document.querySelector("#verdict-head").textContent === "2 of 3 channels run; audit failed"`)
	b.has("#live", "live")
	b.wait("this run's failures alone", `document.querySelectorAll("#failure-list > li").length === 1`)
	if said := tell[string](b, `document.querySelector("#said").textContent`); said != "2 of 3 channels run; audit failed. Channel audit: can not listen on :8080: address already in use. Connection jetty failed" && said != "Connected again." {
		t.Errorf("a screen reader says %q", said)
	}
}

// A hidden page is not drawn, and its timers come late. Its tab says what is the matter all the same, and it does not wait for a timer when
// it is looked at again.
func TestHiddenPage(t *testing.T) {
	a := newAPI(t, calm(0))
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("a connection", `document.querySelector("#live").textContent === "live" && document.title === "✓ 3/3 channels · adapterd"`)
	tell[bool](b, `(() => {
		const frame = requestAnimationFrame, timeout = setTimeout;
		window.requestAnimationFrame = () => 0;
		window.setTimeout = (f, ms, ...more) => (ms > 300 ? 0 : timeout(f, ms, ...more));
		window.reveal = () => ((window.requestAnimationFrame = frame), document.dispatchEvent(new Event("visibilitychange")));
		return true;
	})()`)
	a.publish("status", troubled(1))
	b.wait("the new state in the tab", `document.title === "✗ 2/3 channels · adapterd"`)
	a.drop()
	b.wait("the lost connection in the tab", `document.title === "? not connected · adapterd"`)
	a.raise()
	b.wait("a new connection when it is looked at", `(window.reveal(), document.title === "✗ 2/3 channels · adapterd" && document.querySelector("#lost").hidden)`)
}

func TestToken(t *testing.T) {
	const secret = "a-token-of-sixteen-bytes-and-more"
	a := newAPI(t, calm(0))
	a.token = secret
	b := newTab(t, 1280, 900, nil)
	b.do(chromedp.Navigate(a.URL))
	b.wait("the question", `document.querySelector("#token").open`)
	b.press(kb.Escape)
	if !tell[bool](b, `document.querySelector("#token").open && document.activeElement.id === "token-field"`) {
		t.Error("Escape leaves an empty page")
	}
	type_ := func(s string) { b.do(chromedp.SendKeys(chromedp.CSS("#token-field"), s)) }
	type_("wrong" + kb.Enter)
	b.wait("that it is wrong", `document.querySelector("#token-wrong").textContent === "The server did not accept that token."`)
	type_(secret + kb.Enter)
	b.wait("the verdict", `document.querySelector("#verdict-head").textContent === "All 3 channels run"`)
	b.wait("the log level, which comes last", `!document.querySelector("#log-level-part").hidden`)
	if tell[bool](b, fmt.Sprintf(`document.documentElement.outerHTML.includes(%q) || location.href.includes(%q)`, secret, secret)) {
		t.Error("the token stands in the page")
	}
	if kept := tell[[]bool](b, fmt.Sprintf(`[Object.values(sessionStorage).includes(%q), JSON.stringify(localStorage).includes(%q), document.cookie.includes(%q)]`, secret, secret, secret)); !slices.Equal(kept, []bool{true, false, false}) {
		t.Errorf("kept in the session's storage, the local one, cookies: %v", kept)
	}
	b.click("#flush")
	b.click("#confirm-yes")
	a.waitSent(1)
	b.do(chromedp.Reload())
	b.wait("the verdict, without a question", `document.querySelector("#verdict-head").textContent === "All 3 channels run" && !document.querySelector("#token").open`)
}

// hostile is markup that shows if it ever becomes any. Each has a number, so that ids stay apart.
func hostile(n int) string {
	return fmt.Sprintf(`</script></td><img src=x%d onerror="window.owned=1"><svg onload="window.owned=2"><script>window.owned=3</script><a href="javascript:window.owned=4">%d</a>"'&lt;${window.owned=5}`, n, n)
}

// An id that turns the direction of what follows it could make a question look like another.
func TestCharactersThatCanNotBeSeenAreWritten(t *testing.T) {
	st := calm(0)
	st.Channels[0].ID = "orders\u202estaging\u200b\x07"
	st.Connections[0].Producer.Streams[1].Shards[0].HotKeys = []kpl.HotKey{{Key: "\u2067key\n", Share: 0.5}}
	a := newAPI(t, st)
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.has("#streams", `\u2067key 50`)
	b.click("#channels .channel button")
	b.has("#confirm", `Stop channel orders\u202estaging\u200b\u0007?`)
	b.click("#confirm-yes")
	if got, want := a.waitSent(1)[0].Path, "/api/channels/orders%E2%80%AEstaging%E2%80%8B%07/stop"; got != want {
		t.Errorf("asked for %s, not %s", got, want)
	}
}

// taint replaces every text of v.
func taint(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			taint(v.Elem(), n)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			taint(v.Field(i), n)
		}
	case reflect.Slice:
		for i := range v.Len() {
			taint(v.Index(i), n)
		}
	case reflect.Map:
		out := reflect.MakeMap(v.Type())
		for _, k := range v.MapKeys() {
			*n++
			out.SetMapIndex(reflect.ValueOf(hostile(*n)), v.MapIndex(k))
		}
		if v.Len() > 0 {
			v.Set(out)
		}
	case reflect.String:
		*n++
		v.SetString(hostile(*n))
	}
}

// Whatever the server says, it stays text.
func TestHostileTextsStayTexts(t *testing.T) {
	st := landed(troubled(0))
	st.LastReload = &adapter.ReloadStatus{Error: "x", Started: []string{"x"}, Stopped: []string{"x"}}
	n := 0
	state, hot := st.State, st.HotShards[0]
	taint(reflect.ValueOf(&st).Elem(), &n)
	st.State = state
	// The warning is for a shard that there is.
	p := st.Connections[0].Producer
	p.Streams[0].ShardMapError = hostile(9001)
	st.HotShards[0] = adapter.HotShard{Connection: st.Connections[0].ID, Stream: p.Streams[0].Stream, ShardID: p.Streams[0].Shards[2].ShardID, Reason: hot.Reason + hostile(9002)}
	fs, files := failures()[:3], failedFiles()
	taint(reflect.ValueOf(&fs).Elem(), &n)
	taint(reflect.ValueOf(&files).Elem(), &n)

	a := newAPI(t, st)
	a.failures, a.failed = fs, files
	a.level = hostile(9003)
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.wait("all of it", `!document.querySelector("#log-level-part").hidden && document.querySelector("#failure-list > li") && document.querySelectorAll("#failed-list li").length === 3`)

	for what, selector := range map[string]string{"a channel": "#channels .channel .id", "a workflow": "#channels .workflow .id", "a connection": "#connections .id", "a stream": "#streams h3", "a shard": "#streams .id", "a failure": "#failure-list .reason", "a file": "#failed-list .link", "a point": "#points li", "the document": ".brand"} {
		b.in(t).has(selector, `onerror="window.owned=1">`)
		_ = what
	}
	b.click("#channels .channel button")
	b.wait("the question", `document.querySelector("#confirm").open`)
	b.has("#confirm", `onerror="window.owned=1">`)
	b.click("#confirm-yes")
	a.waitSent(1)
	b.wait("the notice", `document.querySelector("#notices .notice")`)
	b.has("#notices", `onerror="window.owned=1">`)

	if got := tell[string](b, `String(window.owned)`); got != "undefined" {
		t.Errorf("a script of the server's texts has run: %s", got)
	}
	if got := tell[[]string](b, `[...document.querySelectorAll("img, script, svg, iframe, object, a[href]")].map((e) => e.src || e.getAttribute("href") || e.tagName).filter((s) => !s.startsWith(location.origin) && !s.startsWith("#") && !/^(api\/status|readyz)$/.test(s))`); len(got) > 0 {
		t.Errorf("texts have become elements: %q", got)
	}
}
