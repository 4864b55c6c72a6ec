package page

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// full is a page where every part has something to show.
func full(t *testing.T, width int64, features map[string]string) (*api, *tab) {
	t.Helper()
	a := newAPI(t, minutes(true)...)
	a.failures, a.failed = failures(), failedFiles()
	b := newTab(t, width, 900, features)
	b.show(a)
	b.wait("the log level, which comes last", `!document.querySelector("#log-level-part").hidden`)
	b.wait("what was drawn last", `document.querySelectorAll("#failure-list > li").length === 2`)
	b.plotted()
	return a, b
}

// painted counts the pixels of each canvas that are near a colour of the style sheet.
const painted = `(names) => [...document.querySelectorAll("#plots canvas")].map((canvas) => {
	const style = getComputedStyle(document.documentElement), probe = document.createElement("canvas").getContext("2d");
	const colours = names.map((n) => { probe.fillStyle = style.getPropertyValue(n).trim(); probe.fillRect(0, 0, 1, 1); return probe.getImageData(0, 0, 1, 1).data; });
	const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
	return colours.map(([r, g, b]) => { let n = 0; for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200 && Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24) n++; return n; });
})`

func TestPlotsAreDrawn(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			_, b := full(t, 1280, map[string]string{"prefers-color-scheme": scheme})
			counts := tell[[][]int](b, "("+painted+`)(["--plot-1", "--plot-2", "--plot-3", "--plot-4"])`)
			if len(counts) != 4 {
				t.Fatalf("there are %d plots, not 4", len(counts))
			}
			for i, lines := range [][]int{{0, 1}, {0, 1, 3}, {0, 2}, {0, 1}} {
				for _, shade := range lines {
					if counts[i][shade] < 40 {
						t.Errorf("plot %d has %d pixels of --plot-%d", i+1, counts[i][shade], shade+1)
					}
				}
			}
		})
	}
}

func TestPlotsAreReadByKeyboard(t *testing.T) {
	_, b := full(t, 1280, nil)
	tell[bool](b, `(document.querySelector("#plots .canvas").focus(), true)`)
	b.has("#plots figure:nth-of-type(1)", "11,740")
	b.press(kb.Home)
	b.wait("the first state's time", `document.querySelector("#plots .when").textContent === "13:53:13"`)
	b.wait("the same time in the other plots", `[...document.querySelectorAll("#plots .when")].every((w) => w.textContent === "13:53:13")`)
	b.press(kb.ArrowRight)
	b.wait("the next one", `document.querySelector("#plots .when").textContent === "13:53:14"`)
	b.press(kb.Escape)
	b.wait("the latest again", `document.querySelector("#plots .when").textContent === ""`)
	label := tell[string](b, `document.querySelector("#plots .canvas").getAttribute("aria-label")`)
	if !strings.HasPrefix(label, "Throughput of the last 10 minutes, per second: records 11,740, at most 1") {
		t.Errorf("the plot is called %q", label)
	}
	b.has("#plots figure:nth-of-type(2)", "mean of 10 s 7", "p99 762 ms")
}

// A finger has no pointer that rests: it reads a plot where it taps.
func TestPlotsAreReadByFinger(t *testing.T) {
	_, b := full(t, 360, nil)
	b.do(chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		_, err := cdp.Call(ctx, to, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true})
		return err
	}))
	b.do(chromedp.Tap(chromedp.CSS("#plots .u-over")))
	b.wait("the time in the middle", `[...document.querySelectorAll("#plots .when")].every((w) => /^13:5[789]:\d\d$/.test(w.textContent))`)
}

// A program that has just begun has little to show, and its page shows that on most of the plots' width.
func TestPlotsBeginWhereTheirLinesDo(t *testing.T) {
	a := newAPI(t, minutes(false)[420:]...)
	b := newTab(t, 1280, 900, nil)
	b.show(a)
	b.plotted()
	tell[bool](b, `(document.querySelector("#plots .canvas").focus(), true)`)
	b.press(kb.Home)
	b.wait("the first state at the left edge", `document.querySelector("#plots .when").textContent === "14:00:13" && new DOMMatrix(getComputedStyle(document.querySelector("#plots .u-cursor-x")).transform).m41 < 5`)
}

// The ground and the lines follow the system's scheme, also while the page is open.
func TestDarkMode(t *testing.T) {
	_, b := full(t, 1280, map[string]string{"prefers-color-scheme": "light"})
	const ground = `getComputedStyle(document.body).backgroundColor`
	light := tell[string](b, ground)
	before := tell[[][]int](b, "("+painted+`)(["--plot-1"])`)
	b.do(chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		_, err := cdp.Call(ctx, to, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
		return err
	}))
	b.wait("the dark ground", ground+" !== "+fmt.Sprintf("%q", light))
	if dark := tell[string](b, ground); light != "rgb(245, 245, 242)" || dark != "rgb(17, 19, 21)" {
		t.Errorf("the ground is %s in light, %s in dark", light, dark)
	}
	b.wait("lines in the other colours", "("+painted+`)(["--plot-1"])[0][0] > 40`)
	if before[0][0] < 40 {
		t.Errorf("in light there were %d pixels of the first line", before[0][0])
	}
}

