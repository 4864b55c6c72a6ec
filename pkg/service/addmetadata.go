package service

import (
	"context"
	"fmt"
	"strconv"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Whole values of add-metadata-service that stand for something of the message (Interlok: AddMetadataService).
const (
	valueUniqueID = "$UNIQUE_ID$"
	valueSize     = "$MSG_SIZE$"
)

// AddMetadata sets metadata. Interlok: AddMetadataService. Other than there, expressions in values are resolved, when the service runs,
// one element after the other: a later one sees what an earlier one has set. The values $UNIQUE_ID$ and $MSG_SIZE$ stand for the
// message's id and its payload's size in bytes.
type AddMetadata struct {
	component.ServiceBase
	Elements  []*MetadataElement `xml:"metadata-element,implicit" doc:"what to set"`
	Overwrite bool               `xml:"overwrite" default:"true" doc:"false leaves keys alone that the message has already"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// MetadataElement is a key and the expression for its value.
type MetadataElement struct {
	Key   string         `xml:"key,required" example:"streamName" doc:"the metadata's key; $$name takes the key from the metadata called name"`
	Value *expr.Template `xml:"value" doc:"the value; blank is a value"`
}

// Check warns of a service without elements.
func (a *AddMetadata) Check(r *component.Report) {
	if len(a.Elements) == 0 {
		r.Warnf("", "no-effect", "has no <metadata-element>, so it does nothing; add one or remove the service")
	}
}

// Apply sets the metadata of m. A value that cannot be resolved fails; what was set before it stays set.
func (a *AddMetadata) Apply(_ context.Context, m *message.Message) error {
	for _, e := range a.Elements {
		if _, there := m.Metadata(e.Key); there && !a.Overwrite {
			continue
		}
		value, err := e.resolve(m)
		if err != nil {
			return fmt.Errorf("add-metadata-service: metadata %q: %w", e.Key, err)
		}
		m.SetMetadata(e.Key, value)
	}
	return nil
}

func (e *MetadataElement) resolve(m *message.Message) (string, error) {
	switch textOf(e.Value) {
	case valueUniqueID:
		return m.ID(), nil
	case valueSize:
		return strconv.Itoa(len(m.Payload())), nil
	}
	return resolve(e.Value, m)
}

func init() {
	component.Register[AddMetadata]("add-metadata-service", "com.adaptris.core.services.metadata.AddMetadataService", component.KindService,
		"sets metadata; values may be expressions")
}
