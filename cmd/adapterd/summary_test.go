package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/workflow"
)

// display is a terminal as far as a live line needs one: what its lines show after all that was written to it.
type display struct {
	mu    sync.Mutex // guards the fields below
	lines []string
	raw   strings.Builder
	// begun is the beginning of what is not there in whole yet: a terminal's other end may read any piece of what was written.
	begun string
}

func (d *display) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.raw.Write(p)
	if d.lines == nil {
		d.lines = []string{""}
	}
	text := d.begun + string(p)
	for d.begun = ""; text != ""; {
		last := &d.lines[len(d.lines)-1]
		switch {
		case len(text) < len(eraseLine) && strings.HasPrefix(eraseLine, text),
			text[0] == '\x1b' && len(text) < len(yellow) && !strings.Contains(text, "m"), !utf8.FullRuneInString(text):
			d.begun = text
			return len(p), nil
		case strings.HasPrefix(text, eraseLine):
			*last, text = "", text[len(eraseLine):]
		case strings.HasPrefix(text, "\r\n"):
			d.lines, text = append(d.lines, ""), text[2:]
		case text[0] == '\n':
			d.lines, text = append(d.lines, ""), text[1:]
		case text[0] == '\x1b':
			end := strings.IndexByte(text, 'm')
			if end < 0 {
				return 0, fmt.Errorf("%q is no sequence that this terminal knows", text)
			}
			text = text[end+1:]
		default:
			_, size := utf8.DecodeRuneInString(text)
			*last, text = *last+text[:size], text[size:]
		}
	}
	return len(p), nil
}

func (d *display) shown() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]string(nil), d.lines...)
}

// last is what the line of the cursor shows.
func (d *display) last() string {
	lines := d.shown()
	return append([]string{""}, lines...)[len(lines)]
}

func (d *display) bytes() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.raw.String()
}

// inPieces writes byte by byte.
type inPieces struct{ io.Writer }

