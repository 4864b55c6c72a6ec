package service

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// objectLoggingContext is the object of a message that holds its logging context, a map that is replaced and never changed: copies of the
// message share it.
const objectLoggingContext = "adploggingcontext"

func loggingContext(m *message.Message) map[string]string {
	value, _ := m.Object(objectLoggingContext)
	all, _ := value.(map[string]string)
	return all
}

// changeLoggingContext gives m another logging context.
func changeLoggingContext(m *message.Message, change func(map[string]string)) {
	all := make(map[string]string)
	maps.Copy(all, loggingContext(m))
	change(all)
	m.SetObject(objectLoggingContext, all)
}

// contextFields are the logging context as fields of a line of log, in the order of their keys.
func contextFields(m *message.Message) []zap.Field {
	all := loggingContext(m)
	fields := make([]zap.Field, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		fields = append(fields, zap.String(key, all[key]))
	}
	return fields
}

// AddLoggingContext adds a field to the lines that services log about the message. Interlok: AddLoggingContext. Other than there, the
// field belongs to the message and its copies and not to a thread: it ends with them. Parts of a split message begin without,
// unless their splitter copies objects.
type AddLoggingContext struct {
	component.ServiceBase
	Key   *expr.Template `xml:"key,required" doc:"name of the field"`
	Value *expr.Template `xml:"value,required" doc:"value of the field; $UNIQUE_ID$ is the message's id"`
}

// Apply adds the field to m.
func (s *AddLoggingContext) Apply(_ context.Context, m *message.Message) error {
	key, err := resolve(s.Key, m)
	if err != nil {
		return fmt.Errorf("add-logging-context-service: <key>: %w", err)
	}
	value := m.ID()
	if textOf(s.Value) != valueUniqueID {
		if value, err = resolve(s.Value, m); err != nil {
			return fmt.Errorf("add-logging-context-service: <value>: %w", err)
		}
	}
	changeLoggingContext(m, func(all map[string]string) { all[key] = value })
	return nil
}

// AddExtendedLoggingContext adds fields to the lines that services log about the message. Interlok: AddExtendedLoggingContext.
type AddExtendedLoggingContext struct {
	component.ServiceBase
	Values []*LoggingField `xml:"values-to-set>key-value-pair" doc:"names and values of the fields"`

	UseDefaultKeys bool `xml:"use-default-keys" default:"true" effect:"none" doc:"accepted for compatibility: lines name channel, workflow and message anyway"`
}

// LoggingField is the name of a field and its value.
type LoggingField struct {
	Key   *expr.Template `xml:"key,required" doc:"name of the field"`
	Value *expr.Template `xml:"value" doc:"value of the field"`
}

// Apply adds the fields to m; when one of them fails, none.
func (s *AddExtendedLoggingContext) Apply(_ context.Context, m *message.Message) error {
	added := make(map[string]string, len(s.Values))
	for _, field := range s.Values {
		key, err := resolve(field.Key, m)
		if err != nil {
			return fmt.Errorf("add-extended-logging-context-service: <key>: %w", err)
		}
		if added[key], err = resolve(field.Value, m); err != nil {
			return fmt.Errorf("add-extended-logging-context-service: <value> of %s: %w", key, err)
		}
	}
	changeLoggingContext(m, func(all map[string]string) { maps.Copy(all, added) })
	return nil
}

// RemoveLoggingContext takes fields back. Interlok: RemoveLoggingContext.
type RemoveLoggingContext struct {
	component.ServiceBase
	Keys []*expr.Template `xml:"key,implicit" doc:"names of the fields"`
}

// Apply takes the fields of m back.
func (s *RemoveLoggingContext) Apply(_ context.Context, m *message.Message) error {
	keys := make([]string, len(s.Keys))
	for i, t := range s.Keys {
		var err error
		if keys[i], err = resolve(t, m); err != nil {
			return fmt.Errorf("remove-logging-context-service: <key>: %w", err)
		}
	}
	changeLoggingContext(m, func(all map[string]string) {
		for _, key := range keys {
			delete(all, key)
		}
	})
	return nil
}

// ClearLoggingContext takes all fields back. Interlok: ClearLoggingContext.
type ClearLoggingContext struct{ component.ServiceBase }

// Apply takes all fields of m back.
func (*ClearLoggingContext) Apply(_ context.Context, m *message.Message) error {
	changeLoggingContext(m, func(all map[string]string) { clear(all) })
	return nil
}

func init() {
	component.Register[AddLoggingContext]("add-logging-context-service", "com.adaptris.core.services.AddLoggingContext", component.KindService,
		"adds a field to lines of log about the message")
	component.Register[AddExtendedLoggingContext]("add-extended-logging-context-service", "com.adaptris.core.services.AddExtendedLoggingContext",
		component.KindService, "adds fields to lines of log about the message")
	component.Register[RemoveLoggingContext]("remove-logging-context-service", "com.adaptris.core.services.RemoveLoggingContext", component.KindService,
		"takes fields of lines of log back")
	component.Register[ClearLoggingContext]("clear-logging-context-service", "com.adaptris.core.services.ClearLoggingContext", component.KindService,
		"takes all fields of lines of log back")
}
