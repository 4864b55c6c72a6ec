package service

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// cacheKey holds the field of everything with one key of a cache.
type cacheKey struct {
	cacheUser
	Key *expr.Template `xml:"key,required" example:"%message{customerId}" doc:"the key, or an expression for it"`
}

func (c *cacheKey) keyFor(m *message.Message) (string, error) {
	key, err := resolve(c.Key, m)
	if err != nil {
		return "", fmt.Errorf("<key>: %w", err)
	}
	return key, nil
}

// AddValueToCache puts one value of the message into a cache. Interlok: AddValueToCache.
//
// The expiry is a number of milliseconds from now, or since 1970 if that is in the future, or a date. Anything else, or an expression
// without a value, leaves it to the cache how long the value stays, as in Interlok; that is logged.
type AddValueToCache struct {
	component.ServiceBase
	cacheKey
	ValueTranslator CacheValue     `xml:"value-translator,required" doc:"what the value is made of"`
	Expiry          *expr.Template `xml:"expiry" example:"60000" doc:"when the value goes, or an expression for it; without it the cache decides"`
}

// Check warns of an expiry that never can be read.
func (s *AddValueToCache) Check(r *component.Report) {
	if text, ok := constantText(s.Expiry); ok && text != "" {
		if _, ok := cacheExpiry(text, time.Now()); !ok {
			r.Warnf("expiry", "without-effect", "is %q, which is neither a number of milliseconds nor a date, so the cache decides; write 60000 for a minute", text)
		}
	}
}

// Apply puts the value.
func (s *AddValueToCache) Apply(ctx context.Context, m *message.Message) error {
	key, err := s.keyFor(m)
	if err != nil {
		return fmt.Errorf("add-single-value-to-cache: %w", err)
	}
	value, ok, err := s.ValueTranslator.Value(m)
	if err != nil {
		return fmt.Errorf("add-single-value-to-cache: <value-translator>: %w", err)
	}
	if !ok {
		return fmt.Errorf("add-single-value-to-cache: the message has no value for key %q; set what <value-translator> reads before", key)
	}
	if s.Expiry == nil {
		s.store.Put(ctx, key, value)
		return nil
	}
	text, err := resolve(s.Expiry, m)
	ttl, ok := cacheExpiry(text, time.Now())
	if err != nil || !ok {
		component.Logger(ctx).Debug("a value has no expiry of its own; the cache decides", zap.String("key", key), zap.String("message", m.ID()), zap.Error(err))
		s.store.Put(ctx, key, value)
		return nil
	}
	s.store.PutFor(ctx, key, value, ttl)
	return nil
}

// cacheDates are the patterns of dates in Interlok's DateFormatUtil, in its order.
var cacheDates = compileDates("yyyy-MM-dd'T'HH:mm:ssZ", "yyyyMMdd HH:mm:ss zzz", "yyyyMMdd HH:mm:ss", "yyyyMMdd", "yyyy-MM-dd HH:mm:ss zzz",
	"yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd", "dd.MM.yyyy HH:mm:ss zzz", "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy", "dd/MM/yyyy HH:mm:ss zzz",
	"dd/MM/yyyy HH:mm:ss", "dd/MM/yyyy")

func compileDates(patterns ...string) []*datePattern {
	all := make([]*datePattern, len(patterns))
	for i, text := range patterns {
		p, err := parseDatePattern(text, "")
		if err != nil {
			panic(fmt.Sprintf("service: %v", err))
		}
		all[i] = p
	}
	return all
}

// dateOfAny reads a date in the first pattern that fits.
func dateOfAny(patterns []*datePattern, text string) (time.Time, bool) {
	for _, p := range patterns {
		if t, err := p.parse(text, time.Local); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// cacheExpiry is the time from now that a text names. Interlok: CacheExpiry.
func cacheExpiry(text string, now time.Time) (time.Duration, bool) {
	if text != "" && strings.Trim(text, "0123456789") == "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return 0, false
		}
		if at := now.UnixMilli(); ms >= at {
			ms -= at
		}
		if most := int64(1<<63-1) / int64(time.Millisecond); ms > most {
			ms = most
		}
		return time.Duration(ms) * time.Millisecond, true
	}
	t, ok := dateOfAny(cacheDates, text)
	return t.Sub(now), ok
}

