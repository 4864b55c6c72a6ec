package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// cacheInTest is a connection to a cache that says what it was told.
type cacheInTest struct {
	values map[string]any
	ttl    map[string]time.Duration
	waits  error // what ends a wait for a value
	phases []string
}

func newCacheInTest(pairs ...string) *cacheInTest {
	c := &cacheInTest{values: map[string]any{}, ttl: map[string]time.Duration{}}
	for i := 0; i < len(pairs); i += 2 {
		c.values[pairs[i]] = pairs[i+1]
	}
	return c
}

func (c *cacheInTest) ConnectionID() string                         { return "" }
func (c *cacheInTest) Put(_ context.Context, key string, value any) { c.values[key] = value }
func (c *cacheInTest) Remove(_ context.Context, key string)         { delete(c.values, key) }
func (c *cacheInTest) Clear()                                       { clear(c.values) }
func (c *cacheInTest) Init(context.Context) error                   { return c.phase("init") }
func (c *cacheInTest) Start(context.Context) error                  { return c.phase("start") }
func (c *cacheInTest) Stop(context.Context) error                   { return c.phase("stop") }
func (c *cacheInTest) phase(name string) error                      { c.phases = append(c.phases, name); return nil }
func (c *cacheInTest) Get(_ context.Context, key string) (any, bool, error) {
	value, ok := c.values[key]
	return value, ok, c.waits
}

func (c *cacheInTest) PutFor(_ context.Context, key string, value any, ttl time.Duration) {
	c.values[key], c.ttl[key] = value, ttl
}

const sharedCache = `<connection class="shared-connection"><lookup-name>cache</lookup-name></connection>`

// withCache decodes a service with a cache, and checks that nothing is wrong with it.
func withCache(t *testing.T, xml string, c *cacheInTest) component.Service {
	t.Helper()
	s, problems := decodeWith(t, strings.ReplaceAll(xml, "<cache/>", sharedCache), sharedParts{connections: map[string]component.Connection{"cache": c}})
	for _, p := range problems {
		if strings.HasPrefix(p, "error") {
			t.Fatal(problems)
		}
	}
	return s
}

func entry(key, value, more string) string {
	return `<cache-entry-evaluator>` + key + value + more + `</cache-entry-evaluator>`
}

const (
	keyOfMetadata   = `<key-translator class="metadata-cache-value-translator"><metadata-key>key</metadata-key></key-translator>`
	valueOfMetadata = `<value-translator class="metadata-cache-value-translator"><metadata-key>value</metadata-key></value-translator>`
)

