package kpl

import (
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// logLevels are the KPL's words for levels in those of zap, which has no trace.
var logLevels = map[string]zapcore.Level{
	"trace": zap.DebugLevel, "debug": zap.DebugLevel, "info": zap.InfoLevel, "warning": zap.WarnLevel, "error": zap.ErrorLevel,
}

// logger is Logger with what is below LogLevel left out, or one that says nothing.
func (c Config) logger() *zap.Logger {
	if c.Logger == nil {
		return zap.NewNop()
	}
	least, known := logLevels[c.LogLevel]
	if !known || !c.Logger.Core().Enabled(least) {
		return c.Logger // zap cannot make a logger say more than it does
	}
	return c.Logger.WithOptions(zap.IncreaseLevel(least))
}
