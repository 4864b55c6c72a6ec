package logging

import "go.uber.org/zap/zapcore"

// core is a logger's end of Sums. It knows what the fields say that all lines of the logger have.
type core struct {
	zapcore.Core
	sums *Sums
	at   place
	of   of
}

// With implements zapcore.Core.
func (c *core) With(fields []zapcore.Field) zapcore.Core {
	next := &core{Core: c.Core.With(fields), sums: c.sums, at: c.at, of: c.of}
	next.at.note(fields)
	next.of.note(fields)
	return next
}

// Check implements zapcore.Core.
func (c *core) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

// Write implements zapcore.Core.
func (c *core) Write(e zapcore.Entry, fields []zapcore.Field) error {
	if c.single(&e, fields) {
		return c.Core.Write(e, fields)
	}
	k := kind{level: e.Level, words: e.Message, at: c.at}
	k.at.note(fields)
	counted, early := c.sums.counted(&k, c, fields)
	if counted {
		return nil
	}
	_ = early.write()
	return c.Core.Write(e, fields)
}

// single says that a line is never part of a sum.
func (c *core) single(e *zapcore.Entry, fields []zapcore.Field) bool {
	if e.Level < zapcore.InfoLevel || e.Level > zapcore.ErrorLevel || e.LoggerName != "" || c.Enabled(zapcore.DebugLevel) {
		return true
	}
	o := c.of
	o.note(fields)
	return o.single || e.Level == zapcore.InfoLevel && !o.one
}
