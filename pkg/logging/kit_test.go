package logging

import (
	"fmt"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watched is a logger whose repeated lines are summed, and what it writes.
func watched(level zapcore.LevelEnabler) (*zap.Logger, *Sums, *observer.ObservedLogs) {
	core, seen := observer.New(level)
	sums := NewSums()
	return zap.New(sums.Core(core)), sums, seen
}

// texts are the lines with some of their fields.
func texts(seen *observer.ObservedLogs, keys ...string) []string {
	var out []string
	for _, e := range seen.All() {
		parts := []string{e.Level.String(), e.Message}
		fields := e.ContextMap()
		for _, key := range keys {
			if v, ok := fields[key]; ok {
				parts = append(parts, fmt.Sprintf("%s=%v", key, v))
			}
		}
		out = append(out, strings.Join(parts, " "))
	}
	return out
}
