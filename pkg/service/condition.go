package service

import (
	"context"
	"fmt"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// conditionBase holds the field that all conditions have; conditions embed it.
type conditionBase struct {
	AdditionalLogging bool `xml:"additional-logging" default:"false" doc:"true logs each outcome at trace"`
}

// logs returns holds and, if the document asks for it, logs it.
func (c *conditionBase) logs(ctx context.Context, m *message.Message, condition string, holds bool) bool {
	if c.AdditionalLogging {
		component.Logger(ctx).Log(zapcore.DebugLevel-1, "condition evaluated",
			zap.String("condition", condition), zap.String("message", m.ID()), zap.Bool("holds", holds))
	}
	return holds
}

// MetadataCondition asks an operator about a metadata value. Interlok: ConditionMetadata.
type MetadataCondition struct {
	conditionBase
	MetadataKey string   `xml:"metadata-key,required" doc:"key of the metadata"`
	Operator    Operator `xml:"operator,required" doc:"what must hold for the value"`
}

// Evaluate implements component.Condition.
func (c *MetadataCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	value, there := m.Metadata(c.MetadataKey)
	holds, err := c.Operator.Holds(m, value, there)
	if err != nil {
		return false, fmt.Errorf("metadata %q: %w", c.MetadataKey, err)
	}
	return c.logs(ctx, m, "metadata "+c.MetadataKey, holds), nil
}

// PayloadCondition asks an operator about the payload. Interlok: ConditionPayload.
type PayloadCondition struct {
	conditionBase
	Operator Operator `xml:"operator,required" doc:"what must hold for the payload"`
}

// Evaluate implements component.Condition.
func (c *PayloadCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	text, err := m.Text()
	if err != nil {
		return false, err
	}
	holds, err := c.Operator.Holds(m, text, true)
	if err != nil {
		return false, fmt.Errorf("payload: %w", err)
	}
	return c.logs(ctx, m, "payload", holds), nil
}

// AndCondition holds when all of its conditions do; they are asked until one does not. Without conditions it does not hold. Interlok:
// ConditionAnd.
type AndCondition struct {
	conditionBase
	Conditions []component.Condition `xml:"*,implicit" doc:"the conditions"`
}

// Evaluate implements component.Condition.
func (c *AndCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	for _, inner := range c.Conditions {
		if holds, err := inner.Evaluate(ctx, m); err != nil || !holds {
			return c.logs(ctx, m, "and", false), err
		}
	}
	return c.logs(ctx, m, "and", len(c.Conditions) > 0), nil
}

// OrCondition holds when one of its conditions does; they are asked until one does. Interlok: ConditionOr.
type OrCondition struct {
	conditionBase
	Conditions []component.Condition `xml:"*,implicit" doc:"the conditions"`
}

// Evaluate implements component.Condition.
func (c *OrCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	for _, inner := range c.Conditions {
		if holds, err := inner.Evaluate(ctx, m); err != nil || holds {
			return c.logs(ctx, m, "or", holds && err == nil), err
		}
	}
	return c.logs(ctx, m, "or", false), nil
}

// NotCondition holds when its condition does not. Interlok: ConditionNot.
type NotCondition struct {
	conditionBase
	Condition component.Condition `xml:"condition,required" doc:"the condition"`
}

// Evaluate implements component.Condition.
func (c *NotCondition) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	holds, err := c.Condition.Evaluate(ctx, m)
	if err != nil {
		return false, err
	}
	return c.logs(ctx, m, "not", !holds), nil
}

// NeverCondition never holds. Interlok: ConditionNever.
type NeverCondition struct{}

// Evaluate implements component.Condition.
func (*NeverCondition) Evaluate(context.Context, *message.Message) (bool, error) { return false, nil }

func init() {
	const pkg = "com.adaptris.core.services.conditional.conditions."
	component.Register[MetadataCondition]("metadata", pkg+"ConditionMetadata", component.KindCondition, "asks an operator about a metadata value")
	component.Register[PayloadCondition]("payload", pkg+"ConditionPayload", component.KindCondition, "asks an operator about the payload")
	component.Register[AndCondition]("and", pkg+"ConditionAnd", component.KindCondition, "holds when all conditions inside do")
	component.Register[OrCondition]("or", pkg+"ConditionOr", component.KindCondition, "holds when one of the conditions inside does")
	component.Register[NotCondition]("not", pkg+"ConditionNot", component.KindCondition, "holds when the condition inside does not")
	component.Register[NeverCondition]("never", pkg+"ConditionNever", component.KindCondition, "never holds")
}
