package service

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONToMetadata makes metadata of the members of the JSON object that the payload is. Interlok: JsonToMetadata. A text is taken as it
// is, numbers keep their digits, null becomes the text null, objects and arrays become compact JSON. A payload that does not begin with a
// JSON object changes nothing; what follows the object is not looked at, as in Interlok.
type JSONToMetadata struct {
	component.ServiceBase
	MetadataPrefix string        `xml:"metadata-prefix" example:"order." doc:"what stands before each key"`
	NullConverter  NullConverter `xml:"null-converter" doc:"what becomes of a JSON null; without it the text null"`
}

// Apply sets the metadata.
func (s *JSONToMetadata) Apply(ctx context.Context, m *message.Message) error {
	root, err := expr.ParseJSON(m)
	if err != nil {
		root, err = firstObject(m)
	}
	object, ok := root.(*expr.Object)
	if err != nil || !ok {
		component.Logger(ctx).Debug("the payload is no JSON object; no metadata made of it", zap.String("service", s.UniqueID), zap.String("message", m.ID()))
		return nil
	}
	for _, member := range object.Members() {
		text, err := s.text(member.Value)
		if err != nil {
			return fmt.Errorf("json-to-metadata: member %q: %w", member.Key, err)
		}
		m.SetMetadata(s.MetadataPrefix+member.Key, text)
	}
	return nil
}

func (s *JSONToMetadata) text(value any) (string, error) {
	switch v := value.(type) {
	case nil:
		if s.NullConverter != nil {
			return s.NullConverter.Null()
		}
		return "null", nil
	case string:
		return v, nil
	}
	return expr.JSONText(value), nil
}

// firstObject reads the first of several JSON values, for payloads such as JSON lines; nil if that is no object.
func firstObject(m *message.Message) (any, error) {
	text, err := m.Text()
	if err != nil {
		return nil, err
	}
	data := bytes.TrimPrefix([]byte(text), byteOrderMark)
	if start := bytes.TrimLeft(data, " \t\r\n"); len(start) == 0 || start[0] != '{' {
		return nil, nil
	}
	var first json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&first); err != nil {
		return nil, err
	}
	return expr.ParseJSONBytes(first)
}

func init() {
	component.Register[JSONToMetadata]("json-to-metadata", "com.adaptris.core.json.JsonToMetadata", component.KindService,
		"makes metadata of the members of a JSON object")
}
