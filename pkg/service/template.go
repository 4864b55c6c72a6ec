package service

import (
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// resolve is the text of an expression for m; an element that the document does not have is an empty text.
func resolve(t *expr.Template, m *message.Message) (string, error) {
	if t == nil {
		return "", nil
	}
	return t.Resolve(m)
}

// textOf is an expression as written; empty for an element that the document does not have.
func textOf(t *expr.Template) string {
	if t == nil {
		return ""
	}
	return t.Text()
}

// constantText is the text of an expression that is the same for every message.
func constantText(t *expr.Template) (string, bool) {
	if t == nil {
		return "", true
	}
	return t.Constant()
}
