package logging

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func TestTheFirstLineComesAtOnceAndTheOthersAsSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, sums, seen := watched(zap.InfoLevel)
		defer sums.Close()
		log = log.With(zap.String("channel", "files"))
		for i := range 1205 {
			log.Warn("message failed", zap.String("message", strconv.Itoa(i)), zap.Int("user_records", 2))
		}
		if diff := cmp.Diff([]string{"warn message failed message=0"}, texts(seen, "message", Repeated)); diff != "" {
			t.Fatal(diff)
		}
		time.Sleep(Span)
		synctest.Wait()
		log.Warn("message failed", zap.String("message", "later"), zap.Int("user_records", 2))
		time.Sleep(Span)
		synctest.Wait()
		want := []string{
			"warn message failed channel=files message=0 user_records=2",
			"warn message failed (1,204 more in the last 10s; this is the last of them) channel=files message=1204 user_records=2408 repeated=1204",
			"warn message failed channel=files message=later user_records=2 repeated=1",
		}
		if diff := cmp.Diff(want, texts(seen, "channel", "message", "user_records", Repeated)); diff != "" {
			t.Error(diff)
		}
		// What has not come again for a span is new when it comes.
		time.Sleep(Span)
		synctest.Wait()
		log.Warn("message failed", zap.String("message", "anew"))
		if got := texts(seen, "message", Repeated); got[len(got)-1] != "warn message failed message=anew" {
			t.Error(got)
		}
	})
}

func TestOnlyWhatIsTheSameIsSummed(t *testing.T) {
	field := zap.String
	for name, second := range map[string]func(*zap.Logger){
		"level":      func(l *zap.Logger) { l.Error("w") },
		"words":      func(l *zap.Logger) { l.Warn("v") },
		"channel":    func(l *zap.Logger) { l.With(field("channel", "b")).Warn("w") },
		"workflow":   func(l *zap.Logger) { l.With(field("workflow", "b")).Warn("w") },
		"stream":     func(l *zap.Logger) { l.Warn("w", field("stream", "b")) },
		"shard":      func(l *zap.Logger) { l.Warn("w", field("shard", "b")) },
		"code":       func(l *zap.Logger) { l.Warn("w", field("code", "b")) },
		"service":    func(l *zap.Logger) { l.Warn("w", field("service", "b")) },
		"connection": func(l *zap.Logger) { l.Warn("w", field("connection", "b")) },
		"queue":      func(l *zap.Logger) { l.Warn("w", field("queue", "b")) },
		"directory":  func(l *zap.Logger) { l.Warn("w", field("directory", "b")) },
		"path":       func(l *zap.Logger) { l.Warn("w", field("path", "b")) },
		"variable":   func(l *zap.Logger) { l.Warn("w", field("variable", "b")) },
		"named":      func(l *zap.Logger) { l.Named("orders").Warn("w") },
		"operator":   func(l *zap.Logger) { l.Warn("w", field("action", "stop")) },
		"sum":        func(l *zap.Logger) { l.Warn("w", zap.Int(Repeated, 3)) },
	} {
		t.Run(name, func(t *testing.T) {
			log, sums, seen := watched(zap.InfoLevel)
			defer sums.Close()
			log.Warn("w")
			second(log)
			if got := texts(seen); len(got) != 2 {
				t.Errorf("written: %q, want two lines", got)
			}
			log.Warn("w", zap.String("message", "another"), zap.Error(errors.New("another")))
			if got := texts(seen); len(got) != 2 {
				t.Errorf("written: %q, want two lines", got)
			}
		})
	}
}

