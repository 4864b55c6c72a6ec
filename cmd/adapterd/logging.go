package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/logging"
)

// logFlags are the flags of commands that log.
type logFlags struct {
	level, format string
	// repeats asks for every line, however often it comes; else summingLogger sums them.
	repeats bool
	sums    *logging.Sums
	// atomic is the level of the logger that was made; it can be changed while others log.
	atomic zap.AtomicLevel
}

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
	f.atomic = zap.NewAtomicLevelAt(level)
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
	return zap.New(zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(out)), f.atomic), zap.AddStacktrace(zapcore.FatalLevel+1)), nil
}

// summingLogger is logger with repeated lines summed, unless they are asked for. end writes what is not written yet.
func (f *logFlags) summingLogger(out io.Writer) (log *zap.Logger, end func(), err error) {
	log, err = f.logger(out)
	if err != nil || f.repeats {
		return log, func() {}, err
	}
	f.sums = logging.NewSums()
	return log.WithOptions(zap.WrapCore(f.sums.Core)), f.sums.Close, nil
}

// flushSums writes the sums so far, so that they stand before what is logged next.
func (f *logFlags) flushSums() {
	if f.sums != nil {
		f.sums.Flush()
	}
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