// GetValueFromCache writes one value of a cache into the message. Interlok: GetValueFromCache. Where a missing value is allowed it changes
// nothing (in Interlok, it may empty the payload).
type GetValueFromCache struct {
	component.ServiceBase
	cacheKey
	ValueTranslator     CacheValue `xml:"value-translator,required" doc:"where the value goes"`
	ExceptionIfNotFound bool       `xml:"exception-if-not-found" default:"true" doc:"false leaves the message as it is when the cache has no value, true fails it"`
}

// Apply writes the value.
func (s *GetValueFromCache) Apply(ctx context.Context, m *message.Message) error {
	key, err := s.keyFor(m)
	if err != nil {
		return fmt.Errorf("get-single-value-from-cache: %w", err)
	}
	value, ok, err := s.store.Get(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("get-single-value-from-cache: waiting for key %q: %w", key, err)
	case ok:
		if err := s.ValueTranslator.Set(m, value); err != nil {
			return fmt.Errorf("get-single-value-from-cache: <value-translator>: %w", err)
		}
	case s.ExceptionIfNotFound:
		return fmt.Errorf("get-single-value-from-cache: %w", notCached(key))
	}
	return nil
}

// RemoveKeyFromCache removes a key from a cache, if it is there. Interlok: RemoveKeyFromCache.
type RemoveKeyFromCache struct {
	component.ServiceBase
	cacheKey
}

// Apply removes the key.
func (s *RemoveKeyFromCache) Apply(ctx context.Context, m *message.Message) error {
	key, err := s.keyFor(m)
	if err != nil {
		return fmt.Errorf("remove-key-from-cache: %w", err)
	}
	s.store.Remove(ctx, key)
	return nil
}

// ClearCache removes all keys from a cache. Interlok: ClearCacheService.
type ClearCache struct {
	component.ServiceBase
	cacheUser

	IgnoreUnsupported bool `xml:"ignore-unsupported" default:"false" effect:"none" doc:"accepted for compatibility: every cache here can be cleared"`
}

// Apply clears the cache.
func (s *ClearCache) Apply(context.Context, *message.Message) error {
	s.store.Clear()
	return nil
}

// ExistsInCache holds when a cache has a key. Interlok: ExistsInCache. Its cache should be a shared-connection: nothing would put a value
// into one of its own.
type ExistsInCache struct {
	cacheKey
}

// Evaluate implements component.Condition.
func (c *ExistsInCache) Evaluate(ctx context.Context, m *message.Message) (bool, error) {
	key, err := c.keyFor(m)
	if err != nil {
		return false, fmt.Errorf("exists-in-cache: %w", err)
	}
	_, ok, err := c.store.Get(ctx, key)
	if err != nil {
		return false, fmt.Errorf("exists-in-cache: waiting for key %q: %w", key, err)
	}
	return ok, nil
}

func init() {
	const pkg = "com.adaptris.core.services.cache."
	component.Register[AddValueToCache]("add-single-value-to-cache", pkg+"AddValueToCache", component.KindService, "puts one value of the message into a cache")
	component.Register[GetValueFromCache]("get-single-value-from-cache", pkg+"GetValueFromCache", component.KindService, "writes one value of a cache into the message")
	component.Register[RemoveKeyFromCache]("remove-key-from-cache", pkg+"RemoveKeyFromCache", component.KindService, "removes a key from a cache")
	component.Register[ClearCache]("clear-cache-service", pkg+"ClearCacheService", component.KindService, "removes all keys from a cache")
	component.Register[ExistsInCache]("exists-in-cache", "com.adaptris.core.services.conditional.conditions.ExistsInCache", component.KindCondition, "holds when a cache has a key")
}
