package service

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONArrayAggregator makes a JSON array of the parts that are JSON objects; others are left out. Interlok: JsonArrayAggregator.
type JSONArrayAggregator struct{ aggregating }

// Aggregate implements Aggregator.
func (a *JSONArrayAggregator) Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error {
	return a.array(ctx, m, parts, func(value any) ([]any, error) {
		if _, ok := value.(*expr.Object); ok {
			return []any{value}, nil
		}
		return nil, nil
	})
}

// JSONArrayArrayAggregator makes one JSON array of the parts that are JSON objects, and of the objects of parts that are arrays; others
// are left out. An array of anything else fails the message. Interlok: JsonArrayArrayAggregator.
type JSONArrayArrayAggregator struct{ aggregating }

// Aggregate implements Aggregator.
func (a *JSONArrayArrayAggregator) Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error {
	return a.array(ctx, m, parts, func(value any) ([]any, error) {
		switch v := value.(type) {
		case *expr.Object:
			return []any{v}, nil
		case []any:
			for _, element := range v {
				if _, ok := element.(*expr.Object); !ok {
					return nil, fmt.Errorf("an array with %.40s in it, which is no object", expr.JSONText(element))
				}
			}
			return v, nil
		}
		return nil, nil
	})
}

// array makes the payload of m an array of the elements of its parts.
func (a *aggregating) array(ctx context.Context, m *message.Message, parts []*message.Message, elements func(any) ([]any, error)) error {
	var out strings.Builder
	out.WriteByte('[')
	err := a.each(ctx, m, parts, func(part *message.Message) (bool, error) {
		value, err := expr.ParseJSON(part)
		if err != nil {
			component.Logger(ctx).Debug("a part is no JSON and left out", zap.String("message", part.ID()))
			return true, nil
		}
		all, err := elements(value)
		if err != nil {
			return false, fmt.Errorf("part %s is %w", part.ID(), err)
		}
		for _, element := range all {
			if out.Len() > 1 {
				out.WriteByte(',')
			}
			out.WriteString(expr.JSONText(element))
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	out.WriteByte(']')
	return setText(m, out.String())
}

// JSONMergeAggregator puts the parts into the message's JSON: into an object under the key that a part's metadata names, behind the
// elements of an array. A part without that metadata, or that is no JSON, is left out and logged. Interlok: JsonMergeAggregator.
type JSONMergeAggregator struct {
	aggregating
	MergeMetadataKey string `xml:"merge-metadata-key,required" example:"mergeKey" doc:"key of the parts' metadata that names their key in the object"`
}

// Aggregate implements Aggregator.
func (a *JSONMergeAggregator) Aggregate(ctx context.Context, m *message.Message, parts []*message.Message) error {
	text, err := m.Text()
	if err != nil {
		return err
	}
	// Parsed anew: what the message keeps parsed is shared and must not change.
	root, err := expr.ParseJSONBytes([]byte(text))
	if err != nil {
		return fmt.Errorf("the payload that the parts are to be merged into is %w", err)
	}
	merge, err := mergeInto(&root)
	if err != nil {
		return err
	}
	err = a.each(ctx, m, parts, func(part *message.Message) (bool, error) {
		key, _ := part.Metadata(a.MergeMetadataKey)
		value, err := expr.ParseJSON(part)
		switch {
		case strings.TrimSpace(key) == "":
			err = fmt.Errorf("it has no metadata %q", a.MergeMetadataKey)
		case err == nil:
			merge(key, value)
		}
		if err != nil {
			component.Logger(ctx).Warn("a part is not merged into its message", zap.String("message", part.ID()), zap.Error(err))
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	return setText(m, expr.JSONText(root))
}

// mergeInto adds values to root.
func mergeInto(root *any) (func(key string, value any), error) {
	switch into := (*root).(type) {
	case *expr.Object:
		return into.Set, nil
	case []any:
		return func(_ string, value any) {
			into = append(into, value)
			*root = into
		}, nil
	}
	return nil, errors.New("the payload that the parts are to be merged into is JSON, but neither an object nor an array")
}

func init() {
	const pkg = "com.adaptris.core.json.aggregator."
	component.Register[JSONArrayAggregator]("json-array-aggregator", pkg+"JsonArrayAggregator", component.KindPart, "makes a JSON array of the parts")
	component.Register[JSONArrayArrayAggregator]("json-array-array-aggregator", pkg+"JsonArrayArrayAggregator", component.KindPart, "makes one JSON array of parts that may be arrays")
	component.Register[JSONMergeAggregator]("json-merge-aggregator", pkg+"JsonMergeAggregator", component.KindPart, "puts the parts into the message's JSON")
}