func (w inPieces) Write(p []byte) (int, error) {
	for i := range p {
		if _, err := w.Writer.Write(p[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

func TestTheLiveLineStaysBelowTheLog(t *testing.T) {
	d := new(display)
	s := &screen{out: inPieces{d}}
	step := func(do func(), want ...string) {
		t.Helper()
		do()
		if diff := cmp.Diff(want, d.shown()); diff != "" {
			t.Fatal(diff)
		}
	}
	say := func(text string) func() {
		return func() {
			if n, err := s.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
		}
	}
	step(say("one\n"), "one", "")
	step(func() { s.show(red + "LIVE 1 …" + normal) }, "one", "LIVE 1 …")
	step(func() { s.show("LIVE 1") }, "one", "LIVE 1")
	step(say("two\nthree\n"), "one", "two", "three", "LIVE 1")
	step(func() { s.show("LIVE 2") }, "one", "two", "three", "LIVE 2")
	step(say("begun, "), "one", "two", "three", "begun, ")
	step(func() { s.show("LIVE 3") }, "one", "two", "three", "begun, ")
	step(say("ended\n"), "one", "two", "three", "begun, ended", "LIVE 3")
	step(func() { s.show("") }, "one", "two", "three", "begun, ended", "")
	step(say("four\n"), "one", "two", "three", "begun, ended", "four", "")
	step(func() { s.show("LIVE 4"); s.close(); s.show("LIVE 5") }, "one", "two", "three", "begun, ended", "four", "")
	step(say("five\n"), "one", "two", "three", "begun, ended", "four", "five", "")
}

func TestWritersAtOnceDoNotTearEachOther(t *testing.T) {
	d := new(display)
	s := &screen{out: d}
	var busy sync.WaitGroup
	for g := range 4 {
		busy.Go(func() {
			for i := range 200 {
				fmt.Fprintf(s, "line %d.%d end\n", g, i)
			}
		})
	}
	busy.Go(func() {
		for i := range 200 {
			s.show(fmt.Sprintf("LIVE %d", i))
		}
	})
	busy.Wait()
	s.close()
	lines := d.shown()
	seen := make(map[string]bool)
	for _, line := range lines[:len(lines)-1] {
		if !strings.HasPrefix(line, "line ") || !strings.HasSuffix(line, " end") {
			t.Errorf("torn: %q", line)
		}
		seen[line] = true
	}
	if len(seen) != 800 || lines[len(lines)-1] != "" {
		t.Errorf("%d lines of 800, the last shows %q", len(seen), lines[len(lines)-1])
	}
}

func TestTheLiveLineIsDrawnOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := new(display)
		var looks, width atomic.Int64
		width.Store(80)
		l := &live{
			screen: &screen{out: d}, columns: func() int { return int(width.Load()) },
			read: func() figures { return figures{counts: workflow.Counts{Delivered: looks.Add(1)}} },
			line: func(f *figures, _ int, stopping bool) string {
				return fmt.Sprintf("%d delivered %v", f.counts.Delivered, stopping)
			},
		}
		l.begin()
		time.Sleep(10*time.Second + time.Millisecond)
		synctest.Wait()
		if diff := cmp.Diff([]string{"11 delivered false"}, d.shown()); diff != "" || looks.Load() != 11 {
			t.Errorf("%d looks in 10 s\n%s", looks.Load(), diff)
		}
		width.Store(0) // the terminal shows something else
		time.Sleep(time.Second)
		synctest.Wait()
		if diff := cmp.Diff([]string{""}, d.shown()); diff != "" {
			t.Error(diff)
		}
		width.Store(80)
		l.drains() // is seen at once
		synctest.Wait()
		if diff := cmp.Diff([]string{"13 delivered true"}, d.shown()); diff != "" {
			t.Error(diff)
		}
		l.close()
		l.close()
		if diff := cmp.Diff([]string{""}, d.shown()); diff != "" {
			t.Error(diff)
		}
		var none *live
		none.drains()
		none.close()
	})
}

func TestTheSummaryLine(t *testing.T) {
	calm := figures{counts: workflow.Counts{Delivered: 1204331, InFlight: 8120}, running: 133 * time.Second, kinesis: true, records: 12410.4}
	worried := calm
	worried.counts.Failed, worried.counts.Handled, worried.throttled, worried.throttledLately = 3, 17, 1204, true
	for _, c := range []struct {
		name     string
		f        figures
		width    int
		stopping bool
		colours  bool
		want     string
	}{
		{"calm", calm, 120, false, true, "12,410 records/s  8,120 in flight  0 failed  0 throttled  1,204,331 delivered in 2m13s"},
		{"worried", worried, 120, false, true,
			"12,410 records/s  8,120 in flight  " + red + "3 failed" + normal + "  " + yellow + "1,204 throttled" + normal + "  17 handled  1,204,331 delivered in 2m13s"},
		{"no colours", worried, 120, false, false, "12,410 records/s  8,120 in flight  3 failed  1,204 throttled  17 handled  1,204,331 delivered in 2m13s"},
		{"narrow", calm, 40, false, true, "12,410 records/s  8,120 in flight"},
		{"too narrow", calm, 5, false, true, ""},
		{"draining", calm, 60, true, false, "draining  12,410 records/s  8,120 in flight  0 failed"},
		{"no Kinesis", figures{messages: 12, running: 75 * time.Hour}, 120, false, true, "12 messages/s  0 in flight  0 failed  0 delivered in 3 days 3h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := fitted(summaryLine(&c.f, c.stopping), c.width, c.colours); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestAMeterLooksBackTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newMeter(nil)
		var f figures
		for i := range 31 {
			f = figures{counts: workflow.Counts{Consumed: int64(100 * i)}}
			if i > 20 {
				f.counts.Consumed = 2000
			}
			if i == 5 {
				m.throttled = 7
			}
			m.stored = 2 * f.counts.Consumed
			m.rates(&f, time.Now())
			switch {
			case i == 0 && (f.messages != 0 || f.records != 0),
				i > 0 && i <= 20 && (f.messages != 100 || f.records != 200),
				i == 25 && f.messages != 50, i == 30 && f.messages != 0,
				i < 5 && f.throttledLately, i == 10 && !f.throttledLately, i == 20 && f.throttledLately:
				t.Errorf("after %d s: %v messages/s, %v records/s, throttled lately: %v", i, f.messages, f.records, f.throttledLately)
			}
			time.Sleep(time.Second)
		}
		if len(m.past) > 12 {
			t.Errorf("%d samples kept", len(m.past))
		}
	})
}
