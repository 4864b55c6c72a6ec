package workflow

import (
	"context"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Interceptor is told of each message before it takes its way through a workflow and when it has its outcome (Interlok:
// WorkflowInterceptor). It is safe for concurrent use.
type Interceptor interface {
	// Begin is called before m takes its way, again each time it is sent again. It may make the message wait; it returns an error only
	// when ctx ended meanwhile.
	Begin(ctx context.Context, m *message.Message) error
	// End is called with the message as it was consumed, as the services left it, and why it failed, if it did. Messages that are given
	// back because the workflow stops have no end.
	End(consumed, processed *message.Message, err error)
}

// surrounded is an interceptor that shares something with those of other workflows.
type surrounded interface{ attach(Surroundings) }

// Statistic is what an interceptor has counted since the workflow was loaded.
type Statistic struct {
	// Interceptor is its alias; ID its unique-id, which may be empty.
	Interceptor, ID string
	// Values are the counts by name.
	Values map[string]int64
}

// counting is an interceptor that counts.
type counting interface{ statistic() Statistic }

func (w *base) interceptors() []Interceptor {
	if len(w.Wrapped) == 0 {
		return w.Interceptors
	}
	return append(w.Interceptors[:len(w.Interceptors):len(w.Interceptors)], w.Wrapped...)
}

// Statistics implements Workflow.
func (w *base) Statistics() []Statistic {
	var out []Statistic
	for _, i := range w.intercept {
		if c, ok := i.(counting); ok {
			out = append(out, c.statistic())
		}
	}
	return out
}

// tellStatistics logs what the interceptors have counted.
func (w *base) tellStatistics(ctx context.Context) {
	for _, s := range w.Statistics() {
		component.Logger(ctx).Info("interceptor counted", zap.String("interceptor", s.Interceptor), zap.String("id", s.ID), zap.Any("counts", s.Values))
	}
}

// begin lets the interceptors hold the message up; false when the workflow stops meanwhile.
func (w *base) begin(s *shift, m *message.Message) bool {
	for _, i := range w.intercept {
		if i.Begin(s.stopping, m) != nil {
			return false
		}
	}
	return true
}

// intercepted tells the interceptors of the outcome, before anybody else.
func (w *base) intercepted(s *shift, consumed, processed *message.Message, outcome func(error)) func(error) {
	if len(w.intercept) == 0 {
		return outcome
	}
	return func(err error) {
		if err == nil || !s.gaveUp(err) {
			for _, i := range w.intercept {
				i.End(consumed, processed, err)
			}
		}
		outcome(err)
	}
}
