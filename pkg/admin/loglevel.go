package admin

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"go.uber.org/zap"
)

// Level is the least level that is logged.
type Level struct {
	Level string `json:"level"`
}

var errNoLevel = refuse(http.StatusNotFound, "the log level of this program can not be changed while it runs")

func (s *Server) getLogLevel(*http.Request) (any, error) {
	if s.options.LogLevel == nil {
		return nil, errNoLevel
	}
	return Level{s.options.LogLevel.Level()}, nil
}

func (s *Server) postLogLevel(r *http.Request) (any, error) {
	l := s.options.LogLevel
	if l == nil {
		return nil, errNoLevel
	}
	var next *Level
	if err := decode(r, &next); err != nil {
		return nil, err
	}
	if next == nil || !slices.Contains(l.Levels(), next.Level) {
		return nil, refuse(http.StatusBadRequest, fmt.Sprintf(`the body must be {"level": …} with one of %s`, strings.Join(l.Levels(), ", ")))
	}
	before := l.Level()
	say := func() bool {
		line := s.options.Log.Check(zap.WarnLevel, "an operator changes the log level")
		if line != nil {
			line.Write(zap.String("from", r.RemoteAddr), zap.String("before", before), zap.String("level", next.Level))
		}
		return line != nil
	}
	said := say() // while the log still says it, or nobody would see who silenced it
	l.SetLevel(next.Level)
	if !said {
		say()
	}
	return Level{l.Level()}, nil
}
