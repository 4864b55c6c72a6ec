package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONArrayToLines makes a line of every element of a JSON array. Interlok: JsonArrayToJsonLines. Elements become compact JSON as they are
// written, and may be anything; in Interlok, the first one that is no object ends the payload without a word.
type JSONArrayToLines struct {
	component.ServiceBase
}

// Apply replaces the payload.
func (s *JSONArrayToLines) Apply(_ context.Context, m *message.Message) error {
	root, err := expr.ParseJSON(m)
	if err != nil {
		return fmt.Errorf("json-array-to-lines-transform: the payload is %w", err)
	}
	array, ok := root.([]any)
	if !ok {
		return errors.New("json-array-to-lines-transform: the payload is JSON, but no array; leave it as it is, or put it into brackets")
	}
	out := make([]byte, 0, len(m.Payload()))
	for _, element := range array {
		out = append(expr.AppendJSON(out, element), '\n')
	}
	if err := setText(m, string(out)); err != nil {
		return fmt.Errorf("json-array-to-lines-transform: %w", err)
	}
	return nil
}

// JSONLinesToArray makes a JSON array of a payload that has a JSON object in each line. Interlok: JsonLinesToJsonArray. Blank lines are
// left out. The array is compact, and values stay what they are (Interlok makes texts of them all, and indents).
type JSONLinesToArray struct {
	component.ServiceBase
}

// Apply replaces the payload.
func (s *JSONLinesToArray) Apply(_ context.Context, m *message.Message) error {
	text, err := m.Text()
	if err != nil {
		return fmt.Errorf("json-lines-to-array-transform: %w", err)
	}
	out := append(make([]byte, 0, len(text)+2), '[')
	number := 0
	for line := range bytes.Lines(bytes.TrimPrefix([]byte(text), byteOrderMark)) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		value, err := expr.ParseJSONBytes(line)
		if err != nil {
			return fmt.Errorf("json-lines-to-array-transform: line %d of the payload is %w", number, err)
		}
		if _, ok := value.(*expr.Object); !ok {
			return fmt.Errorf("json-lines-to-array-transform: line %d of the payload is JSON, but no object: %.40s; there must be one object in each line", number, line)
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = expr.AppendJSON(out, value)
	}
	if err := setText(m, string(append(out, ']'))); err != nil {
		return fmt.Errorf("json-lines-to-array-transform: %w", err)
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.transform.json."
	component.Register[JSONArrayToLines]("json-array-to-lines-transform", pkg+"JsonArrayToJsonLines", component.KindService, "makes a line of every element of a JSON array")
	component.Register[JSONLinesToArray]("json-lines-to-array-transform", pkg+"JsonLinesToJsonArray", component.KindService, "makes a JSON array of lines that are JSON objects")
}
