package connection

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
)

func cacheWith(instance string) string {
	return `<connection class="cache-connection"><unique-id>c</unique-id>` + instance + `</connection>`
}

func newCache(t *testing.T, instance string) *Cache {
	t.Helper()
	c, ok := mustDecode[component.Connection](t, cacheWith(instance)).(*Cache)
	if !ok {
		t.Fatal("no cache")
	}
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func has(t *testing.T, c *Cache, key string) bool {
	t.Helper()
	_, ok, err := c.Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

func TestCacheWithoutInstanceKeepsNothing(t *testing.T) {
	c := newCache(t, "")
	c.Put(t.Context(), "k", "v")
	c.PutFor(t.Context(), "k", "v", time.Hour)
	c.Remove(t.Context(), "k")
	if has(t, c, "k") {
		t.Error("it keeps a value")
	}
}

func TestExpiringCacheKeepsValuesForTheirTime(t *testing.T) {
	for _, c := range []struct {
		name, config string
		ttl          time.Duration
		kept, gone   time.Duration // counted from the put, with a look at the value before
	}{
		{name: "by default a minute from the last look", kept: 30*time.Second + 59*time.Second, gone: 30*time.Second + 61*time.Second},
		{name: "from the put", config: `<expiration-policy>CREATED</expiration-policy>`, kept: 59 * time.Second, gone: 61 * time.Second},
		{name: "as long as the document says", config: `<expiration><unit>HOURS</unit><interval>2</interval></expiration><expiration-policy>CREATED</expiration-policy>`, kept: 119 * time.Minute, gone: 121 * time.Minute},
		{name: "as long as the put says, from the put", ttl: 40 * time.Second, kept: 39 * time.Second, gone: 41 * time.Second},
	} {
		for name, wait := range map[string]time.Duration{"kept": c.kept, "gone": c.gone} {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					cache := newCache(t, `<cache-instance class="expiring-map-cache">`+c.config+`</cache-instance>`)
					if c.ttl > 0 {
						cache.PutFor(t.Context(), "k", "v", c.ttl)
					} else {
						cache.Put(t.Context(), "k", "v")
					}
					time.Sleep(30 * time.Second)
					if !has(t, cache, "k") {
						t.Fatal("gone after 30 s")
					}
					time.Sleep(wait - 30*time.Second)
					if got := has(t, cache, "k"); got != (name == "kept") {
						t.Errorf("after %v it is there: %v", wait, got)
					}
				})
			})
		}
	}
}

func TestExpiringCacheMakesRoomForTheNewest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, `<cache-instance class="expiring-map-cache"><max-entries>2</max-entries></cache-instance>`)
		for _, k := range []string{"a", "b"} {
			c.Put(t.Context(), k, k)
			time.Sleep(time.Second)
		}
		has(t, c, "a") // now b expires first
		c.Put(t.Context(), "c", "c")
		if !has(t, c, "a") || has(t, c, "b") || !has(t, c, "c") {
			t.Errorf("a %v, b %v, c %v", has(t, c, "a"), has(t, c, "b"), has(t, c, "c"))
		}
		c.Put(t.Context(), "c", "again")
		if !has(t, c, "a") {
			t.Error("a key that is put again makes room for itself")
		}
		c.PutFor(t.Context(), "a", "a", 0)
		if has(t, c, "a") {
			t.Error("a value without time stays")
		}
		c.Remove(t.Context(), "c")
		c.Remove(t.Context(), "unknown")
		if has(t, c, "c") {
			t.Error("removed, and still there")
		}
	})
}

func TestExpiringCacheTellsOfExpiredKeysButNotOfValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zapcore.DebugLevel - 1)
		ctx := component.WithLogger(t.Context(), zap.New(core))
		c := newCache(t, `<cache-instance class="expiring-map-cache"><event-listener><cache-event-logger/></event-listener></cache-instance>`)
		c.Put(ctx, "k", "secret")
		time.Sleep(time.Hour)
		if _, ok, _ := c.Get(ctx, "k"); ok {
			t.Fatal("still there")
		}
		if got := fmt.Sprint(logs.All()); logs.Len() != 1 || !strings.Contains(got, "k") || strings.Contains(got, "secret") {
			t.Errorf("logged %s", got)
		}
	})
}

func TestRetryingCacheWaitsForAValue(t *testing.T) {
	const proxy = `<cache-instance class="retrying-cache-proxy"><proxied-cache class="expiring-map-cache"/></cache-instance>`
	synctest.Test(t, func(t *testing.T) {
		c := newCache(t, proxy)
		began := time.Now()
		if has(t, c, "k") || time.Since(began) != 4*time.Second {
			t.Errorf("gave up after %v", time.Since(began))
		}
		go func() {
			time.Sleep(3 * time.Second)
			c.Put(t.Context(), "k", "v")
		}()
		if !has(t, c, "k") {
			t.Error("did not wait for the value")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := c.Get(ctx, "other"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the wait ended with %v", err)
		}
		c.PutFor(t.Context(), "ttl", "v", time.Second)
		c.Remove(t.Context(), "k")
		if !has(t, c, "ttl") || has(t, c, "k") {
			t.Error("the cache behind it is another one")
		}
	})
}

func TestCacheIsEmptyAfterStartAndStop(t *testing.T) {
	c := newCache(t, `<cache-instance class="expiring-map-cache"/>`)
	for _, phase := range []func(context.Context) error{c.Init, c.Stop, c.Stop} {
		c.Put(t.Context(), "k", "v")
		if err := phase(t.Context()); err != nil {
			t.Fatal(err)
		}
		if has(t, c, "k") {
			t.Error("the value is still there")
		}
	}
}

func TestExpiringCacheIsSafeForConcurrentUse(t *testing.T) {
	c := newCache(t, `<cache-instance class="expiring-map-cache"><max-entries>5</max-entries></cache-instance>`)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 200 {
				key := fmt.Sprint((g + i) % 9)
				c.Put(t.Context(), key, i)
				_, _, _ = c.Get(t.Context(), key)
				c.Remove(t.Context(), fmt.Sprint(i%9))
			}
		})
	}
	all.Wait()
}

func TestCacheRefusesWhatMakesNoSense(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no entries":     {`<cache-instance class="expiring-map-cache"><max-entries>0</max-entries></cache-instance>`, "max-entries"},
		"unknown policy": {`<cache-instance class="expiring-map-cache"><expiration-policy>NEVER</expiration-policy></cache-instance>`, "ACCESSED"},
		"no proxied":     {`<cache-instance class="retrying-cache-proxy"/>`, "has no <proxied-cache>"},
		"no cache":       {`<cache-instance class="null-connection"/>`, "null-connection"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decode[component.Connection](t, cacheWith(c.xml)); !strings.Contains(problems, c.want) {
				t.Errorf("got %s", problems)
			}
		})
	}
}
