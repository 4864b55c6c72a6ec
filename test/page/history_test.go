package page

import (
	"fmt"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// seconds are calm states from one second to another, the last one included.
func seconds(from, to int) []adapter.Status {
	var out []adapter.Status
	for s := from; s <= to; s++ {
		out = append(out, calm(s))
	}
	return out
}

// points are the times of what is plotted, as whoever goes through it with the arrow keys reads them, and the records there.
func (b *tab) points() [][2]string {
	b.t.Helper()
	return tell[[][2]string](b, `(() => {
		const box = document.querySelector("#plots .canvas"), when = document.querySelector("#plots .when"), value = document.querySelector("#plots .key b");
		const press = (key) => box.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
		const out = [];
		for (press("Home"); out.at(-1)?.[0] !== when.textContent; press("ArrowRight")) out.push([when.textContent, value.textContent]);
		press("Escape");
		return out;
	})()`)
}

// Somebody who is woken at night sees what was before the page was open.
func TestPlotsBeginBeforeThePage(t *testing.T) {
	a := newAPI(t, seconds(-29, 0)...)
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.plotted()
	if all := b.points(); len(all) != 30 || all[0][0] != "14:02:43" || all[29][0] != "14:03:12" || all[29][1] == "–" {
		t.Errorf("after 30 samples there are %d points: %v", len(all), all)
	}
	a.publish("status", calm(1))
	b.wait("the next sample", `(document.querySelector("#plots .canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "End" })), document.querySelector("#plots .when").textContent === "14:03:13")`)
	if all := b.points(); len(all) != 31 {
		t.Errorf("with one more there are %d points: %v", len(all), all)
	}
}

// What the server has seen while the page had no connection fills the gap; what nobody has seen stays one.
func TestPlotsAfterAnOutage(t *testing.T) {
	for _, c := range []struct {
		name    string
		restart bool
		want    int
		gaps    int
	}{{"of the network", false, 20, 0}, {"of the program", true, 16, 1}} {
		t.Run(c.name, func(t *testing.T) {
			a := newAPI(t, seconds(0, 9)...)
			b := newTab(t, 1280, 900, nil)
			b.show(a)
			b.plotted()
			b.wait("a connection", `document.querySelector("#live").textContent === "live"`)
			a.drop()
			b.wait("the notice", `!document.querySelector("#lost").hidden`)
			next := 10
			if c.restart {
				next = 15
				a.restart(base.Add(14 * time.Second))
			}
			for _, st := range seconds(next, 19) {
				a.publish("status", st)
			}
			a.raise()
			b.wait("a connection again", `document.querySelector("#lost").hidden`)
			b.wait("the latest sample", `(document.querySelector("#plots .canvas").dispatchEvent(new KeyboardEvent("keydown", { key: "End" })), document.querySelector("#plots .when").textContent === "14:03:31")`)
			all, gaps := b.points(), 0
			for _, p := range all {
				if p[1] == "–" {
					gaps++
				}
			}
			if len(all) != c.want || gaps != c.gaps || all[0][0] != "14:03:12" {
				t.Errorf("%d points with %d gaps: %v", len(all), gaps, all)
			}
		})
	}
}

// What comes from the server, and in which order, becomes columns whose times rise.
func TestHistory(t *testing.T) {
	b := modules(t)
	const kit = `
		const h = new History();
		const sample = (time, records = time) => ({ time, records, messages: 0 });
		const add = (...times) => times.forEach((t) => h.add(sample(t)));
		const told = (since, ...times) => Object.fromEntries([["since", since], ["times", times], ...["records", "messages", "lately", "p50", "p99", "failed", "throttled", "inWorkflows", "inProducers"].map((n) => [n, times.map((t) => (n === "records" ? t : 0))])]);
		const live = (history, ...meanwhile) => { h.expect(); add(...meanwhile); h.load(history); };`
	for _, c := range []struct{ name, steps, want string }{
		{"samples", `add(1, 2, 3)`, `[[1,2,3],[1,2,3]]`},
		{"what is not known", `h.add({ time: 1, records: null, messages: 0 })`, `[[1],[null]]`},
		{"one that comes twice", `add(1, 1, 2)`, `[[1,2],[1,2]]`},
		{"a gap", `add(1, 11, 12)`, `[[1,6,11,12],[1,null,11,12]]`},
		{"hardly a gap", `add(1, 4.4)`, `[[1,4.4],[1,4.4]]`},
		{"what is older than ten minutes", `add(0, 1, 2, 602)`, `[[2,302,602],[2,null,602]]`},
		{"a clock that is set back", `add(100, 101, 1)`, `[[1],[1]]`},
		{"what was before", `live(told("a", 1, 2, 3)); add(4)`, `[[1,2,3,4],[1,2,3,4]]`},
		{"nothing was before", `live(told("a")); add(4)`, `[[4],[4]]`},
		{"samples that come while it is asked for", `live(told("a", 1, 2, 3), 2, 3, 4)`, `[[1,2,3,4],[1,2,3,4]]`},
		{"a history that can not be had", `live(null, 2, 3)`, `[[2,3],[2,3]]`},
		{"an outage", `live(told("a", 1, 2)); live(told("a", 1, 2, 3, 4, 5, 6, 7), 7, 8)`, `[[1,2,3,4,5,6,7,8],[1,2,3,4,5,6,7,8]]`},
		{"an outage of which the server has seen the end", `live(told("a", 1, 2)); live(told("a", 8, 9))`, `[[1,2,5,8,9],[1,2,null,8,9]]`},
		{"an outage and no history", `live(told("a", 1, 2)); live(null, 8)`, `[[1,2,5,8],[1,2,null,8]]`},
		{"another run", `live(told("a", 1, 2)); live(told("b", 8, 9))`, `[[1,2,5,8,9],[1,2,null,8,9]]`},
		{"another run at once", `live(told("a", 1, 2)); live(told("b", 3, 4))`, `[[1,2,2.5,3,4],[1,2,null,3,4]]`},
		{"another run that has seen nothing yet", `live(told("a", 1, 2)); live(told("b"), 3); add(4)`, `[[1,2,2.5,3,4],[1,2,null,3,4]]`},
		{"a gap in what the server has seen", `live(told("a", 1, 2, 12))`, `[[1,2,7,12],[1,2,null,12]]`},
		{"a clock that was set back in an outage", `live(told("a", 100, 101)); live(told("a", 50, 51))`, `[[50,51],[50,51]]`},
		{"two connections, one history", `live(told("a", 1)); h.expect(); add(2); h.expect(); add(3); h.load(told("a", 1, 2, 3)); add(4)`, `[[1,2,3,4],[1,2,3,4]]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tell[string](b.in(t), fmt.Sprintf(`import("./static/js/history.js").then(({ History }) => { %s
				%s;
				return JSON.stringify(h.take(["records"]));
			})`, kit, c.steps))
			if got != c.want {
				t.Errorf("%s\nnot %s", got, c.want)
			}
		})
	}
}
