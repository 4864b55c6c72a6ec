package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// ForEachJSON runs a service on the message once for each object of a JSON array, which it writes somewhere before, as compact JSON. It is
// the same message each time: what the service did to it for one object is there for the next. Interlok: ForEachJsonArrayElementService.
//
// An element that is no object fails the message, when its turn comes. Text that is JSON but neither array nor object is let pass.
type ForEachJSON struct {
	component.ServiceBase
	Source      DataInput         `xml:"json-array-source,required" doc:"where the array is read from"`
	Destination DataOutput        `xml:"per-element-destination,required" doc:"where each object is written to"`
	Service     component.Service `xml:"for-each-element-service,required" doc:"what runs for each"`

	ParseMode string `xml:"json-parse-mode" default:"Permissive" effect:"none" doc:"accepted for compatibility: JSON is read as its standard says"`
}

// Apply runs the service for each element.
func (s *ForEachJSON) Apply(ctx context.Context, m *message.Message) error {
	source, err := s.Source.Read(m)
	if err != nil {
		return fmt.Errorf("for-each-json-array-element-service: <json-array-source>: %w", err)
	}
	text := []byte(source)
	if !json.Valid(text) {
		_, err := expr.ParseJSONBytes(text)
		if err == nil {
			err = errors.New("not JSON")
		}
		return fmt.Errorf("for-each-json-array-element-service: <json-array-source> is %w", err)
	}
	switch text[skipBlanks(text, 0)] {
	case '{':
		return errors.New("for-each-json-array-element-service: <json-array-source> is a JSON object, not an array; put it into brackets")
	case '[':
		number := 0
		return eachElement(text, func(element []byte, _ bool) error {
			number++
			if err := s.apply(ctx, m, element); err != nil {
				return fmt.Errorf("for-each-json-array-element-service: element %d: %w", number, err)
			}
			return nil
		})
	}
	return nil
}

func (s *ForEachJSON) apply(ctx context.Context, m *message.Message, element []byte) error {
	if m.Stopped() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted: %w", err)
	}
	if element[0] != '{' {
		return fmt.Errorf("%.40s is no object; only objects can be written to <per-element-destination>", element)
	}
	value, err := expr.ParseJSONBytes(element)
	if err != nil {
		return err
	}
	if err := s.Destination.Write(m, expr.JSONText(value)); err != nil {
		return fmt.Errorf("<per-element-destination>: %w", err)
	}
	return component.Apply(ctx, s.Service, m)
}

// Init implements component.Lifecycle.
func (s *ForEachJSON) Init(ctx context.Context) error { return component.Init(ctx, s.Service) }

// Start implements component.Lifecycle.
func (s *ForEachJSON) Start(ctx context.Context) error { return component.Start(ctx, s.Service) }

// Stop implements component.Lifecycle.
func (s *ForEachJSON) Stop(ctx context.Context) error { return component.Stop(ctx, s.Service) }

func (s *ForEachJSON) contained() []component.Service { return []component.Service{s.Service} }

func init() {
	component.Register[ForEachJSON]("for-each-json-array-element-service", "com.adaptris.core.json.ForEachJsonArrayElementService", component.KindService,
		"runs a service once for each object of a JSON array")
}
