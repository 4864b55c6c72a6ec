package main

import (
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// livePause is the time between two looks at what the live line tells.
const livePause = time.Second

// live shows on a terminal, below the log, what a run is doing; nil where there is none. Its methods are called one after the other.
type live struct {
	screen *screen
	read   func() figures
	// line is what to show in so many columns.
	line func(f *figures, width int, stopping bool) string
	// columns is how wide the terminal is; 0 while it shows something else.
	columns  func() int
	stopping atomic.Bool
	// again asks for a look before its time.
	again chan struct{}
	end   chan struct{}
	ended chan struct{}
}

// startLive begins to show what an adapter does, if there is a terminal whose user has not asked for peace.
func (f *runFlags) startLive(a *adapter.Adapter) *live {
	if f.noLive || f.format == formatJSON || f.screen == nil {
		return nil
	}
	terminal := f.screen.terminal()
	if terminal == nil {
		return nil
	}
	colours := os.Getenv("NO_COLOR") == ""
	l := &live{
		screen: f.screen, read: newMeter(a).read,
		line: func(now *figures, width int, stopping bool) string {
			if f.untilIdle > 0 {
				return fitted(progressLine(now, f.untilIdle, width, stopping), width, colours)
			}
			return fitted(summaryLine(now, stopping), width, colours)
		},
		columns: func() int { return columnsOf(terminal) },
	}
	l.begin()
	return l
}

// columnsOf is how wide a terminal is that shows this program.
func columnsOf(terminal *os.File) int {
	if !foreground(terminal) {
		return 0
	}
	width, _, err := term.GetSize(int(terminal.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

func (l *live) begin() {
	l.again, l.end, l.ended = make(chan struct{}, 1), make(chan struct{}), make(chan struct{})
	go l.run()
}

func (l *live) run() {
	defer close(l.ended)
	defer l.screen.show("")
	ticker := time.NewTicker(livePause)
	defer ticker.Stop()
	l.look()
	for {
		select {
		case <-ticker.C:
			l.look()
		case <-l.again:
			l.look()
		case <-l.end:
			return
		}
	}
}

func (l *live) look() {
	now := l.read()
	if width := l.columns(); width > 0 {
		l.screen.show(l.line(&now, width, l.stopping.Load()))
	} else {
		l.screen.show("")
	}
}

// drains says that the run takes nothing new any more.
func (l *live) drains() {
	if l == nil {
		return
	}
	l.stopping.Store(true)
	select {
	case l.again <- struct{}{}:
	default:
	}
}

// close takes the line away. It is safe to call twice.
func (l *live) close() {
	if l == nil {
		return
	}
	select {
	case <-l.ended:
	default:
		close(l.end)
		<-l.ended
	}
}
