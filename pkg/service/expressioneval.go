package service

import (
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// evaluation computes a part of an algorithm for a message. It is safe for concurrent use.
type evaluation func(m *message.Message) (value, error)

func truthOf(e evaluation, m *message.Message) (bool, error) {
	v, err := e(m)
	if err != nil {
		return false, err
	}
	return v.truth()
}

func join(operator string, left, right evaluation) evaluation {
	if operator == "||" || operator == "&&" {
		return func(m *message.Message) (value, error) {
			holds, err := truthOf(left, m)
			if err == nil && holds == (operator == "&&") {
				holds, err = truthOf(right, m)
			}
			return truthValue(holds), err
		}
	}
	return func(m *message.Message) (value, error) {
		a, err := left(m)
		if err != nil {
			return value{}, err
		}
		b, err := right(m)
		if err != nil {
			return value{}, err
		}
		switch operator {
		case "==":
			return truthValue(equal(a, b)), nil
		case "!=":
			return truthValue(!equal(a, b)), nil
		case "<", "<=", ">", ">=":
			c, err := compare(a, b)
			return truthValue(operator[0] == '<' && c < 0 || operator[0] == '>' && c > 0 || len(operator) == 2 && c == 0), err
		}
		return compute(operator, a, b)
	}
}

func constantValue(v value) evaluation {
	return func(*message.Message) (value, error) { return v, nil }
}

func placeholderValue(t *expr.Template) evaluation {
	return func(m *message.Message) (value, error) {
		text, err := t.Resolve(m)
		if err != nil {
			return value{}, err
		}
		return typed(text), nil
	}
}

func quotedValue(pieces []piece) evaluation {
	return func(m *message.Message) (value, error) {
		var b []byte
		for _, p := range pieces {
			b = append(b, p.literal...)
			if p.template != nil {
				var err error
				if b, err = p.template.Append(b, m); err != nil {
					return value{}, err
				}
			}
		}
		return textOfValue(string(b)), nil
	}
}
