package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// MatchText takes parts out of a text by regular expressions. Interlok: RegexpService. The text is read anew for each execution, so that
// one sees what those before it have written.
type MatchText struct {
	component.ServiceBase
	Source     DataInput         `xml:"regexp-source" default:"string-payload-data-input-parameter" doc:"the text"`
	Executions []*MatchExecution `xml:"regexp-execution,implicit" doc:"what is taken and where it goes"`
}

// MatchExecution writes group 1 of the first match; without a match it writes nothing. Interlok: Execution.
type MatchExecution struct {
	Source DataInput  `xml:"source,required" doc:"the regular expression, which needs a group"`
	Target DataOutput `xml:"target,required" doc:"where the text of group 1 goes"`

	patterns patternCache
}

// Check compiles a pattern that is the same for every message.
func (e *MatchExecution) Check(r *component.Report) {
	c, ok := e.Source.(*ConstantInput)
	if !ok {
		return
	}
	text, ok := constantText(c.Value)
	if !ok {
		return
	}
	pattern, err := e.patterns.compile(text)
	switch {
	case err != nil:
		r.Errorf("source", "bad-value", ": %v", err)
	case pattern.NumSubexp() == 0:
		r.Errorf("source", "bad-value", "is %q, which has no group; put brackets around the part that is wanted", text)
	}
}

// Check refuses a service without executions, which would do nothing.
func (s *MatchText) Check(r *component.Report) {
	if len(s.Executions) == 0 {
		r.Errorf("", "missing-element", "has no <regexp-execution>, so it does nothing; add one or remove the service")
	}
}

// Apply writes what the expressions match.
func (s *MatchText) Apply(_ context.Context, m *message.Message) error {
	for _, e := range s.Executions {
		if err := s.execute(e, m); err != nil {
			return fmt.Errorf("regexp-service: %w", err)
		}
	}
	return nil
}

func (s *MatchText) execute(e *MatchExecution, m *message.Message) error {
	text, err := s.Source.Read(m)
	if err != nil {
		return fmt.Errorf("<regexp-source>: %w", err)
	}
	expression, err := e.Source.Read(m)
	if err != nil {
		return fmt.Errorf("<source>: %w", err)
	}
	pattern, err := e.patterns.compile(expression)
	if err != nil {
		return fmt.Errorf("<source>: %w", err)
	}
	match := pattern.FindStringSubmatch(text)
	if match == nil {
		return nil
	}
	if len(match) < 2 {
		return fmt.Errorf("<source>: %q has no group; put brackets around the part that is wanted", expression)
	}
	if err := e.Target.Write(m, match[1]); err != nil {
		return fmt.Errorf("<target>: %w", err)
	}
	return nil
}

func init() {
	component.Register[MatchText]("regexp-service", "com.adaptris.core.services.path.RegexpService", component.KindService,
		"takes parts out of a text by regular expressions")
}
