package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// ResolveExpression resolves the expressions in a text and writes the outcome. Interlok: ResolveExpressionService. A text of the document is
// resolved once; what the expressions in it give is data. A text of the message is resolved as it comes: whoever sends it may read the
// message, the environment and system properties through it.
type ResolveExpression struct {
	component.ServiceBase
	Input  DataInput  `xml:"input,required" example:"constant-data-input-parameter" doc:"the text"`
	Output DataOutput `xml:"output,required" example:"metadata-data-output-parameter" doc:"where the outcome goes"`

	sources expr.Sources
}

// Check warns of expressions that messages bring.
func (s *ResolveExpression) Check(r *component.Report) {
	s.sources = r.Sources()
	if _, constant := s.Input.(*ConstantInput); s.Input != nil && !constant {
		r.Warnf("input", "untrusted-expression", "takes expressions from messages: whoever sends them may read environment variables and system properties by them; take the text from the document, with constant-data-input-parameter, unless you trust the senders")
	}
}

// Apply writes the outcome.
func (s *ResolveExpression) Apply(_ context.Context, m *message.Message) error {
	text, err := s.Input.Read(m)
	if err != nil {
		return fmt.Errorf("resolve-expression-service: <input>: %w", err)
	}
	if _, constant := s.Input.(*ConstantInput); !constant {
		t, err := expr.Compile(text, s.sources)
		if err == nil {
			text, err = t.Resolve(m)
		}
		if err != nil {
			return fmt.Errorf("resolve-expression-service: %w", err)
		}
	}
	if err := s.Output.Write(m, text); err != nil {
		return fmt.Errorf("resolve-expression-service: <output>: %w", err)
	}
	return nil
}

func init() {
	component.Register[ResolveExpression]("resolve-expression-service", "com.adaptris.core.services.ResolveExpressionService", component.KindService,
		"resolves the expressions in a text")
}
