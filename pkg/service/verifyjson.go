package service

import (
	"context"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// VerifyIsJSON fails a message whose payload is no JSON. Interlok: VerifyIsJson. What is JSON, RFC 8259 says: unlike in Interlok, neither
// an empty payload passes, nor one with something behind the JSON.
type VerifyIsJSON struct {
	component.ServiceBase
	Deserializer JSONDeserializer `xml:"deserializer" default:"jackson-json-deserializer" doc:"what kind of JSON the payload must be"`
}

// Apply looks at the payload.
func (s *VerifyIsJSON) Apply(_ context.Context, m *message.Message) error {
	root, err := expr.ParseJSON(m)
	if err == nil {
		err = s.Deserializer.accept(root)
	}
	if err != nil {
		return fmt.Errorf("verify-is-json: the payload is %w", err)
	}
	return nil
}

// JSONDeserializer says what kind of JSON a component takes. Interlok: JsonDeserializer. It is safe for concurrent use.
type JSONDeserializer interface {
	// accept says why a JSON value is not of that kind, as the end of a sentence that begins with what it is.
	accept(root any) error
}

// AnyJSON takes any JSON. Interlok: JacksonJsonDeserializer.
type AnyJSON struct{}

func (*AnyJSON) accept(any) error { return nil }

// ObjectOrArrayJSON takes JSON objects and arrays. Interlok: BasicJsonDeserializer, which besides takes much that is nearly JSON, such as
// keys without quotes; that is refused here.
type ObjectOrArrayJSON struct{}

func (*ObjectOrArrayJSON) accept(root any) error {
	switch root.(type) {
	case *expr.Object, []any:
		return nil
	}
	return errors.New("JSON, but neither an object nor an array; use jackson-json-deserializer for JSON of any kind")
}

func init() {
	const pkg = "com.adaptris.core.json."
	component.Register[VerifyIsJSON]("verify-is-json", pkg+"VerifyIsJson", component.KindService, "fails a message whose payload is no JSON")
	component.Register[AnyJSON]("jackson-json-deserializer", pkg+"JacksonJsonDeserializer", component.KindPart, "takes any JSON")
	component.Register[ObjectOrArrayJSON]("basic-json-deserializer", pkg+"BasicJsonDeserializer", component.KindPart, "takes JSON objects and arrays")
}
