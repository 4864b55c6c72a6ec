package logging

import (
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap/zapcore"
)

// Span is how long lines of a kind are counted before their sum is written.
const Span = 10 * time.Second

// mostKinds bounds how many kinds are remembered. Beyond it the oldest gives way, and its sum is written early.
const mostKinds = 1000

// Sums writes repeated lines as sums. The first line of a kind is written at once; those that follow within Span are counted, and one line
// then says how many there were, with the fields of the last of them, counts of records and messages added up. While they go on coming
// there is one such line each Span.
//
// A kind is a level and a text in a channel, workflow, service, connection, stream, shard, queue, directory, path of HTTP or variable of the
// environment, with an error code. Lines at warn and error are summed, and those at info that are about one message or file. Never summed are debug and trace, anything
// while debug is logged, lines above error, those of a named logger, which the author of a document asked for, those that tell what an operator
// has done (with a field "action" or "from"), and those that are sums already.
//
// It is safe for concurrent use.
type Sums struct {
	// mu guards the fields below. It is not held while something is written.
	mu    sync.Mutex
	kinds map[kind]*sum
	// oldest and newest are the ends of a list of all kinds, in the order in which their spans end.
	oldest, newest *sum
	// timer ends the span of the oldest; nil while there is none.
	timer  *time.Timer
	closed bool
	// late counts the timer that is set and its function that runs.
	late sync.WaitGroup
}

// sum is what is known of a kind since its span began.
type sum struct {
	kind           kind
	began          time.Time
	times          int64
	counts         counts
	last           zapcore.Core
	fields         []zapcore.Field
	older, younger *sum
}

// line is a sum to be written.
type line struct {
	to     zapcore.Core
	entry  zapcore.Entry
	fields []zapcore.Field
}

func (l *line) write() error {
	if l.to == nil || !l.to.Enabled(l.entry.Level) { // the level was changed meanwhile
		return nil
	}
	return l.to.Write(l.entry, l.fields)
}

// NewSums makes one, whose Core is to be used. Close it at the end.
func NewSums() *Sums { return &Sums{kinds: make(map[kind]*sum)} }

// Core is a core that writes to next what is not summed, and the sums. A core made of it by With may outlive Close.
func (s *Sums) Core(next zapcore.Core) zapcore.Core { return &core{Core: next, sums: s} }

// Close writes the sums of what was counted so far. From then on every line is written. It is safe to call twice.
func (s *Sums) Close() {
	s.mu.Lock()
	s.closed = true
	if s.timer != nil && s.timer.Stop() {
		s.late.Done()
	}
	s.timer = nil
	now := time.Now()
	var lines []line
	for o := s.oldest; o != nil; o = o.younger {
		if o.times > 0 {
			lines = append(lines, o.line(now))
		}
	}
	clear(s.kinds)
	s.oldest, s.newest = nil, nil
	s.mu.Unlock()
	writeAll(lines)
	s.late.Wait()
}

func writeAll(lines []line) {
	for i := range lines {
		_ = lines[i].write() // there is nowhere else to say it
	}
}

// counted says that a line is part of a sum; else it is to be written. early is to be written before, unless it is empty.
func (s *Sums) counted(k *kind, c *core, fields []zapcore.Field) (counted bool, early line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, line{}
	}
	if o := s.kinds[*k]; o != nil {
		o.add(c, fields)
		return true, line{}
	}
	now := time.Now()
	if len(s.kinds) >= mostKinds {
		o := s.oldest
		if o.times > 0 {
			early = o.line(now)
		}
		s.remove(o)
	}
	o := &sum{kind: *k, began: now}
	s.kinds[*k] = o
	s.append(o)
	s.wake(now)
	return false, early
}

func (o *sum) add(c *core, fields []zapcore.Field) {
	o.times++
	o.counts.add(fields)
	o.last = c.Core
	o.fields = o.fields[:0]
	for i := range fields {
		if keepable(&fields[i]) {
			o.fields = append(o.fields, fields[i])
		}
	}
}

// line is the sum, which begins anew.
func (o *sum) line(now time.Time) line {
	o.counts.put(o.fields)
	text := fmt.Sprintf("%s (%s more in the last %v; this is the last of them)", o.kind.words, Grouped(o.times), max(now.Sub(o.began).Round(time.Second), time.Second))
	if o.times == 1 {
		text = o.kind.words
	}
	l := line{
		to: o.last, entry: zapcore.Entry{Level: o.kind.level, Time: now, Message: text},
		fields: append(o.fields, zapcore.Field{Key: Repeated, Type: zapcore.Int64Type, Integer: o.times}),
	}
	o.times, o.counts, o.last, o.fields, o.began = 0, counts{}, nil, nil, now
	return l
}

// Flush writes the sums of what was counted so far, before their span is over.
func (s *Sums) Flush() {
	s.mu.Lock()
	now := time.Now()
	var lines []line
	for o, last := s.oldest, s.newest; o != nil; {
		next := o.younger
		if o.times > 0 {
			lines = append(lines, s.anew(o, now))
		}
		if o == last {
			break
		}
		o = next
	}
	s.mu.Unlock()
	writeAll(lines)
}

// anew takes the sum of a kind, which is the newest then.
func (s *Sums) anew(o *sum, now time.Time) line {
	l := o.line(now)
	s.remove(o)
	s.kinds[o.kind] = o
	s.append(o)
	return l
}

// due writes the sums whose span is over, and forgets what did not come again.
func (s *Sums) due() {
	defer s.late.Done()
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	now := time.Now()
	var lines []line
	for o := s.oldest; o != nil && now.Sub(o.began) >= Span; o = s.oldest {
		if o.times > 0 {
			lines = append(lines, s.anew(o, now))
		} else {
			s.remove(o)
		}
	}
	s.timer = nil
	s.wake(now)
	s.mu.Unlock()
	writeAll(lines)
}

// wake sets the timer for the oldest, if it is not set.
func (s *Sums) wake(now time.Time) {
	if s.timer == nil && s.oldest != nil {
		s.late.Add(1)
		s.timer = time.AfterFunc(s.oldest.began.Add(Span).Sub(now), s.due)
	}
}

func (s *Sums) append(o *sum) {
	o.older, o.younger = s.newest, nil
	if s.newest != nil {
		s.newest.younger = o
	} else {
		s.oldest = o
	}
	s.newest = o
}

func (s *Sums) remove(o *sum) {
	delete(s.kinds, o.kind)
	if o.older != nil {
		o.older.younger = o.younger
	} else {
		s.oldest = o.younger
	}
	if o.younger != nil {
		o.younger.older = o.older
	} else {
		s.newest = o.older
	}
}
