package service

import (
	"context"
	"fmt"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// AddToCache puts values of the message into a cache. Interlok: AddToCacheService. Values before one that fails the message are put.
type AddToCache struct {
	component.ServiceBase
	cacheUser
	cacheEntries

	EnforceSerializable bool `xml:"enforce-serializable" default:"false" effect:"none" doc:"accepted for compatibility: values stay in memory"`
}

// Check refuses a service that does nothing.
func (s *AddToCache) Check(r *component.Report) { s.checkEntries(r) }

// Apply puts the values.
func (s *AddToCache) Apply(ctx context.Context, m *message.Message) error {
	for _, e := range s.Entries {
		key, ok, err := e.key(ctx, m)
		if err != nil {
			return fmt.Errorf("add-to-cache: %w", err)
		}
		value, there, err := e.value(ctx, m)
		if err != nil {
			return fmt.Errorf("add-to-cache: %w", err)
		}
		if ok && there {
			s.store.Put(ctx, key, value)
		}
	}
	return nil
}

// RetrieveFromCache writes values of a cache into the message. Interlok: RetrieveFromCacheService.
type RetrieveFromCache struct {
	component.ServiceBase
	cacheUser
	cacheEntries
	ExceptionIfNotFound bool `xml:"exception-if-not-found" default:"true" doc:"false leaves the message as it is when the cache has no value, true fails it"`
}

// Check refuses a service that does nothing.
func (s *RetrieveFromCache) Check(r *component.Report) { s.checkEntries(r) }

// Apply writes the values.
func (s *RetrieveFromCache) Apply(ctx context.Context, m *message.Message) error {
	if err := s.each(ctx, m, func(string) {}); err != nil {
		return fmt.Errorf("retrieve-from-cache: %w", err)
	}
	return nil
}

// each writes the value of each entry and then calls done with its key, also when there was no value and that is allowed.
func (s *RetrieveFromCache) each(ctx context.Context, m *message.Message, done func(key string)) error {
	for _, e := range s.Entries {
		key, ok, err := e.key(ctx, m)
		if err != nil {
			return err
		}
		if !ok || key == "" {
			continue
		}
		value, found, err := s.store.Get(ctx, key)
		switch {
		case err != nil:
			return fmt.Errorf("waiting for key %q: %w", key, err)
		case found:
			if err := e.set(m, value); err != nil {
				return err
			}
		case s.ExceptionIfNotFound:
			return notCached(key)
		default:
			component.Logger(ctx).Warn("the cache has no value for a key", zap.String("service", s.UniqueID), zap.String("key", key), zap.String("message", m.ID()))
		}
		done(key)
	}
	return nil
}

func notCached(key string) error {
	return fmt.Errorf("the cache has no value for key %q; put it there before, or set <exception-if-not-found> to false", key)
}

// RemoveFromCache writes values of a cache into the message, and removes them from the cache. Interlok: RemoveFromCacheService.
type RemoveFromCache struct {
	RetrieveFromCache
}

// Apply writes and removes the values.
func (s *RemoveFromCache) Apply(ctx context.Context, m *message.Message) error {
	if err := s.each(ctx, m, func(key string) { s.store.Remove(ctx, key) }); err != nil {
		return fmt.Errorf("remove-from-cache: %w", err)
	}
	return nil
}

// CheckCache chooses the next service by whether a cache has all keys. Interlok: CheckCacheService.
type CheckCache struct {
	Branching
	cacheUser
	cacheEntries
	KeysFoundServiceID    string `xml:"keys-found-service-id,required" doc:"unique-id of the service when the cache has all keys"`
	KeysNotFoundServiceID string `xml:"keys-not-found-service-id,required" doc:"unique-id of the service when it does not"`
}

// Check refuses a service that decides nothing.
func (s *CheckCache) Check(r *component.Report) { s.checkEntries(r) }

// Wire finds the cache, and refuses a choice that nobody would hear.
func (s *CheckCache) Wire(r *component.Report) {
	s.Branching.Wire(r)
	s.cacheUser.Wire(r)
}

// Apply chooses the next service.
func (s *CheckCache) Apply(ctx context.Context, m *message.Message) error {
	if err := s.choose(ctx, m, func(*CacheEntry, any) error { return nil }); err != nil {
		return fmt.Errorf("check-cache: %w", err)
	}
	return nil
}

// choose calls use for every value that is there, and chooses the next service.
func (s *CheckCache) choose(ctx context.Context, m *message.Message, use func(*CacheEntry, any) error) error {
	all := true
	for _, e := range s.Entries {
		key, ok, err := e.key(ctx, m)
		if err != nil {
			return err
		}
		var value any
		if ok {
			if value, ok, err = s.store.Get(ctx, key); err != nil {
				return fmt.Errorf("waiting for key %q: %w", key, err)
			}
		}
		if !ok {
			all = false
			continue
		}
		if err := use(e, value); err != nil {
			return err
		}
	}
	if all {
		branchTo(m, s.KeysFoundServiceID)
	} else {
		branchTo(m, s.KeysNotFoundServiceID)
	}
	return nil
}

func (s *CheckCache) branches() ([]string, bool) {
	return []string{s.KeysFoundServiceID, s.KeysNotFoundServiceID}, true
}

// CheckCacheAndRetrieve writes the values of a cache that are there into the message, and chooses the next service by whether all were.
// Interlok: CheckAndRetrieve.
type CheckCacheAndRetrieve struct {
	CheckCache
}

// Apply writes the values and chooses the next service.
func (s *CheckCacheAndRetrieve) Apply(ctx context.Context, m *message.Message) error {
	if err := s.choose(ctx, m, func(e *CacheEntry, value any) error { return e.set(m, value) }); err != nil {
		return fmt.Errorf("check-cache-and-retrieve: %w", err)
	}
	return nil
}

func init() {
	const pkg = "com.adaptris.core.services.cache."
	component.Register[AddToCache]("add-to-cache", pkg+"AddToCacheService", component.KindService, "puts values of the message into a cache")
	component.Register[RetrieveFromCache]("retrieve-from-cache", pkg+"RetrieveFromCacheService", component.KindService, "writes values of a cache into the message")
	component.Register[RemoveFromCache]("remove-from-cache", pkg+"RemoveFromCacheService", component.KindService, "writes values of a cache into the message, and removes them from the cache")
	component.Register[CheckCache]("check-cache", pkg+"CheckCacheService", component.KindService, "chooses the next service by whether a cache has keys")
	component.Register[CheckCacheAndRetrieve]("check-cache-and-retrieve", pkg+"CheckAndRetrieve", component.KindService, "writes values of a cache into the message, and chooses the next service by whether all were there")
}
