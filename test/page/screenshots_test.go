package page

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.Bool("screenshots", false, "make the pictures of docs/images anew")

// mostBytes is how large a picture of the documentation may be.
const mostBytes = 300_000

var pictures = []struct {
	name    string
	width   int64
	scheme  string
	trouble bool
	until   string // the last part of the page that is in it
}{
	{"status-page-light", 1280, "light", false, "#streams"},
	{"status-page-dark", 1280, "dark", true, ".beside"},
	{"status-page-phone", 360, "light", true, "#channels"},
}

func TestScreenshots(t *testing.T) {
	for _, p := range pictures {
		t.Run(p.name, func(t *testing.T) {
			path := filepath.Join("..", "..", "docs", "images", p.name+".png")
			if *screenshots {
				take(t, path, p.width, p.scheme, p.trouble, p.until)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if len(text) > mostBytes {
				t.Errorf("%s has %d bytes, more than %d", path, len(text), mostBytes)
			}
			c, err := png.DecodeConfig(bytes.NewReader(text))
			if err != nil || int64(c.Width) != p.width {
				t.Errorf("%s is %d wide (%v), not %d", path, c.Width, err, p.width)
			}
		})
	}
}

func take(t *testing.T, path string, width int64, scheme string, trouble bool, until string) {
	t.Helper()
	a := newAPI(t, minutes(trouble)...)
	if trouble {
		a.failures, a.failed = failures(), failedFiles()
	}
	b := newTab(t, width, 900, map[string]string{"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"})
	// The same letters on every machine that has them.
	const font = `document.addEventListener("readystatechange", () => document.documentElement.style.setProperty("--sans", "Inter, system-ui, sans-serif"), { once: true })`
	b.do(chromedp.Func(func(ctx context.Context, to *chromedp.Target) error {
		_, err := cdp.Call(ctx, to, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: font})
		return err
	}))
	b.show(a)
	b.wait("the log level, which comes last", `!document.querySelector("#log-level-part").hidden`)
	b.plotted()
	end := tell[float64](b, fmt.Sprintf(`Math.ceil(document.querySelector(%q).getBoundingClientRect().bottom + scrollY) + 24`, until))
	b.do(chromedp.EmulateViewport(width, int64(end)))
	// Two pictures on, what was asked for is drawn.
	tell[bool](b, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))`)
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, shot, 0o644); err != nil {
		t.Fatal(err)
	}
}
