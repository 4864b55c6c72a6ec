package service

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Bounds of an algorithm, so that none can exhaust the stack.
const (
	maxAlgorithmBytes = 8192
	maxAlgorithmDepth = 100
)

// compileAlgorithm reads an algorithm. warnings are worth saying though it compiles.
func compileAlgorithm(text string, sources expr.Sources) (e evaluation, warnings []string, err error) {
	if len(text) > maxAlgorithmBytes {
		return nil, nil, fmt.Errorf("it is %d bytes long; %d are allowed", len(text), maxAlgorithmBytes)
	}
	p := &algorithmParser{tokens: tokenizer{text: text, sources: sources}}
	if err := p.advance(); err != nil {
		return nil, nil, err
	}
	if e, err = p.choice(); err != nil {
		return nil, nil, err
	}
	if p.now.kind != endToken {
		return nil, nil, p.unexpected("an operator or the end")
	}
	return e, p.tokens.warnings, nil
}

// algorithmParser reads tokens from the weakest operator to the strongest.
type algorithmParser struct {
	tokens tokenizer
	now    token
	depth  int
}

func (p *algorithmParser) advance() error {
	var err error
	p.now, err = p.tokens.next()
	return err
}

func (p *algorithmParser) unexpected(wanted string) error {
	return fmt.Errorf("%s at character %d: %s is expected there", p.now.describe(), p.now.at+1, wanted)
}

func (p *algorithmParser) is(operators ...string) bool {
	if p.now.kind != operatorToken {
		return false
	}
	for _, o := range operators {
		if p.now.text == o {
			return true
		}
	}
	return false
}

func (p *algorithmParser) expect(operator string) error {
	if !p.is(operator) {
		return p.unexpected(operator)
	}
	return p.advance()
}

func (p *algorithmParser) deeper() error {
	if p.depth++; p.depth > maxAlgorithmDepth {
		return fmt.Errorf("it is nested more than %d deep", maxAlgorithmDepth)
	}
	return nil
}

// choice is a ? b : c, or less.
func (p *algorithmParser) choice() (evaluation, error) {
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	condition, err := p.binary(0)
	if err != nil || !p.is("?") {
		return condition, err
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	yes, err := p.choice()
	if err != nil {
		return nil, err
	}
	if err := p.expect(":"); err != nil {
		return nil, err
	}
	no, err := p.choice()
	if err != nil {
		return nil, err
	}
	return func(m *message.Message) (value, error) {
		holds, err := truthOf(condition, m)
		switch {
		case err != nil:
			return value{}, err
		case holds:
			return yes(m)
		}
		return no(m)
	}, nil
}

// levels are the operators with two sides, the weakest first.
var levels = [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "/", "%"}}

func (p *algorithmParser) binary(level int) (evaluation, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for p.is(levels[level]...) {
		operator := p.now.text
		if err := p.advance(); err != nil {
			return nil, err
		}
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		left = join(operator, left, right)
	}
	return left, nil
}

func (p *algorithmParser) unary() (evaluation, error) {
	if !p.is("!", "-", "+") {
		return p.calls()
	}
	if err := p.deeper(); err != nil {
		return nil, err
	}
	defer func() { p.depth-- }()
	operator := p.now.text
	if err := p.advance(); err != nil {
		return nil, err
	}
	operand, err := p.unary()
	if err != nil {
		return nil, err
	}
	if operator == "!" {
		return func(m *message.Message) (value, error) {
			holds, err := truthOf(operand, m)
			return truthValue(!holds), err
		}, nil
	}
	return func(m *message.Message) (value, error) {
		v, err := operand(m)
		if err != nil {
			return value{}, err
		}
		return compute(operator, value{kind: wholeValue}, v)
	}, nil
}

// calls is an operand and the functions that are called on it.
func (p *algorithmParser) calls() (evaluation, error) {
	e, err := p.operand()
	for err == nil && p.is(".") {
		if err = p.advance(); err == nil {
			e, err = p.call(e)
		}
	}
	return e, err
}

func (p *algorithmParser) call(on evaluation) (evaluation, error) {
	f, ok := textFunctions[p.now.text]
	if p.now.kind != nameToken || !ok {
		return nil, p.unexpected("one of " + strings.Join(functionNames, ", "))
	}
	name := p.now.text
	if err := p.advance(); err != nil {
		return nil, err
	}
	if err := p.expect("("); err != nil {
		return nil, err
	}
	argument := func(*message.Message) (value, error) { return value{}, nil }
	if f.takes {
		var err error
		if argument, err = p.choice(); err != nil {
			return nil, err
		}
	}
	if err := p.expect(")"); err != nil {
		return nil, err
	}
	return func(m *message.Message) (value, error) {
		v, err := on(m)
		if err != nil {
			return value{}, err
		}
		a, err := argument(m)
		if err != nil {
			return value{}, err
		}
		if v.kind == nullValue || f.takes && a.kind == nullValue {
			return value{}, fmt.Errorf("%s is called on or with null", name)
		}
		return f.call(v.String(), a.String())
	}, nil
}

func (p *algorithmParser) operand() (evaluation, error) {
	t := p.now
	var e evaluation
	switch {
	case t.kind == numberToken:
		n, ok := number(t.text)
		if !ok {
			return nil, fmt.Errorf("%s at character %d is no number", t.text, t.at+1)
		}
		e = constantValue(n)
	case t.kind == nameToken && (t.text == "true" || t.text == "false" || t.text == "null"):
		e = constantValue(typed(t.text))
	case t.kind == textToken:
		e = quotedValue(t.pieces)
	case t.kind == placeholderToken:
		e = placeholderValue(t.pieces[0].template)
	case p.is("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		inner, err := p.choice()
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case t.kind == nameToken:
		return nil, p.unexpected("a value, with text in quotes,")
	default:
		return nil, p.unexpected("a value")
	}
	return e, p.advance()
}
