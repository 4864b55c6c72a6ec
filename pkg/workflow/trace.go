package workflow

import (
	"context"
	"sync"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
	"github.com/adapterd/adapterd/pkg/telemetry"
)

// journeys are the messages of a shift that telemetry follows. A nil one, as it is without telemetry, follows none and costs nothing.
type journeys struct {
	workflow *telemetry.Workflow
	// byMessage finds a journey when its message, as it was consumed, takes its way, and when it does so again.
	byMessage sync.Map // *message.Message → *telemetry.Journey
}

// journeys are those of a shift that begins; nil if nothing is to be told of its messages.
func (w *base) journeys(ctx context.Context) *journeys {
	t := telemetry.Of(ctx).Workflow(w.around.Channel, w.UniqueID, component.AliasOf(w.Consumer))
	if t == nil {
		return nil
	}
	return &journeys{workflow: t}
}

// begin follows m from now on, until the source is told its outcome.
func (j *journeys) begin(m *message.Message, done func(error)) func(error) {
	if j == nil {
		return done
	}
	journey := j.workflow.Begin(m)
	j.byMessage.Store(m, journey)
	return func(err error) {
		j.byMessage.Delete(m)
		journey.End(err)
		done(err)
	}
}

// tried notes how m comes through this time.
func (j *journeys) tried(m *message.Message, outcome func(error)) func(error) {
	journey := j.of(m)
	if journey == nil {
		return outcome
	}
	return func(err error) {
		journey.Tried(err)
		outcome(err)
	}
}

// context is what the services and the producer get: work, with the journey of m for those who tell of records.
func (j *journeys) context(work context.Context, m *message.Message) context.Context {
	if journey := j.of(m); journey != nil {
		return journey.Context(work)
	}
	return work
}

func (j *journeys) of(m *message.Message) *telemetry.Journey {
	if j == nil {
		return nil
	}
	journey, _ := j.byMessage.Load(m)
	found, _ := journey.(*telemetry.Journey)
	return found
}
