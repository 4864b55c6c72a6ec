package service

import (
	"context"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// LogText writes a line of log. Interlok: LoggingService.
type LogText struct {
	component.ServiceBase
	Text        *expr.Template `xml:"text" doc:"the line; expressions"`
	LogLevel    string         `xml:"log-level" default:"DEBUG" enum:"TRACE,DEBUG,INFO,WARN,ERROR" doc:"level of the line"`
	LogCategory string         `xml:"log-category" default:"logging-service" doc:"name of the log"`
}

// Apply logs the text for m. A line that nobody would see costs nothing, and cannot fail.
func (l *LogText) Apply(ctx context.Context, m *message.Message) error {
	logger := component.Logger(ctx)
	level := logLevels[l.LogLevel]
	if !logger.Core().Enabled(level) {
		return nil
	}
	text, err := resolve(l.Text, m)
	if err != nil {
		return fmt.Errorf("logging-service: <text>: %w", err)
	}
	if category := strings.TrimSpace(l.LogCategory); category != "" {
		logger = logger.Named(category)
	}
	if line := logger.Check(level, text); line != nil {
		line.Write(append(contextFields(m), idField(m))...)
	}
	return nil
}

func init() {
	component.Register[LogText]("logging-service", "com.adaptris.core.services.LoggingService", component.KindService, "writes a line of log")
}
