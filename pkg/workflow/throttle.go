package workflow

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Throttles are the time slices that throttling interceptors of all workflows share by cache-name. The zero value is ready; it is safe
// for concurrent use.
type Throttles struct {
	// mu guards byName.
	mu     sync.Mutex
	byName map[string]*timeSlice
}

func (t *Throttles) slice(name string) *timeSlice {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = make(map[string]*timeSlice)
	}
	if t.byName[name] == nil {
		t.byName[name] = new(timeSlice)
	}
	return t.byName[name]
}

// timeSlice counts the messages that began since it did.
type timeSlice struct {
	// mu guards the fields below.
	mu    sync.Mutex
	ends  time.Time
	begun int
}

// enter counts one more message, or says how long there is no room for it.
func (t *timeSlice) enter(length time.Duration, most int) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if !now.Before(t.ends) {
		t.ends, t.begun = now.Add(length), 0
	}
	if t.begun >= most {
		return t.ends.Sub(now)
	}
	t.begun++
	return 0
}

// Throttling is Interlok's ThrottlingInterceptor: of all messages of the workflows that name the same cache, at most so many begin in one
// time slice; the others wait for the next, and with them their consumer. A slice begins with its first message.
type Throttling struct {
	UniqueID string             `xml:"unique-id" doc:"name in logs"`
	Slice    component.Interval `xml:"time-slice-interval" default:"5s" min:"1ms" doc:"length of a time slice"`
	Most     int                `xml:"maximum-messages" default:"2147483647" min:"1" max:"2147483647" doc:"how many messages may begin in one time slice"`
	Name     string             `xml:"cache-name,required" example:"orders" doc:"workflows with the same name share their time slices"`
	Provider *withoutUse        `xml:"cache-provider" effect:"none" doc:"accepted for compatibility: time slices are kept in memory"`

	slice *timeSlice
}

// Check implements component.Checker.
func (i *Throttling) Check(r *component.Report) {
	if i.Most == math.MaxInt32 {
		r.Warnf("", "no-effect", "has no <maximum-messages>, so it holds no message up; add it, such as <maximum-messages>100</maximum-messages>")
	}
}

func (i *Throttling) attach(s Surroundings) { i.slice = s.Throttles.slice(i.Name) }

// Begin implements Interceptor.
func (i *Throttling) Begin(ctx context.Context, _ *message.Message) error {
	for {
		wait := i.slice.enter(i.Slice.Duration, i.Most)
		if wait == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// End implements Interceptor.
func (*Throttling) End(*message.Message, *message.Message, error) {}

func init() {
	component.Register[Throttling]("throttling-interceptor", "com.adaptris.core.interceptor.ThrottlingInterceptor", component.KindPart,
		"lets only so many messages begin in a time slice")
}
