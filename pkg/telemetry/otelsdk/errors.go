package otelsdk

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/zap"
)

// tellAgain is how often the same trouble is told at most: a collector that is away is so for every batch.
const tellAgain = time.Minute

// troubles tells the log of what goes wrong with telemetry. Errors that follow soon are summed. It is safe for concurrent use.
type troubles struct {
	log *zap.Logger
	// now is the clock.
	now func() time.Time

	mu sync.Mutex // guards the fields below
	// told is when the log was told last; zero before that. summed errors came since.
	told   time.Time
	summed int
	quiet  bool
	// sending says that exports have begun; before that errors are about variables. unfit is the last of those.
	sending bool
	unfit   string
}

// running says that what is handled from now on is about what is sent.
func (t *troubles) running() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending = true
}

// Handle implements otel.ErrorHandler.
func (t *troubles) Handle(err error) {
	if err == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.sending {
		if text := shortened(err.Error()); text != t.unfit { // both providers say it
			t.unfit = text
			t.log.Error("OpenTelemetry can not do all that its variables ask for; the rest goes on", zap.String("error", text))
		}
		return
	}
	now := t.now()
	if t.quiet || !t.told.IsZero() && now.Sub(t.told) < tellAgain {
		t.summed++
		return
	}
	fields := []zap.Field{zap.String("error", shortened(err.Error()))}
	if t.summed > 0 {
		fields = append(fields, zap.Int("moreSince", t.summed))
	}
	t.told, t.summed = now, 0
	t.log.Warn("telemetry could not be sent; messages are not affected", fields...)
}

// over tells the log how much was not told, and how many spans were lost. What comes afterwards is counted only.
func (t *troubles) over(err error, lost int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.quiet = true
	if err == nil && t.summed == 0 && lost == 0 {
		return
	}
	fields := []zap.Field{zap.Int("moreSince", t.summed), zap.Int64("spansLost", lost)}
	if err != nil {
		fields = append(fields, zap.String("error", shortened(err.Error())))
	}
	t.log.Warn("telemetry has ended, and not all of it could be sent; messages are not affected", fields...)
}

// shortened is the beginning of a text in one line: a server may answer anything.
func shortened(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}

// sink is the log of the SDK itself. It leaves out values that may hold headers.
type sink struct{ log *zap.Logger }

// Init implements logr.LogSink.
func (sink) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink: errors and warnings, which the SDK has at level 1.
func (sink) Enabled(level int) bool { return level <= 1 }

// Info implements logr.LogSink.
func (s sink) Info(level int, msg string, pairs ...any) {
	if level > 1 {
		return
	}
	s.log.Warn("OpenTelemetry: "+msg, known(pairs)...)
}

// Error implements logr.LogSink.
func (s sink) Error(err error, msg string, pairs ...any) {
	fields := known(pairs)
	// The errors about headers, and those that quote a value that cannot be unescaped, quote what may be a secret.
	if err != nil && !strings.Contains(msg, "header") {
		fields = append(fields, zap.String("error", shortened(err.Error())))
	}
	s.log.Error("OpenTelemetry: "+msg, fields...)
}

// WithValues implements logr.LogSink.
func (s sink) WithValues(...any) logr.LogSink { return s }

// WithName implements logr.LogSink.
func (s sink) WithName(string) logr.LogSink { return s }

// known are those of the pairs that hold no header.
func known(pairs []any) []zap.Field {
	var out []zap.Field
	for i := 0; i+1 < len(pairs); i += 2 {
		switch name := pairs[i]; name {
		case "environment variable", "file", "count", "total_dropped", "variable":
			out = append(out, zap.Any(name.(string), pairs[i+1]))
		}
	}
	return out
}

// unescaped is a header's value as it is sent.
func unescaped(s string) string {
	if plain, err := url.PathUnescape(s); err == nil {
		return plain
	}
	return s
}
