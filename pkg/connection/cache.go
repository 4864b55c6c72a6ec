package connection

import (
	"context"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
)

// Cache is a connection to a cache, in which services of several workflows find what others have put there. Interlok: CacheConnection.
// It is safe for concurrent use. Without a cache-instance it keeps nothing, as in Interlok. A cache is empty after a start.
type Cache struct {
	base
	Instance CacheInstance `xml:"cache-instance" default:"null-cache-implementation" doc:"what keeps the values; without it nothing does"`
}

// CacheInstance is what keeps values under keys. Interlok: Cache. It is safe for concurrent use.
type CacheInstance interface {
	// Put keeps value under key, for as long as the cache's configuration says.
	Put(ctx context.Context, key string, value any)
	// PutFor keeps value under key for a time from now, whether it is asked for or not. A time that is not positive removes the key.
	PutFor(ctx context.Context, key string, value any, ttl time.Duration)
	// Get returns the value of key. The error is ctx's, when it ended a wait for the value.
	Get(ctx context.Context, key string) (value any, ok bool, err error)
	// Remove removes key, if it is there.
	Remove(ctx context.Context, key string)
	// Clear removes all keys.
	Clear()
}

// Init empties the cache.
func (c *Cache) Init(context.Context) error {
	c.Instance.Clear()
	return nil
}

// Start does nothing: a cache in memory has nothing to start.
func (c *Cache) Start(context.Context) error { return nil }

// Stop empties the cache.
func (c *Cache) Stop(context.Context) error {
	if c.Instance != nil {
		c.Instance.Clear()
	}
	return nil
}

// Put keeps value under key, for as long as the cache's configuration says.
func (c *Cache) Put(ctx context.Context, key string, value any) { c.Instance.Put(ctx, key, value) }

// PutFor keeps value under key for a time from now; a time that is not positive removes the key.
func (c *Cache) PutFor(ctx context.Context, key string, value any, ttl time.Duration) {
	c.Instance.PutFor(ctx, key, value, ttl)
}

// Get returns the value of key; the error is ctx's, when it ended a wait for the value.
func (c *Cache) Get(ctx context.Context, key string) (value any, ok bool, err error) {
	return c.Instance.Get(ctx, key)
}

// Remove removes key, if it is there.
func (c *Cache) Remove(ctx context.Context, key string) { c.Instance.Remove(ctx, key) }

// Clear removes all keys.
func (c *Cache) Clear() { c.Instance.Clear() }

// NullCache keeps nothing. Interlok: NullCacheImplementation.
type NullCache struct{}

// Put implements CacheInstance.
func (*NullCache) Put(context.Context, string, any) {}

// PutFor implements CacheInstance.
func (*NullCache) PutFor(context.Context, string, any, time.Duration) {}

// Get implements CacheInstance.
func (*NullCache) Get(context.Context, string) (any, bool, error) { return nil, false, nil }

// Remove implements CacheInstance.
func (*NullCache) Remove(context.Context, string) {}

// Clear implements CacheInstance.
func (*NullCache) Clear() {}

// RetryingCache looks for a value several times, for values that another workflow may be about to put. Interlok: RetryingCacheProxy.
type RetryingCache struct {
	Proxied       CacheInstance      `xml:"proxied-cache,required" doc:"the cache that keeps the values"`
	MaxAttempts   int                `xml:"max-attempts" default:"2" min:"0" doc:"how often to look again for a value that is not there"`
	RetryInterval component.Interval `xml:"retry-interval" default:"2s" min:"0s" doc:"how long to wait before looking again"`
}

// Put implements CacheInstance.
func (c *RetryingCache) Put(ctx context.Context, key string, value any) {
	c.Proxied.Put(ctx, key, value)
}

// PutFor implements CacheInstance. (Interlok's proxy has no expiry of its own and fails.)
func (c *RetryingCache) PutFor(ctx context.Context, key string, value any, ttl time.Duration) {
	c.Proxied.PutFor(ctx, key, value, ttl)
}

// Get implements CacheInstance.
func (c *RetryingCache) Get(ctx context.Context, key string) (any, bool, error) {
	for again := 0; ; again++ {
		value, ok, err := c.Proxied.Get(ctx, key)
		if ok || err != nil || again >= c.MaxAttempts {
			return value, ok, err
		}
		timer := time.NewTimer(c.RetryInterval.Duration)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, false, ctx.Err()
		}
	}
}

// Remove implements CacheInstance.
func (c *RetryingCache) Remove(ctx context.Context, key string) { c.Proxied.Remove(ctx, key) }

// Clear implements CacheInstance.
func (c *RetryingCache) Clear() { c.Proxied.Clear() }

func init() {
	const pkg = "com.adaptris.core.cache."
	component.Register[Cache]("cache-connection", "com.adaptris.core.services.cache.CacheConnection", component.KindConnection,
		"a cache that services of several workflows share")
	component.Register[NullCache]("null-cache-implementation", pkg+"NullCacheImplementation", component.KindPart, "keeps nothing")
	component.Register[RetryingCache]("retrying-cache-proxy", pkg+"RetryingCacheProxy", component.KindPart, "looks for a value several times")
}
