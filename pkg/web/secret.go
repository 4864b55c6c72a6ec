package web

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// secret is a secret of the document that may be an expression for one.
type secret struct {
	element string
	fixed   document.Secret
	varying *expr.Template // nil for a fixed one
}

// newSecret looks whether the text of <element> is an expression. An encoded secret is none, whatever it decodes to.
func newSecret(r *component.Report, element string, fixed document.Secret) secret {
	s := secret{element: element, fixed: fixed}
	node := r.Node().Child(element)
	if node == nil || !strings.Contains(node.Text, "%") {
		return s
	}
	for _, form := range []string{document.FormPW, document.FormGCM, document.FormSeed} {
		if strings.HasPrefix(strings.TrimSpace(node.Text), form) {
			return s
		}
	}
	t, err := expr.Compile(node.Text, r.Sources())
	if err != nil {
		r.Errorf(element, "bad-value", "is no valid expression; its text is secret and not shown")
		return s
	}
	if _, constant := t.Constant(); !constant {
		s.varying = t
	}
	return s
}

// resolve is the secret for a message. Its errors do not show it.
func (s secret) resolve(m *message.Message) (string, error) {
	if s.varying == nil {
		return s.fixed.Reveal(), nil
	}
	text, err := s.varying.Resolve(m)
	if err != nil {
		return "", fmt.Errorf("<%s>: its expression can not be resolved for this message; set the metadata that it names before", s.element)
	}
	plain, err := document.DecodeSecret(text, nil)
	if err != nil {
		return "", fmt.Errorf("<%s>: %w", s.element, err)
	}
	return plain.Reveal(), nil
}
