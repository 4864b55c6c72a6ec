package service

import (
	"context"
	"errors"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ThrowException fails a message on purpose, so that the error handler gets it. Interlok: ThrowExceptionService.
type ThrowException struct {
	component.ServiceBase
	Generator ExceptionGenerator `xml:"exception-generator,required" doc:"the reason of the failure"`
}

// ExceptionGenerator makes the error of a throw-exception-service; nil lets the message pass. It is safe for concurrent use.
type ExceptionGenerator interface {
	Exception(m *message.Message) error
}

// Apply fails with what the generator gives.
func (t *ThrowException) Apply(_ context.Context, m *message.Message) error {
	return t.Generator.Exception(m)
}

// ConfiguredException is an error with a fixed text, expressions and all. Interlok: ConfiguredException.
type ConfiguredException struct {
	Message string `xml:"message" example:"no such customer" doc:"text of the error, taken as it stands"`
}

// Exception implements ExceptionGenerator.
func (c *ConfiguredException) Exception(*message.Message) error { return exception(c.Message) }

// MetadataException is an error whose text is a metadata value, or a fixed one when that is blank or not there. Interlok:
// ExceptionFromMetadata.
type MetadataException struct {
	MetadataKey    string `xml:"exception-message-metadata-key" doc:"key of the metadata that holds the text"`
	DefaultMessage string `xml:"default-exception-message" doc:"text when the metadata is blank or not there"`
}

// Exception implements ExceptionGenerator.
func (e *MetadataException) Exception(m *message.Message) error {
	if value, _ := m.Metadata(e.MetadataKey); strings.TrimSpace(value) != "" {
		return errors.New(value)
	}
	return exception(e.DefaultMessage)
}

func exception(text string) error {
	if strings.TrimSpace(text) == "" {
		text = "throw-exception-service failed the message, without saying why"
	}
	return errors.New(text)
}

func init() {
	component.Register[ThrowException]("throw-exception-service", "com.adaptris.core.services.exception.ThrowExceptionService", component.KindService,
		"fails the message on purpose")
	component.Register[ConfiguredException]("configured-exception", "com.adaptris.core.services.exception.ConfiguredException", component.KindPart,
		"fails with a fixed text")
	component.Register[MetadataException]("exception-from-metadata", "com.adaptris.core.services.exception.ExceptionFromMetadata", component.KindPart,
		"fails with a text from metadata")
}
