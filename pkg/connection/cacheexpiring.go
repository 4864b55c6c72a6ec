package connection

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/adapterd/adapterd/pkg/component"
)

// ExpiringCache keeps values in memory, for a while and up to a number. Interlok: ExpiringMapCache. When it is full, the value that would
// expire next makes room. Expired values are never found, and leave the memory when the cache is used next.
type ExpiringCache struct {
	MaxEntries       int                  `xml:"max-entries" default:"1024" min:"1" doc:"how many values it keeps at most"`
	Expiration       component.Interval   `xml:"expiration" default:"60s" min:"1ms" doc:"how long it keeps a value"`
	ExpirationPolicy string               `xml:"expiration-policy" default:"ACCESSED" enum:"ACCESSED,CREATED" doc:"ACCESSED begins the time anew whenever the value is asked for, CREATED only when it is put"`
	Listener         ExpiringCacheWatcher `xml:"event-listener" default:"expiring-map-cache-listener" class:"expiring-map-cache-listener" doc:"what is told of values that expire"`

	// mu guards the fields below.
	mu     sync.Mutex
	byKey  map[string]*cached
	byTime expiries
}

// cached is a value and when it goes.
type cached struct {
	key     string
	value   any
	expires time.Time
	// after is the time that begins anew when the value is asked for; zero when it does not.
	after time.Duration
	// at is the place in the heap.
	at int
}

// Put implements CacheInstance.
func (c *ExpiringCache) Put(ctx context.Context, key string, value any) {
	entry := &cached{key: key, value: value, expires: time.Now().Add(c.Expiration.Duration)}
	if c.ExpirationPolicy == "ACCESSED" {
		entry.after = c.Expiration.Duration
	}
	c.put(ctx, entry)
}

// PutFor implements CacheInstance.
func (c *ExpiringCache) PutFor(ctx context.Context, key string, value any, ttl time.Duration) {
	if ttl <= 0 {
		c.Remove(ctx, key)
		return
	}
	c.put(ctx, &cached{key: key, value: value, expires: time.Now().Add(ttl)})
}

func (c *ExpiringCache) put(ctx context.Context, entry *cached) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(ctx)
	if before := c.byKey[entry.key]; before != nil {
		c.drop(before)
	}
	for len(c.byKey) >= max(c.MaxEntries, 1) {
		c.expired(ctx, c.byTime[0])
	}
	if c.byKey == nil {
		c.byKey = make(map[string]*cached)
	}
	c.byKey[entry.key] = entry
	heap.Push(&c.byTime, entry)
}

// Get implements CacheInstance.
func (c *ExpiringCache) Get(ctx context.Context, key string) (any, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(ctx)
	entry := c.byKey[key]
	if entry == nil {
		return nil, false, nil
	}
	if entry.after > 0 {
		entry.expires = time.Now().Add(entry.after)
		heap.Fix(&c.byTime, entry.at)
	}
	return entry.value, true, nil
}

// Remove implements CacheInstance.
func (c *ExpiringCache) Remove(ctx context.Context, key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(ctx)
	if entry := c.byKey[key]; entry != nil {
		c.drop(entry)
	}
}

// Clear implements CacheInstance.
func (c *ExpiringCache) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.byKey, c.byTime = nil, nil
}

// expire lets go of what has had its time.
func (c *ExpiringCache) expire(ctx context.Context) {
	now := time.Now()
	for len(c.byTime) > 0 && !c.byTime[0].expires.After(now) {
		c.expired(ctx, c.byTime[0])
	}
}

func (c *ExpiringCache) expired(ctx context.Context, entry *cached) {
	c.drop(entry)
	if c.Listener != nil {
		c.Listener.expired(ctx, entry.key)
	}
}

func (c *ExpiringCache) drop(entry *cached) {
	delete(c.byKey, entry.key)
	heap.Remove(&c.byTime, entry.at)
}

// expiries is a heap with the entry first that expires first.
type expiries []*cached

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].expires.Before(e[j].expires) }
func (e expiries) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].at, e[j].at = i, j
}

// Push implements heap.Interface.
func (e *expiries) Push(x any) {
	entry := x.(*cached)
	entry.at = len(*e)
	*e = append(*e, entry)
}

// Pop implements heap.Interface.
func (e *expiries) Pop() any {
	last := len(*e) - 1
	entry := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return entry
}

// ExpiringCacheWatcher is told of values that expire. It is safe for concurrent use.
type ExpiringCacheWatcher interface {
	expired(ctx context.Context, key string)
}

// ExpiringCacheListeners tells others of values that expire. Interlok: ExpiringMapCacheListener.
type ExpiringCacheListeners struct {
	Listeners []CacheListener `xml:"*,implicit" doc:"what is told"`
}

func (l *ExpiringCacheListeners) expired(ctx context.Context, key string) {
	for _, listener := range l.Listeners {
		listener.itemExpired(ctx, key)
	}
}

// CacheListener is told what happens in a cache. Interlok: CacheEventListener. It is safe for concurrent use.
type CacheListener interface {
	itemExpired(ctx context.Context, key string)
}

// CacheLogger logs the keys of values that expire, at trace. Interlok: CacheEventLogger.
type CacheLogger struct{}

func (*CacheLogger) itemExpired(ctx context.Context, key string) {
	component.Logger(ctx).Log(zapcore.DebugLevel-1, "a value of the cache expired", zap.String("key", key))
}

func init() {
	const pkg = "com.adaptris.core.cache."
	component.Register[ExpiringCache]("expiring-map-cache", pkg+"ExpiringMapCache", component.KindPart, "keeps values in memory, for a while and up to a number")
	component.Register[ExpiringCacheListeners]("expiring-map-cache-listener", pkg+"ExpiringMapCacheListener", component.KindPart, "tells others of values that expire")
	component.Register[CacheLogger]("cache-event-logger", pkg+"CacheEventLogger", component.KindPart, "logs what expires in a cache")
}
