package service

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Operator decides something about a value. Values are data: expressions in them are not resolved, other than in Interlok. It is safe for
// concurrent use.
type Operator interface {
	// Holds says whether it holds for value; there is false when the message has no such value.
	Holds(m *message.Message, value string, there bool) (bool, error)
}

// Equals holds when the value equals another one. Interlok: Equals.
type Equals struct {
	Value *expr.Template `xml:"value" doc:"what the value is compared with, or an expression for it"`
}

// Holds implements Operator. A value that is not there equals nothing.
func (o *Equals) Holds(m *message.Message, value string, there bool) (bool, error) {
	want, err := resolve(o.Value, m)
	return err == nil && there && value == want, err
}

// NotEquals holds when Equals does not. Interlok: NotEquals.
type NotEquals struct {
	Value *expr.Template `xml:"value" doc:"what the value is compared with, or an expression for it"`
}

// Holds implements Operator. A value that is not there differs from everything.
func (o *NotEquals) Holds(m *message.Message, value string, there bool) (bool, error) {
	want, err := resolve(o.Value, m)
	return err == nil && !(there && value == want), err
}

// IsNull holds for a value that is not there or empty. Interlok: IsNull.
type IsNull struct{}

// Holds implements Operator.
func (*IsNull) Holds(_ *message.Message, value string, _ bool) (bool, error) { return value == "", nil }

// NotNull holds for a value that is there, also for an empty one. Interlok: NotNull.
type NotNull struct{}

// Holds implements Operator.
func (*NotNull) Holds(_ *message.Message, _ string, there bool) (bool, error) { return there, nil }

// IsEmpty holds for a value that is not there or empty. Interlok: IsEmpty.
type IsEmpty struct {
	IgnoreWhitespace bool `xml:"ignore-whitespace" default:"false" doc:"true counts a value of white space as empty"`
}

// Holds implements Operator.
func (o *IsEmpty) Holds(_ *message.Message, value string, _ bool) (bool, error) {
	return value == "" || o.IgnoreWhitespace && strings.TrimSpace(value) == "", nil
}

// NotEmpty holds when IsEmpty does not. Interlok: NotEmpty.
type NotEmpty struct {
	IsEmpty
}

// Holds implements Operator.
func (o *NotEmpty) Holds(m *message.Message, value string, there bool) (bool, error) {
	empty, err := o.IsEmpty.Holds(m, value, there)
	return !empty, err
}

// IsIn holds when the value is one of a list. Interlok: IsIn.
type IsIn struct {
	Values []string `xml:"value,implicit" doc:"the list"`
}

// Holds implements Operator.
func (o *IsIn) Holds(_ *message.Message, value string, there bool) (bool, error) {
	return there && slices.Contains(o.Values, value), nil
}

// NotIn holds when IsIn does not. Interlok: NotIn.
type NotIn struct {
	Values []string `xml:"value,implicit" doc:"the list"`
}

// Holds implements Operator. A value that is not there is not in the list.
func (o *NotIn) Holds(_ *message.Message, value string, there bool) (bool, error) {
	return !there || !slices.Contains(o.Values, value), nil
}

// Matches holds when a regular expression matches the whole value. Interlok: Matches.
type Matches struct {
	Value *expr.Template `xml:"value,required" example:"order-.*" doc:"regular expression, or an expression for it"`

	pattern *regexp.Regexp
}

// Check compiles a pattern that is the same for every message.
func (o *Matches) Check(r *component.Report) {
	text, ok := constantText(o.Value)
	if !ok {
		return
	}
	var err error
	if o.pattern, err = compilePattern(text); err != nil {
		r.Errorf("value", "bad-value", ": %v", err)
	}
}

// Holds implements Operator. A value that is not there matches nothing.
func (o *Matches) Holds(m *message.Message, value string, there bool) (bool, error) {
	if !there {
		return false, nil
	}
	pattern := o.pattern
	if pattern == nil {
		text, err := resolve(o.Value, m)
		if err != nil {
			return false, err
		}
		if pattern, err = compilePattern(text); err != nil {
			return false, err
		}
	}
	return pattern.MatchString(value), nil
}

func compilePattern(text string) (*regexp.Regexp, error) {
	r, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression that is supported here (RE2 syntax, without look-around and back references): %w", text, err)
	}
	return wholeMatch(r), nil
}

func init() {
	const pkg = "com.adaptris.core.services.conditional.operator."
	component.Register[Equals]("equals", pkg+"Equals", component.KindPart, "the value equals another")
	component.Register[NotEquals]("not-equals", pkg+"NotEquals", component.KindPart, "the value does not equal another")
	component.Register[IsNull]("is-null", pkg+"IsNull", component.KindPart, "there is no value, or an empty one")
	component.Register[NotNull]("not-null", pkg+"NotNull", component.KindPart, "there is a value, even an empty one")
	component.Register[IsEmpty]("is-empty", pkg+"IsEmpty", component.KindPart, "there is no value, or an empty one")
	component.Register[NotEmpty]("not-empty", pkg+"NotEmpty", component.KindPart, "there is a value that is not empty")
	component.Register[IsIn]("is-in", pkg+"IsIn", component.KindPart, "the value is one of a list")
	component.Register[NotIn]("not-in", pkg+"NotIn", component.KindPart, "the value is none of a list")
	component.Register[Matches]("matches", pkg+"Matches", component.KindPart, "a regular expression matches the whole value")
}
