package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logFlags are the flags of commands that log.
type logFlags struct{ level, format string }

func (f *logFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.level, "log-level", "info", "least level to log: trace, debug, info, warn or error")
	c.Flags().StringVar(&f.format, "log-format", formatConsole, "console for people, json for machines")
}

// The values of --log-format.
const (
	formatConsole = "console"
	formatJSON    = "json"
)

// traceLevel is one below zap's lowest.
const traceLevel = zapcore.DebugLevel - 1

var logLevels = map[string]zapcore.Level{
	"trace": traceLevel, "debug": zapcore.DebugLevel, "info": zapcore.InfoLevel, "warn": zapcore.WarnLevel, "warning": zapcore.WarnLevel, "error": zapcore.ErrorLevel,
}

// logger writes to out.
func (f *logFlags) logger(out io.Writer) (*zap.Logger, error) {
	level, ok := logLevels[f.level]
	if !ok {
		return nil, usageError{fmt.Errorf("--log-level is %q; use trace, debug, info, warn or error", f.level)}
	}
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.StringDurationEncoder
	config.TimeKey = "time"
	config.EncodeLevel = lowerLevel
	var encoder zapcore.Encoder
	switch f.format {
	case formatJSON:
		encoder = zapcore.NewJSONEncoder(config)
	case formatConsole:
		config.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02 15:04:05.000")
		config.EncodeLevel = upperLevel
		config.ConsoleSeparator = "  "
		encoder = zapcore.NewConsoleEncoder(config)
	default:
		return nil, usageError{fmt.Errorf("--log-format is %q; use console or json", f.format)}
	}
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), level), zap.AddStacktrace(zapcore.FatalLevel+1)), nil
}

func lowerLevel(l zapcore.Level, e zapcore.PrimitiveArrayEncoder) {
	if l == traceLevel {
		e.AppendString("trace")
		return
	}
	zapcore.LowercaseLevelEncoder(l, e)
}

func upperLevel(l zapcore.Level, e zapcore.PrimitiveArrayEncoder) {
	if l == traceLevel {
		e.AppendString("TRACE")
		return
	}
	zapcore.CapitalLevelEncoder(l, e)
}
