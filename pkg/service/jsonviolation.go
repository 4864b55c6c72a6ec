package service

import (
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	xmessage "golang.org/x/text/message"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// JSONViolations is why a payload does not comply with a JSON schema. Interlok's json-schema-validation-exception-as-object-metadata
// keeps one.
type JSONViolations struct {
	// All has one text for each violation: where it is in the payload, as #/orders/0/id, and what is wrong there.
	All []string
}

// Error implements error.
func (v *JSONViolations) Error() string {
	return "the payload does not comply with the schema: " + strings.Join(v.All, "; ")
}

// texts is the summary that Interlok puts before several violations, and the violations.
func (v *JSONViolations) texts() []any {
	var out []any
	if len(v.All) > 1 {
		out = append(out, fmt.Sprintf("#: %d schema violations found", len(v.All)))
	}
	for _, text := range v.All {
		out = append(out, text)
	}
	return out
}

// violationsOf collects the violations that have no cause of their own.
func violationsOf(invalid *jsonschema.ValidationError) *JSONViolations {
	v := &JSONViolations{}
	v.collect(invalid, xmessage.NewPrinter(language.English))
	return v
}

func (v *JSONViolations) collect(e *jsonschema.ValidationError, p *xmessage.Printer) {
	if len(e.Causes) == 0 {
		v.All = append(v.All, "#"+pointerText(e.InstanceLocation)+": "+e.ErrorKind.LocalizedString(p))
	}
	for _, cause := range e.Causes {
		v.collect(cause, p)
	}
}

// JSONViolationTo says what happens when a payload does not comply. Interlok: ValidationExceptionHandler. It is safe for concurrent use.
type JSONViolationTo interface {
	handle(m *message.Message, root any, v *JSONViolations) error
}

// FailOnViolation fails the message. Interlok: DefaultValidationExceptionHandler.
type FailOnViolation struct{}

func (*FailOnViolation) handle(_ *message.Message, _ any, v *JSONViolations) error { return v }

// IgnoreViolation lets the message pass. Interlok: IgnoreValidationException.
type IgnoreViolation struct{}

func (*IgnoreViolation) handle(*message.Message, any, *JSONViolations) error { return nil }

// ViolationAsObject keeps the violations, a *JSONViolations, as object metadata. Interlok: ObjectMetadataExceptionHandler.
type ViolationAsObject struct {
	ObjectMetadataKey string `xml:"object-metadata-key" default:"ObjectMetadataExceptionHandler" doc:"key of the object metadata"`
	ThrowException    bool   `xml:"throw-exception" default:"true" doc:"false lets the message pass, true fails it"`
}

func (h *ViolationAsObject) handle(m *message.Message, _ any, v *JSONViolations) error {
	m.SetObject(h.ObjectMetadataKey, v)
	if h.ThrowException {
		return v
	}
	return nil
}

// ViolationIntoPayload makes the payload an object of the payload (original) and the violations (schema-violations). Interlok:
// ModifyPayloadExceptionHandler.
type ViolationIntoPayload struct {
	ThrowException bool `xml:"throw-exception" default:"false" doc:"false lets the message pass, true fails it"`
}

func (h *ViolationIntoPayload) handle(m *message.Message, root any, v *JSONViolations) error {
	o := &expr.Object{}
	o.Set("original", root)
	o.Set("schema-violations", v.texts())
	if err := setText(m, expr.JSONText(o)); err != nil {
		return err
	}
	if h.ThrowException {
		return v
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.json.schema."
	component.Register[FailOnViolation]("json-schema-validation-exception-default", pkg+"DefaultValidationExceptionHandler", component.KindPart, "fails a message that does not comply with its schema")
	component.Register[IgnoreViolation]("json-schema-validation-exception-ignore", pkg+"IgnoreValidationException", component.KindPart, "lets a message pass that does not comply with its schema")
	component.Register[ViolationAsObject]("json-schema-validation-exception-as-object-metadata", pkg+"ObjectMetadataExceptionHandler", component.KindPart, "keeps violations of a schema as object metadata")
	component.Register[ViolationIntoPayload]("json-schema-validation-exception-into-message", pkg+"ModifyPayloadExceptionHandler", component.KindPart, "makes the payload an object with violations of a schema")
}
