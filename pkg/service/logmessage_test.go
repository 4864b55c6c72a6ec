package service

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
)

func TestLogMessageWritesALine(t *testing.T) {
	withMetadata := map[string]any{"k": "a long value"}
	for _, c := range []struct {
		name, options string
		level         zapcore.Level
		text, logger  string
		fields        map[string]any
	}{
		{"defaults", "", zapcore.DebugLevel, "message", "log-message-service", map[string]any{"metadata": withMetadata, "payload": "hello"}},
		{"all set", `<log-prefix>got </log-prefix><log-level>WARN</log-level><log-category>orders</log-category>
			<logging-format class="message-logging-with-payload"><include-metadata>false</include-metadata></logging-format>`,
			zapcore.WarnLevel, "got", "orders", map[string]any{"payload": "hello"}},
		{"minimal", `<log-level>INFO</log-level><logging-format class="message-logging-minimal"/>`, zapcore.InfoLevel, "message", "log-message-service", map[string]any{}},
		{"default format", `<log-level>ERROR</log-level><logging-format class="message-logging-default"/>`, zapcore.ErrorLevel, "message", "log-message-service",
			map[string]any{"metadata": withMetadata}},
		{"full", `<log-level>TRACE</log-level><logging-format class="message-logging-full"/>`, zapcore.DebugLevel - 1, "message", "log-message-service",
			map[string]any{"metadata": withMetadata, "payload": "hello"}},
		{"keys only", `<logging-format class="message-logging-with-metadata-keys-only"/>`, zapcore.DebugLevel, "message", "log-message-service",
			map[string]any{"metadata-keys": []any{"k"}}},
		{"truncated", `<logging-format class="message-logging-with-truncated-metadata"><max-length>8</max-length></logging-format>`, zapcore.DebugLevel, "message",
			"log-message-service", map[string]any{"metadata": map[string]any{"k": "a lon..."}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := decode[*LogMessage](t, `<log-message-service>`+c.options+`</log-message-service>`)
			core, logged := observer.New(zapcore.DebugLevel - 1)
			m := newMessage("hello", "k", "a long value")
			if err := s.Apply(component.WithLogger(t.Context(), zap.New(core)), m); err != nil {
				t.Fatal(err)
			}
			if logged.Len() != 1 {
				t.Fatalf("%d lines", logged.Len())
			}
			line := logged.All()[0]
			c.fields["message"] = m.ID()
			if line.Level != c.level || line.Message != c.text || line.LoggerName != c.logger {
				t.Errorf("line is %v %q of %q", line.Level, line.Message, line.LoggerName)
			}
			if diff := cmp.Diff(c.fields, line.ContextMap()); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogMessageCostsNothingUnseen(t *testing.T) {
	s := decode[*LogMessage](t, `<log-message-service/>`)
	core, _ := observer.New(zapcore.InfoLevel)
	ctx := component.WithLogger(t.Context(), zap.New(core))
	m := newMessage("hello", "k", "v")
	if n := testing.AllocsPerRun(100, func() { _ = s.Apply(ctx, m) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
