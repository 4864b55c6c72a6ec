package service

import (
	"context"
	"errors"

	"github.com/adapterd/adapterd/pkg/component"
)

// container is a service that holds others.
type container interface {
	// contained are the services inside, those of a reference too.
	contained() []component.Service
}

// reaches says whether target stands in s, at any depth.
func reaches(s, target component.Service) bool {
	seen := make(map[component.Service]bool)
	var walk func(component.Service) bool
	walk = func(s component.Service) bool {
		switch {
		case s == target:
			return true
		case s == nil || seen[s]:
			return false
		}
		seen[s] = true
		if c, ok := s.(container); ok {
			for _, inner := range c.contained() {
				if walk(inner) {
					return true
				}
			}
		}
		return false
	}
	return walk(s)
}

// initAll initialises components in their order and ends at the first that fails; the caller stops them all.
func initAll[C component.Component](ctx context.Context, all []C) error {
	for _, c := range all {
		if err := component.Init(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// startAll starts components in their order and ends at the first that fails; the caller stops them all.
func startAll[C component.Component](ctx context.Context, all []C) error {
	for _, c := range all {
		if err := component.Start(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// stopAll stops all components, the last one first, whatever happens to one of them.
func stopAll[C component.Component](ctx context.Context, all []C) error {
	var errs []error
	for i := len(all) - 1; i >= 0; i-- {
		errs = append(errs, component.Stop(ctx, all[i]))
	}
	return errors.Join(errs...)
}
