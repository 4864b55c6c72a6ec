package service

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ExpressionCondition computes a truth value, such as %message{count} > 40 && "%message{type}".equals("order"). Interlok:
// ConditionExpression, which gives the text, with values put into it, to a Java interpreter.
//
// Here the text is read once, when the document is, and values are data: they never become operators or calls. A %…{…} that stands alone
// is a number, true, false or null if it reads as one, else a text; inside quotes it is always part of a text. There are numbers, texts
// in either quotes, true, false and null; ?: || && ! == != < <= > >= + - * / %, parentheses, the spellings @or, @and, @gt, @gteq, @lt and
// @lteq that need no escaping in XML; and of a text equals, equalsIgnoreCase, contains, startsWith, endsWith, matches, isEmpty, length,
// trim, toLowerCase and toUpperCase. Whole numbers have 64 bits and divide without a rest, others are double precision, as in Java.
type ExpressionCondition struct {
	conditionBase
	Algorithm string `xml:"algorithm,required" example:"%message{count} > 40" doc:"what is computed"`

	compiled evaluation
}

// Check reads the algorithm.
func (c *ExpressionCondition) Check(r *component.Report) {
	compiled, warnings, err := compileAlgorithm(c.Algorithm, r.Sources())
	for _, w := range warnings {
		r.Warnf("algorithm", "expression", ": %s", w)
	}
	if err != nil {
		r.Errorf("algorithm", "bad-value", ": %v", err)
	}
	c.compiled = compiled
}

// Evaluate implements component.Condition.
func (c *ExpressionCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	v, err := c.compiled(m)
	if err != nil {
		return false, fmt.Errorf("expression %s: %w", c.Algorithm, err)
	}
	holds, err := v.truth()
	if err != nil {
		return false, fmt.Errorf("expression %s: %w", c.Algorithm, err)
	}
	return c.logs(ctx, m, "expression "+c.Algorithm, holds), nil
}

func init() {
	component.Register[ExpressionCondition]("expression", "com.adaptris.core.services.conditional.conditions.ConditionExpression",
		component.KindCondition, "computes a truth value")
}
