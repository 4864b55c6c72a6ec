package service

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// restarting restarts services that fail (Interlok: ServiceCollectionImp, restart-affected-service-on-exception), for collections that embed
// it. Messages that come to the service meanwhile wait; those in it come to their end first. A failure that an asynchronous producer learns
// of later restarts nothing, nor does one that continue-on-fail forgets.
type restarting struct {
	RestartAffected bool `xml:"restart-affected-service-on-exception" default:"false" doc:"true stops and starts a service that failed, with the connection of its own that it may have, before the failure goes on"`

	// mu guards services.
	mu       sync.Mutex
	services map[component.Service]*affected
}

// affected is a service of the collection.
type affected struct {
	inside restartable
	// times is how often it was restarted. It belongs to inside: messages in it read it, a restart writes it.
	times int
}

// apply applies s to m.
func (r *restarting) apply(ctx context.Context, s component.Service, m *message.Message) error {
	if !r.RestartAffected {
		return component.Apply(ctx, s, m)
	}
	a := r.of(s)
	var times int
	err := a.inside.run(ctx, func() error {
		times = a.times
		return component.Apply(ctx, s, m)
	})
	if err == nil || errors.Is(err, component.ErrStopped) || ctx.Err() != nil {
		return err
	}
	again := a.inside.restart(ctx, func() bool {
		if a.times != times || ctx.Err() != nil { // restarted since, because of another message, or about to stop
			return false
		}
		a.times++
		component.Logger(ctx).Warn("restarting a service that failed", zap.String("service", s.Base().UniqueID), zap.String("message", m.ID()), zap.Error(err))
		return true
	})
	if again != nil {
		return fmt.Errorf("%w (and the service could not be restarted: %w)", err, again)
	}
	return err
}

func (r *restarting) of(s component.Service) *affected {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.services == nil {
		r.services = make(map[component.Service]*affected)
	}
	if r.services[s] == nil {
		r.services[s] = &affected{inside: restartable{parts: func() []component.Component { return []component.Component{s} }}}
	}
	return r.services[s]
}
