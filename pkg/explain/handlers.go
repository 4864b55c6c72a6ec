package explain

import (
	"context"
	"fmt"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// handlersOf are the error handlers that take a failed message of w, the nearest first: the nearest, and those further out that always
// handle.
func handlersOf(a *adapter.Adapter, c *channel.Channel, w workflow.Workflow) []component.ErrorHandler {
	own, _ := component.Element(w, "message-error-handler").(component.ErrorHandler)
	var outermost component.ErrorHandler
	for _, d := range a.Components() {
		if n := d.Node; n.Name == "message-error-handler" && n.Parent != nil && n.Parent.Name == "adapter" {
			outermost, _ = d.Component.(component.ErrorHandler)
		}
	}
	var out []component.ErrorHandler
	for _, h := range []component.ErrorHandler{own, c.ErrorHandler, outermost} {
		if h == nil {
			continue
		}
		if always, _ := component.Element(h, "always-handle-exception").(bool); len(out) == 0 || always {
			out = append(out, h)
		}
	}
	return out
}

// handlers tells what error handlers would do with a message that failed.
func (t *tracer) handlers(ctx context.Context, all []component.ErrorHandler, workflowName string, original *message.Message, failure error) []*Handler {
	var out []*Handler
	for _, h := range all {
		id, _ := component.Element(h, "unique-id").(string)
		step := t.step(KindService, h, id)
		told := &Handler{Class: step.Class, ID: id, At: step.At, About: aboutHandler(h)}
		out = append(out, told)
		s, ok := component.Element(h, "processing-exception-service").(component.Service)
		if !ok {
			continue
		}
		m := original.Clone()
		m.SetDelivery(message.NewDelivery(func(error) {}))
		m.SetMetadata(workflow.MetadataWorkflow, workflowName)
		m.SetMetadata(workflow.MetadataError, failure.Error())
		m.SetObject(workflow.ObjectError, failure)
		message.Annotate(m, failure)
		trunk := new(Step)
		if err := t.apply(within(ctx, trunk), s, m); err != nil {
			told.Failure = err.Error()
		}
		told.Steps = trunk.Steps
	}
	return out
}

// aboutHandler says what becomes of the message.
func aboutHandler(h component.ErrorHandler) string {
	_, hasService := component.Element(h, "processing-exception-service").(component.Service)
	again := ""
	if limit, ok := component.Element(h, "retry-limit").(int); ok {
		interval, _ := component.Element(h, "retry-interval").(component.Interval)
		again = fmt.Sprintf("the message is sent again up to %d times, every %v", limit, interval.Duration)
		if limit <= 0 {
			return fmt.Sprintf("the message is sent again every %v, without end", interval.Duration)
		}
	}
	switch {
	case hasService && again != "":
		return again + "; if it still fails, this is done with it"
	case again != "":
		return again + "; if it still fails, it is left with its source"
	case hasService:
		return "this is done with the message"
	case component.AliasOf(h) == "null-processing-exception-handler":
		return "the message is logged and dropped"
	}
	return "it has no service for the message, so the message is logged and left with its source"
}
