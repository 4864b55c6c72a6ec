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

// metadataWorkflow is the metadata of a failed message that names its workflow (Interlok: Workflow.WORKFLOW_ID_KEY).
const metadataWorkflow = "workflowId"

// ExceptionReport writes the error that a message failed with into the message; one that has none stays as it is. It stands in the service
// of an error handler, or of an exception-handling-service-wrapper. Interlok: ExceptionReportService.
type ExceptionReport struct {
	component.ServiceBase
	Serializer ExceptionSerializer `xml:"exception-serializer,required" doc:"the form of the report"`
}

// ExceptionSerializer writes an error into a message. It is safe for concurrent use.
type ExceptionSerializer interface {
	Serialize(err error, m *message.Message) error
}

// Apply writes the report.
func (s *ExceptionReport) Apply(ctx context.Context, m *message.Message) error {
	err := errorOf(m)
	if err == nil {
		component.Logger(ctx).Debug("the message has not failed; there is nothing to report", zap.String("service", s.UniqueID), zap.String("message", m.ID()))
		return nil
	}
	if err := s.Serializer.Serialize(err, m); err != nil {
		return fmt.Errorf("exception-report-service: %w", err)
	}
	return nil
}

// ClearException forgets the error that a message failed with. Interlok: ClearExceptionService.
type ClearException struct {
	component.ServiceBase
}

// Apply forgets the error.
func (*ClearException) Apply(_ context.Context, m *message.Message) error {
	if _, there := m.Object(objectError); there {
		m.SetObject(objectError, nil)
	}
	return nil
}

// ExceptionAsString writes the error's text. Interlok: ExceptionAsString, which can write a stack trace too: errors have none here.
type ExceptionAsString struct {
	Target            DataOutput `xml:"target" default:"string-payload-data-output-parameter" doc:"where the text goes"`
	IncludeStackTrace bool       `xml:"include-stack-trace" default:"true" effect:"none" doc:"accepted for compatibility: errors here have a text that says where they are from, and no stack trace"`
}

// Serialize implements ExceptionSerializer.
func (s *ExceptionAsString) Serialize(err error, m *message.Message) error {
	return s.Target.Write(m, err.Error())
}

// ExceptionAsJSON makes the payload a JSON object with the error's text and the workflow. Interlok: ExceptionAsJson.
type ExceptionAsJSON struct{}

// Serialize implements ExceptionSerializer.
func (*ExceptionAsJSON) Serialize(err error, m *message.Message) error {
	return setText(m, reportJSON(err, m, ""))
}

// ExceptionAsJSONWithStack is ExceptionAsJSON with an empty stack trace, for readers that expect one. Interlok: ExceptionWithStacktrace.
type ExceptionAsJSONWithStack struct{}

// Serialize implements ExceptionSerializer.
func (*ExceptionAsJSONWithStack) Serialize(err error, m *message.Message) error {
	return setText(m, reportJSON(err, m, "  \"stacktrace\" : [ ],\n"))
}

// reportJSON is the report in the form that Jackson gives it.
func reportJSON(err error, m *message.Message, more string) string {
	workflow := "null"
	if name, ok := m.Metadata(metadataWorkflow); ok {
		workflow = expr.JSONText(name)
	}
	return "{\n  \"exceptionLocation\" : null,\n  \"exceptionMessage\" : " + expr.JSONText(err.Error()) + ",\n" + more + "  \"workflow\" : " + workflow + "\n}"
}

// LastKnownException is the error that the message failed with before; without one the message passes. Interlok: LastKnownException.
type LastKnownException struct{}

// Exception implements ExceptionGenerator.
func (*LastKnownException) Exception(m *message.Message) error { return errorOf(m) }

// PossibleException is an error whose text is a metadata value; without one, or with a blank one, the message passes. Interlok:
// PossibleExceptionFromMetadata.
type PossibleException struct {
	MetadataKey string `xml:"exception-message-metadata-key" doc:"key of the metadata that holds the text"`
}

// Exception implements ExceptionGenerator.
func (e *PossibleException) Exception(m *message.Message) error {
	if value, _ := m.Metadata(e.MetadataKey); strings.TrimSpace(value) != "" {
		return errors.New(value)
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.services.exception."
	component.Register[ExceptionReport]("exception-report-service", pkg+"ExceptionReportService", component.KindService, "writes the error that the message failed with into the message")
	component.Register[ClearException]("clear-exception-service", pkg+"ClearExceptionService", component.KindService, "forgets the error that the message failed with")
	component.Register[ExceptionAsString]("exception-as-string", pkg+"ExceptionAsString", component.KindPart, "the error's text")
	component.Register[ExceptionAsJSON]("exception-as-json", "com.adaptris.core.json.exception.ExceptionAsJson", component.KindPart, "a JSON object with the error's text and the workflow")
	component.Register[ExceptionAsJSONWithStack]("exception-as-json-with-stacktrace", "com.adaptris.core.json.exception.ExceptionWithStacktrace", component.KindPart, "the same, with an empty stack trace")
	component.Register[LastKnownException]("last-known-exception", pkg+"LastKnownException", component.KindPart, "fails with the error that the message failed with before")
	component.Register[PossibleException]("possible-exception-from-metadata", pkg+"PossibleExceptionFromMetadata", component.KindPart, "fails with a text from metadata, if there is one")
}
