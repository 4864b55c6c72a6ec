package page

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"go.uber.org/goleak"
)

// patience is for what takes no time in a browser that has the machine for itself. Nothing waits so long but what fails.
const patience = 100 * time.Second

var errNoChromium = errors.New("no Chromium: set CHROMIUM to one, or install the package chromium")

// chromium is the browser's program.
func chromium() (string, error) {
	if path := os.Getenv("CHROMIUM"); path != "" {
		found, err := exec.LookPath(path)
		if err != nil {
			return "", fmt.Errorf("CHROMIUM is %s, which can not be run: %w", path, err)
		}
		return found, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		found, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		// Some systems have a program of that name that only says how to install one.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		err = exec.CommandContext(ctx, found, "--version").Run()
		cancel()
		if err == nil {
			return found, nil
		}
	}
	return "", errNoChromium
}

// browser is started by the first test that needs it; TestMain ends it.
var browser = sync.OnceValues(func() (context.Context, error) {
	path, err := chromium()
	if err != nil {
		return nil, err
	}
	// There is no sandbox for root, nor in most containers, and what the browser shows comes from the tests alone.
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WSURLReadTimeout(patience), chromedp.Env("TZ=UTC", "LANG=en_GB.UTF-8"))
	allocator, endAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, end := chromedp.NewContext(allocator)
	endBrowser = func() {
		end()
		endAllocator()
	}
	// Newer protocols than the library knows are no fault of the page.
	return ctx, chromedp.Do(ctx)
})

var endBrowser = func() {}

func TestMain(m *testing.M) {
	code := m.Run()
	endBrowser()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// tab is one with a session of its own. What goes wrong in it fails the test.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu     sync.Mutex // guards the fields below
	faults []string
	hosts  map[string]bool
}

// newTab opens an empty one, as wide and high as that, with these media features such as prefers-color-scheme.
func newTab(t *testing.T, width, height int64, features map[string]string) *tab {
	t.Helper()
	parent, err := browser()
	if errors.Is(err, errNoChromium) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, hosts: make(map[string]bool)}
	ctx, end := chromedp.NewContext(parent, chromedp.WithNewBrowserContext(), chromedp.WithListener(b.listen))
	b.ctx = ctx
	t.Cleanup(func() {
		end()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, f := range b.faults {
			t.Errorf("in the browser: %s", f)
		}
	})
	var media []*emulation.MediaFeature
	for name, value := range features {
		media = append(media, &emulation.MediaFeature{Name: name, Value: value})
	}
	b.do(
		chromedp.EmulateViewport(width, height),
		chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
			if _, err := cdp.Call(ctx, to, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true}); err != nil {
				return err
			}
			_, err := cdp.Call(ctx, to, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: media})
			return err
		}),
	)
	return b
}

// listen notes exceptions, and what the content security policy refused. Requests that fail are a part of some tests.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		text := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			text += " " + x.Description
		}
		b.faults = append(b.faults, "exception: "+text)
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "warning" {
			b.faults = append(b.faults, fmt.Sprintf("console.%s", e.Type))
		}
	case *log.EventEntryAdded:
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level == log.EntryLevelError {
			b.faults = append(b.faults, e.Entry.Text)
		}
	case *network.EventRequestWillBeSent:
		if rest, ok := strings.CutPrefix(e.Request.URL, "http"); ok {
			_, rest, _ = strings.Cut(rest, "://")
			host, _, _ := strings.Cut(rest, "/")
			b.hosts[host] = true
		}
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx := b.ctx
	if chromedp.FromContext(ctx).Target != nil { // the first one's context is the tab's life
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, patience)
		defer cancel()
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// show opens the page of a server, and waits until it shows its state.
func (b *tab) show(a *api) {
	b.t.Helper()
	b.do(chromedp.Navigate(a.URL))
	b.wait("the state", `document.querySelector("#verdict").dataset.level`)
}

// plotted waits until records are plotted.
func (b *tab) plotted() {
	b.t.Helper()
	b.wait("the plots", `/: records \d/.test(document.querySelector("#plots .canvas").getAttribute("aria-label"))`)
}

// wait waits until an expression is true.
func (b *tab) wait(what, expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool]("!!("+expression+")", chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		b.t.Fatalf("waited for %s: %v\nthe page says:\n%s", what, err, b.text("body"))
	}
}

// tell evaluates an expression, or the promise that it is.
func tell[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// text is what can be read in an element.
func (b *tab) text(selector string) string {
	b.t.Helper()
	return tell[string](b, fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "there is no such element").replace(/[\u202f\u00a0]/g, " ")`, selector))
}

// in is the tab in a part of its test.
func (b *tab) in(t *testing.T) *tab { return &tab{t: t, ctx: b.ctx} }

func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

// click waits until an element can be hit, and clicks it in the same moment: nothing that comes meanwhile moves another one there.
func (b *tab) click(selector string) {
	b.t.Helper()
	b.wait("a click on "+selector, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		if (!e?.checkVisibility()) return false;
		e.scrollIntoView({ block: "center", behavior: "instant" });
		const r = e.getBoundingClientRect();
		if (!e.contains(document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2))) return false;
		e.focus();
		e.click();
		return true;
	})()`, selector))
}

// has checks that texts can be read in an element.
func (b *tab) has(selector string, texts ...string) {
	b.t.Helper()
	all := strings.Join(strings.Fields(b.text(selector)), " ")
	for _, want := range texts {
		if !strings.Contains(all, want) {
			b.t.Errorf("%s does not say %q; it says\n%s", selector, want, all)
		}
	}
}