func TestCacheServices(t *testing.T) {
	plain := entry(keyOfMetadata, valueOfMetadata, "")
	single := `<cache/><key>%message{key}</key>` + valueOfMetadata
	for _, c := range []struct {
		name, xml          string
		cache, metadata    []string
		wantCache          map[string]any
		wantValue, wantErr string
	}{
		{name: "add", xml: `<add-to-cache><cache/>` + plain + `</add-to-cache>`, metadata: []string{"key", "k", "value", "v"}, wantCache: map[string]any{"k": "v"}, wantValue: "v"},
		{name: "add, no key", xml: `<add-to-cache><cache/>` + plain + `</add-to-cache>`, metadata: []string{"value", "v"}, wantErr: "add-to-cache: cache-entry-evaluator: there is no key"},
		{name: "add, no value", xml: `<add-to-cache><cache/>` + entry(keyOfMetadata, valueOfMetadata, "<friendly-name>customer</friendly-name>") + `</add-to-cache>`, metadata: []string{"key", "k"}, wantErr: "add-to-cache: customer: there is no value"},
		{name: "add, none allowed", xml: `<add-to-cache><cache/>` + entry(keyOfMetadata, valueOfMetadata, "<error-on-empty-key>false</error-on-empty-key><error-on-empty-value>false</error-on-empty-value>") + `</add-to-cache>`},
		{name: "add, failing value", xml: `<add-to-cache><cache/>` + entry(keyOfMetadata, `<value-translator class="static-cache-value-translator"><value>%message{none}</value></value-translator>`, "") + `</add-to-cache>`,
			metadata: []string{"key", "k"}, wantErr: "add-to-cache: cache-entry-evaluator: <value-translator>: "},
		{name: "retrieve", xml: `<retrieve-from-cache><cache/>` + plain + `</retrieve-from-cache>`, cache: []string{"k", "v"}, metadata: []string{"key", "k"}, wantCache: map[string]any{"k": "v"}, wantValue: "v"},
		{name: "retrieve, not there", xml: `<retrieve-from-cache><cache/>` + plain + `</retrieve-from-cache>`, metadata: []string{"key", "k"}, wantErr: `retrieve-from-cache: the cache has no value for key "k"`},
		{name: "retrieve, not there, allowed", xml: `<retrieve-from-cache><cache/><exception-if-not-found>false</exception-if-not-found>` + plain + `</retrieve-from-cache>`, metadata: []string{"key", "k", "value", "old"}, wantValue: "old"},
		{name: "remove", xml: `<remove-from-cache><cache/>` + plain + `</remove-from-cache>`, cache: []string{"k", "v", "l", "w"}, metadata: []string{"key", "k"}, wantCache: map[string]any{"l": "w"}, wantValue: "v"},
		{name: "remove, not there", xml: `<remove-from-cache><cache/>` + plain + `</remove-from-cache>`, metadata: []string{"key", "k"}, wantErr: `remove-from-cache: the cache has no value for key "k"`},
		{name: "add one", xml: `<add-single-value-to-cache>` + single + `</add-single-value-to-cache>`, metadata: []string{"key", "k", "value", "v"}, wantCache: map[string]any{"k": "v"}, wantValue: "v"},
		{name: "add one, no key", xml: `<add-single-value-to-cache>` + single + `</add-single-value-to-cache>`, wantErr: "add-single-value-to-cache: <key>: "},
		{name: "add one, no value", xml: `<add-single-value-to-cache>` + single + `</add-single-value-to-cache>`, metadata: []string{"key", "k"}, wantErr: `add-single-value-to-cache: the message has no value for key "k"`},
		{name: "get one", xml: `<get-single-value-from-cache>` + single + `</get-single-value-from-cache>`, cache: []string{"k", "v"}, metadata: []string{"key", "k"}, wantCache: map[string]any{"k": "v"}, wantValue: "v"},
		{name: "get one, not there", xml: `<get-single-value-from-cache>` + single + `</get-single-value-from-cache>`, metadata: []string{"key", "k"}, wantErr: `get-single-value-from-cache: the cache has no value for key "k"`},
		{name: "get one, not there, allowed", xml: `<get-single-value-from-cache>` + single + `<exception-if-not-found>false</exception-if-not-found></get-single-value-from-cache>`, metadata: []string{"key", "k", "value", "old"}, wantValue: "old"},
		{name: "get one into nowhere", xml: `<get-single-value-from-cache><cache/><key>k</key><value-translator class="static-cache-value-translator"><value>x</value></value-translator></get-single-value-from-cache>`,
			cache: []string{"k", "v"}, wantErr: "get-single-value-from-cache: <value-translator>: it cannot write a value into a message"},
		{name: "remove one", xml: `<remove-key-from-cache><cache/><key>k</key></remove-key-from-cache>`, cache: []string{"k", "v", "l", "w"}, wantCache: map[string]any{"l": "w"}},
		{name: "clear", xml: `<clear-cache-service><cache/></clear-cache-service>`, cache: []string{"k", "v", "l", "w"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := newCacheInTest(c.cache...)
			m := newMessage("payload", c.metadata...)
			err := component.Apply(t.Context(), withCache(t, c.xml, cache), m)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error %v\nwant %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.wantCache == nil {
				c.wantCache = map[string]any{}
			}
			if diff := cmp.Diff(c.wantCache, cache.values); diff != "" {
				t.Errorf("cache (-want +got):\n%s", diff)
			}
			if got, _ := m.Metadata("value"); got != c.wantValue {
				t.Errorf("value %q, want %q", got, c.wantValue)
			}
		})
	}
}