// contrasts finds texts that are hard to read on what they stand on: below 4.5:1, or 3:1 for large ones.
const contrasts = `(() => {
	const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
	const rgba = (c) => { probe.clearRect(0, 0, 1, 1); probe.fillStyle = c; probe.fillRect(0, 0, 1, 1); const d = probe.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
	const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a)];
	const light = (c) => { const [r, g, b] = c.map((x) => ((x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const ground = (e) => { const stack = []; for (; e; e = e.parentElement) { const c = rgba(getComputedStyle(e).backgroundColor); stack.push(c); if (c[3] === 1) break; } return stack.reverse().reduce((under, c) => over(c, under), [255, 255, 255]); };
	const wrong = [];
	let seen = 0;
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (walk.currentNode.textContent.trim() === "" || !e.checkVisibility({ visibilityProperty: true }) || e.closest("option")) continue;
		seen++;
		const style = getComputedStyle(e), under = ground(e), a = light(over(rgba(style.color), under)), b = light(under);
		const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(style.fontSize);
		if (ratio < (size >= 24 || (size >= 18.66 && style.fontWeight >= 700) ? 3 : 4.5)) wrong.push(ratio.toFixed(2) + ": " + walk.currentNode.textContent.trim().slice(0, 60));
	}
	return [String(seen), ...new Set(wrong)];
})()`

func TestContrast(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			a, b := full(t, 1280, map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
			check := func(what string) {
				t.Helper()
				found := tell[[]string](b, contrasts)
				if len(found[0]) < 3 {
					t.Errorf("%s: only %s texts were found", what, found[0])
				}
				for _, f := range found[1:] {
					t.Errorf("%s: %s", what, f)
				}
			}
			check("the page")
			b.click("#failed-all")
			b.click("#failed-drop")
			check("a confirmation")
			b.click("#confirm-yes")
			a.waitSent(3)
			b.wait("the notice", `document.querySelector("#notices .notice")`)
			check("a notice")
			a.drop()
			b.wait("the banner", `!document.querySelector("#lost").hidden`)
			check("without a connection")
		})
	}
}

// Nothing is wider than a phone, whatever the names are.
func TestPhone(t *testing.T) {
	for _, width := range []int64{320, 360, 412} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			long := strings.Repeat("a-very-long-name-of-something", 6)
			st := troubled(0)
			st.Document = "/" + long + ".xml"
			st.Channels[0].ID, st.Channels[0].Workflows[0].ID, st.Channels[0].Workflows[0].Consumer = long, long, long
			st.Channels[2].Error = long
			st.Connections[0].ID, st.Connections[0].Class, st.Connections[0].UsedBy = long, long, []string{long, long}
			st.Connections[0].Producer.Streams[0].Stream, st.Connections[0].Producer.Streams[0].Shards[0].ShardID = long, long
			st.HotShards[0].Reason = long
			a := newAPI(t, st)
			fs, files := failures(), failedFiles()
			fs[0].Reason, fs[0].Remedy, fs[0].Channel, fs[0].Message = long, long, long, long
			files[0].Name, files[0].Directory = long, long
			a.failures, a.failed = fs, files
			b := newTab(t, width, 780, nil)
			b.show(a)
			b.wait("the failed messages", `document.querySelectorAll("#failed-list li").length === 3`)
			wide := tell[[]string](b, `(() => {
				const most = document.documentElement.clientWidth;
				const out = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest(".unseen, .skip, thead, pre") && e.getBoundingClientRect().right > most + 0.5).map((e) => e.tagName + "." + e.className + "#" + e.id + " " + e.getBoundingClientRect().right);
				return [String(document.documentElement.scrollWidth - most), ...out.slice(0, 8)];
			})()`)
			if wide[0] != "0" || len(wide) > 1 {
				t.Errorf("%s pixels are beyond the edge: %q", wide[0], wide[1:])
			}
			small := tell[[]string](b, `[...document.querySelectorAll("button:not(.link), select")].filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 24).map((e) => e.textContent + " " + e.getBoundingClientRect().height)`)
			if len(small) > 0 {
				t.Errorf("too small for a finger: %q", small)
			}
		})
	}
}

func TestNothingMovesIfThatIsAskedFor(t *testing.T) {
	const moves = `[...document.querySelectorAll("body *")].filter((e) => { const s = getComputedStyle(e); return s.animationName !== "none" || parseFloat(s.transitionDuration) > 0; }).length`
	for _, c := range []struct {
		motion string
		moves  bool
	}{{"reduce", false}, {"no-preference", true}} {
		t.Run(c.motion, func(t *testing.T) {
			_, b := full(t, 1280, map[string]string{"prefers-reduced-motion": c.motion})
			if n := tell[int](b, moves); n > 0 != c.moves {
				t.Errorf("%d elements move", n)
			}
		})
	}
}

// Whoever does not see the page is told what each thing is.
func TestEverythingHasAName(t *testing.T) {
	for _, width := range []int64{1280, 360} {
		t.Run(fmt.Sprint(width), func(t *testing.T) {
			_, b := full(t, width, nil)
			tree, err := chromedp.Call(b.ctx, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
			if err != nil {
				t.Fatal(err)
			}
			named := map[string]int{}
			for _, n := range tree.Nodes {
				if n.Ignored || n.Role == nil {
					continue
				}
				role := strings.Trim(string(n.Role.Value), `"`)
				named[role]++
				switch role {
				case "button", "checkbox", "combobox", "link", "image", "img", "table", "dialog", "heading", "region", "columnheader":
					if n.Name == nil || strings.Trim(string(n.Name.Value), `"`) == "" {
						t.Errorf("a %s has no name", role)
					}
				}
			}
			for role, least := range map[string]int{"button": 12, "checkbox": 4, "combobox": 1, "table": 3, "row": 12, "columnheader": 25, "heading": 6, "main": 1, "banner": 1, "status": 2, "alert": 1} {
				if named[role] < least {
					t.Errorf("there are %d of the role %s, fewer than %d; all: %v", named[role], role, least, named)
				}
			}
		})
	}
}
