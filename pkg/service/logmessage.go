package service

import (
	"context"
	"strings"

	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// logCategory is the default name of the service's log (Interlok: the class).
const logCategory = "log-message-service"

// LogMessage writes a line of log about a message. Interlok: LogMessageService.
type LogMessage struct {
	component.ServiceBase
	LogPrefix     string        `xml:"log-prefix" doc:"text that the line begins with"`
	LoggingFormat MessageFormat `xml:"logging-format" default:"message-logging-with-payload" doc:"what of the message goes into the line"`
	LogLevel      string        `xml:"log-level" default:"DEBUG" enum:"TRACE,DEBUG,INFO,WARN,ERROR" doc:"level of the line"`
	LogCategory   string        `xml:"log-category" default:"log-message-service" doc:"name of the log"`
}

// logLevels are those of Interlok; zap has no trace, so trace is one below debug.
var logLevels = map[string]zapcore.Level{
	"TRACE": zapcore.DebugLevel - 1, "DEBUG": zapcore.DebugLevel, "INFO": zapcore.InfoLevel, "WARN": zapcore.WarnLevel, "ERROR": zapcore.ErrorLevel,
}

// Apply logs m. A line that nobody would see costs nothing.
func (l *LogMessage) Apply(ctx context.Context, m *message.Message) error {
	category := l.LogCategory
	if strings.TrimSpace(category) == "" {
		category = logCategory
	}
	text := strings.TrimSpace(l.LogPrefix)
	if text == "" {
		text = "message"
	}
	logger := component.Logger(ctx)
	if level := logLevels[l.LogLevel]; logger.Core().Enabled(level) {
		if line := logger.Named(category).Check(level, text); line != nil {
			line.Write(append(l.LoggingFormat.Fields(m), contextFields(m)...)...)
		}
	}
	return nil
}

func init() {
	component.Register[LogMessage]("log-message-service", "com.adaptris.core.services.LogMessageService", component.KindService,
		"writes the message to the log")
}