func TestWhichLevelsAreSummed(t *testing.T) {
	for _, c := range []struct {
		name         string
		least, level zapcore.Level
		fields       []zap.Field
		written      int
	}{
		{"error", zap.InfoLevel, zap.ErrorLevel, nil, 1},
		{"warn", zap.InfoLevel, zap.WarnLevel, nil, 1},
		{"info", zap.InfoLevel, zap.InfoLevel, nil, 3},
		{"info about a message", zap.InfoLevel, zap.InfoLevel, []zap.Field{zap.String("message", "m")}, 1},
		{"info about a file", zap.InfoLevel, zap.InfoLevel, []zap.Field{zap.String("file", "f")}, 1},
		{"debug", zap.DebugLevel, zap.DebugLevel, nil, 3},
		{"trace", zap.DebugLevel - 1, zap.DebugLevel - 1, nil, 3},
		{"error while debug is logged", zap.DebugLevel, zap.ErrorLevel, nil, 3},
		{"below the least", zap.WarnLevel, zap.InfoLevel, nil, 0},
		{"above error", zap.InfoLevel, zap.DPanicLevel, nil, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			log, sums, seen := watched(c.least)
			for range 3 {
				log.Log(c.level, "w", c.fields...)
			}
			if got := seen.Len(); got != c.written {
				t.Errorf("%d lines before the end, want %d", got, c.written)
			}
			sums.Close()
		})
	}
}

func TestTheEndWritesTheLastSums(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, sums, seen := watched(zap.InfoLevel)
		for range 8 {
			log.Error("a")
			log.Error("b", zap.Stack("stack"))
		}
		time.Sleep(3 * time.Second)
		sums.Close()
		sums.Close()
		log.Error("a")
		log.Error("a")
		want := []string{
			"error a", "error b", "error a (7 more in the last 3s; this is the last of them) repeated=7",
			"error b (7 more in the last 3s; this is the last of them) repeated=7", "error a", "error a",
		}
		if diff := cmp.Diff(want, texts(seen, Repeated)); diff != "" {
			t.Error(diff)
		}
		if _, kept := seen.All()[3].ContextMap()["stack"]; kept {
			t.Error("a stack was kept")
		}
	})
}

func TestFlushWritesEarlyAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, sums, seen := watched(zap.InfoLevel)
		defer sums.Close()
		log.Warn("once")
		for range 3 {
			log.Warn("a")
			log.Warn("b")
		}
		time.Sleep(Span / 2)
		sums.Flush()
		sums.Flush()
		log.Warn("b")
		time.Sleep(Span - time.Second)
		log.Warn("once")
		time.Sleep(2 * time.Second)
		synctest.Wait()
		want := []string{
			"warn once", "warn a", "warn b", "warn a (2 more in the last 5s; this is the last of them) repeated=2",
			"warn b (2 more in the last 5s; this is the last of them) repeated=2", "warn once", "warn b repeated=1",
		}
		if diff := cmp.Diff(want, texts(seen, Repeated)); diff != "" {
			t.Error(diff)
		}
	})
}

// A change of the level at run time counts for sums too.
func TestALevelThatIsRaisedSilencesSums(t *testing.T) {
	level := zap.NewAtomicLevelAt(zap.InfoLevel)
	log, sums, seen := watched(level)
	log.Warn("w")
	log.Warn("w")
	level.SetLevel(zap.ErrorLevel)
	sums.Close()
	if seen.Len() != 1 {
		t.Errorf("written: %q", texts(seen))
	}
}

func TestMemoryIsBoundedAndNothingLost(t *testing.T) {
	log, sums, seen := watched(zap.InfoLevel)
	const all = 3 * mostKinds
	for range 2 {
		for i := range all {
			log.Warn("w", zap.String("shard", strconv.Itoa(i)))
			log.Warn("w", zap.String("shard", strconv.Itoa(i)))
		}
	}
	if n := len(sums.kinds); n != mostKinds {
		t.Errorf("%d kinds remembered, want %d", n, mostKinds)
	}
	sums.Close()
	if n := total(t, seen.All()); n != 4*all {
		t.Errorf("%d lines accounted for, want %d", n, 4*all)
	}
}

func TestManyLoggersAtOnceLoseNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, sums, seen := watched(zap.InfoLevel)
		var busy sync.WaitGroup
		for g := range 8 {
			busy.Go(func() {
				log := log.With(zap.String("workflow", fmt.Sprint(g%3)))
				for i := range 500 {
					log.Error("w", zap.String("message", fmt.Sprint(i)), zap.Int("records", 1))
					if i%50 == 0 {
						time.Sleep(Span / 3)
					}
				}
			})
		}
		busy.Wait()
		sums.Close()
		var records int64
		for _, e := range seen.All() {
			records += e.ContextMap()["records"].(int64)
		}
		if n := total(t, seen.All()); n != 4000 || records != 4000 {
			t.Errorf("%d lines and %d records accounted for, want 4000", n, records)
		}
		if seen.Len() > 3*20 {
			t.Errorf("%d lines written", seen.Len())
		}
	})
}

// total is how many lines those that were written stand for.
func total[E interface{ ContextMap() map[string]any }](t *testing.T, lines []E) (n int64) {
	t.Helper()
	for _, e := range lines {
		if times, sum := e.ContextMap()[Repeated]; sum {
			n += times.(int64)
		} else {
			n++
		}
	}
	return n
}

func TestCountingALineAllocatesNothing(t *testing.T) {
	_, sums, _ := watched(zap.InfoLevel)
	defer sums.Close()
	c := sums.Core(zapcore.NewNopCore()).With([]zapcore.Field{zap.String("channel", "files")}).(*core)
	c.Core = discard{zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(new(strings.Builder)), zap.InfoLevel)}
	entry, fields := zapcore.Entry{Level: zap.WarnLevel, Message: "w"}, []zapcore.Field{zap.String("code", "c"), zap.Error(errors.New("e")), zap.Int("records", 1)}
	_ = c.Write(entry, fields) // which is written, and remembered
	_ = c.Write(entry, fields) // which makes room for the last fields
	if n := testing.AllocsPerRun(1000, func() { _ = c.Write(entry, fields) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 12: "12", 999: "999", 1000: "1,000", 1204: "1,204", 1234567: "1,234,567", -1204: "-1,204", -999: "-999"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

// What does a line cost that is part of a sum, and one that is written, compared with a logger that sums nothing?
func BenchmarkLine(b *testing.B) {
	out := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(new(strings.Builder)), zap.InfoLevel)
	err := errors.New("refused")
	for _, c := range []struct {
		name  string
		core  func(*Sums) zapcore.Core
		level zapcore.Level
	}{
		{"summed", func(s *Sums) zapcore.Core { return s.Core(out) }, zap.WarnLevel},
		{"written", func(s *Sums) zapcore.Core { return s.Core(discard{out}) }, zap.InfoLevel},
		{"not summed", func(*Sums) zapcore.Core { return discard{out} }, zap.InfoLevel},
		{"below the level", func(s *Sums) zapcore.Core { return s.Core(out) }, zap.DebugLevel},
	} {
		b.Run(c.name, func(b *testing.B) {
			sums := NewSums()
			defer sums.Close()
			log := zap.New(c.core(sums)).With(zap.String("channel", "files"), zap.String("workflow", "orders"))
			b.ReportAllocs()
			for b.Loop() {
				if line := log.Check(c.level, "message failed; its error handler has taken it"); line != nil {
					line.Write(zap.String("code", "ProvisionedThroughputExceededException"), zap.Error(err))
				}
			}
		})
	}
}

// discard encodes nothing.
type discard struct{ zapcore.Core }

func (d discard) With(fields []zapcore.Field) zapcore.Core { return discard{d.Core.With(fields)} }

func (d discard) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if d.Enabled(e.Level) {
		return ce.AddCore(e, d)
	}
	return ce
}

func (discard) Write(zapcore.Entry, []zapcore.Field) error { return nil }