func TestCacheTranslators(t *testing.T) {
	translators := map[string]string{
		"text":   `<value-translator class="string-payload-cache-translator"/>`,
		"bytes":  `<value-translator class="byte-payload-cache-value-translator"/>`,
		"object": `<value-translator class="object-metadata-cache-value-translator"><metadata-key>o</metadata-key></value-translator>`,
		"latin":  `<value-translator class="string-payload-cache-translator"><char-encoding>ISO-8859-1</char-encoding></value-translator>`,
		"meta":   `<value-translator class="metadata-cache-value-translator"><metadata-key>m</metadata-key></value-translator>`,
	}
	for _, c := range []struct{ from, to, want string }{
		{"text", "text", "pé"}, {"bytes", "bytes", "pé"}, {"bytes", "text", "pé"}, {"text", "bytes", "pé"}, {"text", "latin", "p\xe9"}, {"text", "meta", "old pé"},
		{"object", "object", "old 42"}, {"object", "text", "error: <value-translator>: the cache has an object (int)"}, {"object", "bytes", "error: <value-translator>: the cache has an object"},
	} {
		t.Run(c.from+" to "+c.to, func(t *testing.T) {
			cache := newCacheInTest()
			in := newMessage("pé")
			in.SetObject("o", 42)
			if err := component.Apply(t.Context(), withCache(t, `<add-single-value-to-cache><cache/><key>k</key>`+translators[c.from]+`</add-single-value-to-cache>`, cache), in); err != nil {
				t.Fatal(err)
			}
			out := newMessage("old")
			err := component.Apply(t.Context(), withCache(t, `<get-single-value-from-cache><cache/><key>k</key>`+translators[c.to]+`</get-single-value-from-cache>`, cache), out)
			got := string(out.Payload())
			if text, ok := out.Metadata("m"); ok {
				got += " " + text
			}
			if o, ok := out.Object("o"); ok {
				got += fmt.Sprint(" ", o)
			}
			if err != nil {
				got = "error: " + strings.TrimPrefix(err.Error(), "get-single-value-from-cache: ")
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestCacheKeysOfXPathsAndPayloads(t *testing.T) {
	for name, c := range map[string]struct{ key, payload, want string }{
		"xpath":            {`<key-translator class="xpath-cache-value-translator"><xpath>/o/@id</xpath></key-translator>`, `<o id="7"/>`, "7"},
		"xpath by message": {`<key-translator class="xpath-cache-value-translator"><xpath>%message{path}</xpath></key-translator>`, `<o id="7"/>`, "7"},
		"namespace":        {`<key-translator class="xpath-cache-value-translator"><xpath>/x:o/x:a</xpath><namespace-context><key-value-pair><key>x</key><value>urn:x</value></key-value-pair></namespace-context></key-translator>`, `<o xmlns="urn:x"><a>8</a></o>`, "8"},
		"payload":          {`<key-translator class="string-payload-cache-translator"/>`, `abc`, "abc"},
		"static":           {`<key-translator class="static-cache-value-translator"><value>c-%message{path}</value></key-translator>`, ``, "c-/o/@id"},
		"nothing":          {`<key-translator class="xpath-cache-value-translator"><xpath>/o/@none</xpath></key-translator>`, `<o id="7"/>`, "error: there is no key in the message"},
		"no XML":           {`<key-translator class="xpath-cache-value-translator"><xpath>/o/@none</xpath></key-translator>`, `no`, "error: <key-translator>: "},
	} {
		t.Run(name, func(t *testing.T) {
			cache := newCacheInTest()
			err := component.Apply(t.Context(), withCache(t, `<add-to-cache><cache/>`+entry(c.key, valueOfMetadata, "")+`</add-to-cache>`, cache), newMessage(c.payload, "path", "/o/@id", "value", "v"))
			got := ""
			for key := range cache.values {
				got = key
			}
			if err != nil {
				got = "error: " + strings.TrimPrefix(err.Error(), "add-to-cache: cache-entry-evaluator: ")
			}
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestCheckCacheChoosesTheNextService(t *testing.T) {
	second := entry(strings.ReplaceAll(keyOfMetadata, ">key<", ">key2<"), valueOfMetadata, "<error-on-empty-key>false</error-on-empty-key>")
	for _, c := range []struct {
		name, alias     string
		cache, metadata []string
		want, wantValue string
	}{
		{name: "all there", alias: "check-cache", cache: []string{"a", "1", "b", "2"}, metadata: []string{"key", "a", "key2", "b"}, want: "yes"},
		{name: "one not there", alias: "check-cache", cache: []string{"a", "1"}, metadata: []string{"key", "a", "key2", "b"}, want: "no"},
		{name: "one without key", alias: "check-cache", cache: []string{"a", "1"}, metadata: []string{"key", "a"}, want: "no"},
		{name: "all there, retrieved", alias: "check-cache-and-retrieve", cache: []string{"a", "1", "b", "2"}, metadata: []string{"key", "a", "key2", "b"}, want: "yes", wantValue: "2"},
		{name: "what is there, retrieved", alias: "check-cache-and-retrieve", cache: []string{"a", "1"}, metadata: []string{"key", "a", "key2", "b"}, want: "no", wantValue: "1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			set := func(id string) string {
				return `<add-metadata-service><unique-id>` + id + `</unique-id><metadata-element><key>branch</key><value>` + id + `</value></metadata-element></add-metadata-service>`
			}
			s := withCache(t, `<branching-service-collection><first-service-id>check</first-service-id><services><`+c.alias+`><unique-id>check</unique-id><cache/>`+entry(keyOfMetadata, valueOfMetadata, "")+second+
				`<keys-found-service-id>yes</keys-found-service-id><keys-not-found-service-id>no</keys-not-found-service-id></`+c.alias+`>`+set("yes")+set("no")+`</services></branching-service-collection>`, newCacheInTest(c.cache...))
			m := newMessage("", c.metadata...)
			if err := component.Apply(t.Context(), s, m); err != nil {
				t.Fatal(err)
			}
			if got, _ := m.Metadata("branch"); got != c.want {
				t.Errorf("went to %s, want %s", got, c.want)
			}
			if got, _ := m.Metadata("value"); got != c.wantValue {
				t.Errorf("value %q, want %q", got, c.wantValue)
			}
		})
	}
}

func TestExistsInCache(t *testing.T) {
	const xml = `<if-then-otherwise><condition class="exists-in-cache"><cache/><key>%message{key}</key></condition>
		<then><service class="add-metadata-service"><metadata-element><key>found</key><value>yes</value></metadata-element></service></then></if-then-otherwise>`
	for key, want := range map[string]string{"k": "yes", "l": ""} {
		m := newMessage("", "key", key)
		if err := component.Apply(t.Context(), withCache(t, xml, newCacheInTest("k", "v")), m); err != nil {
			t.Fatal(err)
		}
		if got, _ := m.Metadata("found"); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if err := component.Apply(t.Context(), withCache(t, xml, newCacheInTest()), newMessage("")); err == nil || !strings.Contains(err.Error(), "exists-in-cache: <key>: ") {
		t.Errorf("a key without a value: %v", err)
	}
}

func TestWaitForACachedValueEndsWithTheContext(t *testing.T) {
	cache := newCacheInTest("k", "v")
	cache.waits = context.Canceled
	for _, xml := range []string{
		`<retrieve-from-cache><cache/>` + entry(keyOfMetadata, valueOfMetadata, "") + `</retrieve-from-cache>`,
		`<get-single-value-from-cache><cache/><key>k</key>` + valueOfMetadata + `</get-single-value-from-cache>`,
	} {
		if err := component.Apply(t.Context(), withCache(t, xml, cache), newMessage("", "key", "k")); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", xml, err)
		}
	}
}

func TestCacheExpiry(t *testing.T) {
	now := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"60000":                           time.Minute,
		"0":                               0,
		fmt.Sprint(now.UnixMilli() + 500): 500 * time.Millisecond,
		"2024-02-29T13:00:00+0000":        time.Hour,
		"2024-02-29T11:00:00+0000":        -time.Hour,
		"2024-02-29 12:00:10 UTC":         10 * time.Second,
		"99999999999999999":               time.Duration(1<<63-1) / time.Millisecond * time.Millisecond,
	} {
		if got, ok := cacheExpiry(text, now); !ok || got != want {
			t.Errorf("%s is %v (%v), want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "-5", "soon", "99999999999999999999", "1.5"} {
		if got, ok := cacheExpiry(text, now); ok {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestAddValueToCacheWithExpiry(t *testing.T) {
	for expiry, want := range map[string]time.Duration{"5000": 5 * time.Second, "%message{ttl}": time.Second, "%message{none}": 0, "soon": 0} {
		cache := newCacheInTest()
		s := withCache(t, `<add-single-value-to-cache><cache/><key>k</key>`+valueOfMetadata+`<expiry>`+expiry+`</expiry></add-single-value-to-cache>`, cache)
		if err := component.Apply(t.Context(), s, newMessage("", "value", "v", "ttl", "1000")); err != nil {
			t.Fatal(err)
		}
		if cache.ttl["k"] != want || cache.values["k"] != "v" {
			t.Errorf("%s: %v for %v", expiry, cache.values, cache.ttl)
		}
	}
}

func TestCacheServicesRefuseDocumentsThatMakeNoSense(t *testing.T) {
	shared := sharedParts{connections: map[string]component.Connection{"cache": newCacheInTest(), "nothing": &nullConnection{}}}
	for name, c := range map[string]struct{ xml, want string }{
		"no connection":     {`<clear-cache-service/>`, "has no <connection>"},
		"no cache":          {`<clear-cache-service><connection class="null-connection"/></clear-cache-service>`, "<connection> of clear-cache-service is a null-connection, which is no cache; use a cache-connection"},
		"shared nothing":    {`<clear-cache-service><connection class="shared-connection"><lookup-name>nothing</lookup-name></connection></clear-cache-service>`, "which is no cache"},
		"no entries":        {`<add-to-cache>` + sharedCache + `</add-to-cache>`, "has no cache-entry-evaluator"},
		"no key":            {`<add-single-value-to-cache>` + sharedCache + valueOfMetadata + `</add-single-value-to-cache>`, "has no <key>"},
		"odd expiry":        {`<add-single-value-to-cache>` + sharedCache + `<key>k</key>` + valueOfMetadata + `<expiry>soon</expiry></add-single-value-to-cache>`, `is "soon", which is neither a number of milliseconds nor a date`},
		"no branching":      {`<check-cache>` + sharedCache + entry(keyOfMetadata, "", "") + `<keys-found-service-id>a</keys-found-service-id><keys-not-found-service-id>b</keys-not-found-service-id></check-cache>`, "branching-service-collection"},
		"no charset":        {`<get-single-value-from-cache>` + sharedCache + `<key>k</key><value-translator class="string-payload-cache-translator"><char-encoding>nope</char-encoding></value-translator></get-single-value-from-cache>`, `"nope" is not known`},
		"bad xpath":         {`<get-single-value-from-cache>` + sharedCache + `<key>k</key><value-translator class="xpath-cache-value-translator"><xpath>/a[</xpath></value-translator></get-single-value-from-cache>`, "<xpath> of xpath-cache-value-translator"},
		"entry without key": {`<add-to-cache>` + sharedCache + entry("", valueOfMetadata, "") + `</add-to-cache>`, "<key-translator> of cache-entry-evaluator is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decodeWith(t, c.xml, shared); !strings.Contains(strings.Join(problems, "\n"), c.want) {
				t.Errorf("got  %v\nwant %s", problems, c.want)
			}
		})
	}
}

func TestCacheServiceForwardsTheLifecycleToACacheOfItsOwn(t *testing.T) {
	cache := newCacheInTest()
	s := &ClearCache{cacheUser: cacheUser{Connection: cache}}
	for _, phase := range []func(context.Context, component.Component) error{component.Init, component.Start, component.Stop} {
		if err := phase(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"init", "start", "stop"}, cache.phases); diff != "" {
		t.Error(diff)
	}
}
