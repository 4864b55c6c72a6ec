package service

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// keyValueStore is what services need of a connection to a cache. It is safe for concurrent use.
type keyValueStore interface {
	Put(ctx context.Context, key string, value any)
	PutFor(ctx context.Context, key string, value any, ttl time.Duration)
	// Get may wait for a value; the error is ctx's, when it ended the wait.
	Get(ctx context.Context, key string) (value any, ok bool, err error)
	Remove(ctx context.Context, key string)
	Clear()
}

// cacheUser holds the field that everything with a cache has; services and conditions embed it.
type cacheUser struct {
	Connection component.Connection `xml:"connection,required" doc:"the cache: a cache-connection, mostly a shared-connection to one under shared-components"`

	store keyValueStore
}

// Wire finds the cache.
func (c *cacheUser) Wire(r *component.Report) {
	if c.Connection == nil {
		return
	}
	connection := component.Resolve(c.Connection)
	store, ok := connection.(keyValueStore)
	if !ok {
		r.Errorf("connection", "wrong-connection", "is a %s, which is no cache; use a cache-connection, or a shared-connection to one", component.AliasOf(connection))
	}
	c.store = store
}

// Init implements component.Lifecycle.
func (c *cacheUser) Init(ctx context.Context) error { return component.Init(ctx, c.Connection) }

// Start implements component.Lifecycle.
func (c *cacheUser) Start(ctx context.Context) error { return component.Start(ctx, c.Connection) }

// Stop implements component.Lifecycle. A shared-connection has no lifecycle of its own: the document stops what it stands for.
func (c *cacheUser) Stop(ctx context.Context) error { return component.Stop(ctx, c.Connection) }

// CacheEntry says what is the key of a value in a cache, and how the value gets into a message and out of it. Interlok:
// CacheEntryEvaluator.
type CacheEntry struct {
	KeyTranslator     CacheKey   `xml:"key-translator" doc:"what the key is made of"`
	ValueTranslator   CacheValue `xml:"value-translator" doc:"what the value is made of, and where a value that is found goes"`
	ErrorOnEmptyKey   bool       `xml:"error-on-empty-key" default:"true" doc:"false leaves a message without the key as it is, true fails it"`
	ErrorOnEmptyValue bool       `xml:"error-on-empty-value" default:"true" doc:"false leaves a message without the value as it is, true fails it"`
	FriendlyName      string     `xml:"friendly-name" doc:"name of the entry in logs and errors"`
}

// Check refuses an entry without a key.
func (e *CacheEntry) Check(r *component.Report) {
	if e.KeyTranslator == nil {
		r.Warnf("key-translator", "missing-element", "is missing, so there is no key; say what it is made of, such as a metadata-cache-value-translator")
	}
}

func (e *CacheEntry) name() string {
	if e.FriendlyName != "" {
		return e.FriendlyName
	}
	return "cache-entry-evaluator"
}

var (
	errNoCacheKey   = errors.New("there is no key in the message; set what <key-translator> reads before, or set <error-on-empty-key> to false")
	errNoCacheValue = errors.New("there is no value in the message; set what <value-translator> reads before, or set <error-on-empty-value> to false")
)

// key is the key for m; ok is false when it has none and that is allowed, which is logged.
func (e *CacheEntry) key(ctx context.Context, m *message.Message) (key string, ok bool, err error) {
	if e.KeyTranslator != nil {
		key, ok, err = e.KeyTranslator.Key(m)
	}
	switch {
	case e.ErrorOnEmptyKey && err != nil:
		return "", false, fmt.Errorf("%s: <key-translator>: %w", e.name(), err)
	case e.ErrorOnEmptyKey && !ok:
		return "", false, fmt.Errorf("%s: %w", e.name(), errNoCacheKey)
	case err != nil || !ok:
		component.Logger(ctx).Warn("a message has no key for the cache", zap.String("entry", e.name()), zap.String("message", m.ID()), zap.Error(err))
		return "", false, nil
	}
	return key, true, nil
}

// value is the value of m; ok is false when it has none and that is allowed, which is logged.
func (e *CacheEntry) value(ctx context.Context, m *message.Message) (value any, ok bool, err error) {
	if e.ValueTranslator != nil {
		value, ok, err = e.ValueTranslator.Value(m)
	}
	switch {
	case e.ErrorOnEmptyValue && err != nil:
		return nil, false, fmt.Errorf("%s: <value-translator>: %w", e.name(), err)
	case e.ErrorOnEmptyValue && !ok:
		return nil, false, fmt.Errorf("%s: %w", e.name(), errNoCacheValue)
	case err != nil || !ok:
		component.Logger(ctx).Warn("a message has no value for the cache", zap.String("entry", e.name()), zap.String("message", m.ID()), zap.Error(err))
		return nil, false, nil
	}
	return value, true, nil
}

// set writes a value of the cache into m.
func (e *CacheEntry) set(m *message.Message, value any) error {
	if e.ValueTranslator == nil {
		return nil
	}
	if err := e.ValueTranslator.Set(m, value); err != nil {
		return fmt.Errorf("%s: <value-translator>: %w", e.name(), err)
	}
	return nil
}

// cacheEntries holds the entries of services that take several.
type cacheEntries struct {
	Entries []*CacheEntry `xml:"cache-entry-evaluator,implicit" doc:"a key and its value"`
}

func (c *cacheEntries) checkEntries(r *component.Report) {
	if len(c.Entries) == 0 {
		r.Errorf("", "missing-element", "has no cache-entry-evaluator, so it does nothing; add one or remove the service")
	}
}

func init() {
	component.Register[CacheEntry]("cache-entry-evaluator", "com.adaptris.core.services.cache.CacheEntryEvaluator", component.KindPart,
		"the key of a value in a cache, and where in a message the value stands")
}
