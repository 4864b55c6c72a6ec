package service

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// CacheKey makes the key of a value in a cache. Interlok: CacheKeyTranslator. It is safe for concurrent use on different messages.
type CacheKey interface {
	// Key is the key; ok is false when the message has none.
	Key(m *message.Message) (key string, ok bool, err error)
}

// CacheValue takes a value of a cache from a message, and puts one into it. Interlok: CacheValueTranslator. It is safe for concurrent use
// on different messages.
type CacheValue interface {
	// Value is the value; ok is false when the message has none.
	Value(m *message.Message) (value any, ok bool, err error)
	// Set puts a value that was found into the message.
	Set(m *message.Message, value any) error
}

// errOneWay is of translators that only read messages (Interlok: UnsupportedOperationException).
var errOneWay = errors.New("it cannot write a value into a message; use a metadata-cache-value-translator, or one for payloads")

// textOfCached is a value of a cache as text.
func textOfCached(value any) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	return "", fmt.Errorf("the cache has an object (%T) under the key, not a text; read it with object-metadata-cache-value-translator", value)
}

// MetadataCacheValue is a metadata value. Interlok: MetadataCacheValueTranslator.
type MetadataCacheValue struct {
	MetadataKey string `xml:"metadata-key,required" doc:"key of the metadata"`
}

// Key implements CacheKey.
func (v *MetadataCacheValue) Key(m *message.Message) (string, bool, error) {
	text, ok := m.Metadata(v.MetadataKey)
	return text, ok, nil
}

// Value implements CacheValue.
func (v *MetadataCacheValue) Value(m *message.Message) (any, bool, error) {
	text, ok := m.Metadata(v.MetadataKey)
	return text, ok, nil
}

// Set implements CacheValue.
func (v *MetadataCacheValue) Set(m *message.Message, value any) error {
	text, err := textOfCached(value)
	if err != nil {
		return err
	}
	m.SetMetadata(v.MetadataKey, text)
	return nil
}

// ObjectCacheValue is object metadata. Interlok: ObjectMetadataCacheValueTranslator.
type ObjectCacheValue struct {
	MetadataKey string `xml:"metadata-key,required" doc:"key of the object metadata"`
}

// Value implements CacheValue.
func (v *ObjectCacheValue) Value(m *message.Message) (any, bool, error) {
	value, ok := m.Object(v.MetadataKey)
	return value, ok && value != nil, nil
}

// Set implements CacheValue.
func (v *ObjectCacheValue) Set(m *message.Message, value any) error {
	m.SetObject(v.MetadataKey, value)
	return nil
}

// TextCacheValue is the payload as text. Interlok: StringPayloadCacheTranslator.
type TextCacheValue struct {
	CharEncoding string `xml:"char-encoding" doc:"character set of a payload that is written; without it that of the message"`
}

// Check refuses a character set that nobody knows.
func (v *TextCacheValue) Check(r *component.Report) {
	if !isUTF8(v.CharEncoding) {
		if _, err := charsetOf(v.CharEncoding); err != nil {
			r.Errorf("char-encoding", "bad-value", ": %v", err)
		}
	}
}

// Key implements CacheKey.
func (v *TextCacheValue) Key(m *message.Message) (string, bool, error) {
	text, err := m.Text()
	return text, err == nil, err
}

// Value implements CacheValue.
func (v *TextCacheValue) Value(m *message.Message) (any, bool, error) {
	text, err := m.Text()
	return text, err == nil, err
}

// Set implements CacheValue.
func (v *TextCacheValue) Set(m *message.Message, value any) error {
	text, err := textOfCached(value)
	if err != nil {
		return err
	}
	if v.CharEncoding != "" {
		m.SetEncoding(v.CharEncoding)
	}
	return setText(m, text)
}

// BytesCacheValue is the payload's bytes. Interlok: BytePayloadCacheValueTranslator.
type BytesCacheValue struct{}

// Value implements CacheValue.
func (*BytesCacheValue) Value(m *message.Message) (any, bool, error) { return m.Payload(), true, nil }

// Set implements CacheValue.
func (*BytesCacheValue) Set(m *message.Message, value any) error {
	if payload, ok := value.([]byte); ok {
		// A copy, because the cache's value is that of other messages too.
		m.SetPayload(bytes.Clone(payload))
		return nil
	}
	text, err := textOfCached(value)
	if err != nil {
		return err
	}
	m.SetPayload([]byte(text))
	return nil
}

// StaticCacheValue is a text of the document, expressions resolved. It can only be read. Interlok: StaticCacheValueTranslator.
type StaticCacheValue struct {
	Text *expr.Template `xml:"value,required" example:"%message{customerId}" doc:"the text, or an expression for it"`
}

// Key implements CacheKey.
func (v *StaticCacheValue) Key(m *message.Message) (string, bool, error) {
	text, err := resolve(v.Text, m)
	return text, err == nil, err
}

// Value implements CacheValue.
func (v *StaticCacheValue) Value(m *message.Message) (any, bool, error) {
	text, err := resolve(v.Text, m)
	return text, err == nil, err
}

// Set implements CacheValue.
func (*StaticCacheValue) Set(*message.Message, any) error { return errOneWay }

// XPathCacheValue is what an XPath finds in the payload. It can only be read. Interlok: XpathCacheValueTranslator.
type XPathCacheValue struct {
	xmlReading
	XPath *expr.Template `xml:"xpath,required" example:"/order/@id" doc:"the XPath, or an expression for it"`

	constant *expr.XPath
}

// Check compiles a constant XPath.
func (v *XPathCacheValue) Check(r *component.Report) {
	if text, ok := constantText(v.XPath); ok {
		v.constant = v.checkXPath(r, "xpath", text)
	}
}

// Key implements CacheKey.
func (v *XPathCacheValue) Key(m *message.Message) (string, bool, error) {
	path := v.constant
	if path == nil {
		text, err := resolve(v.XPath, m)
		if err != nil {
			return "", false, fmt.Errorf("<xpath>: %w", err)
		}
		if path, err = v.compile(strings.TrimSpace(text)); err != nil {
			return "", false, err
		}
	}
	text, err := path.Text(m)
	if errors.Is(err, expr.ErrNoValue) {
		return "", false, nil
	}
	return text, err == nil, err
}

// Value implements CacheValue.
func (v *XPathCacheValue) Value(m *message.Message) (any, bool, error) { return v.Key(m) }

// Set implements CacheValue.
func (*XPathCacheValue) Set(*message.Message, any) error { return errOneWay }

func init() {
	const pkg = "com.adaptris.core.services.cache.translators."
	component.Register[MetadataCacheValue]("metadata-cache-value-translator", pkg+"MetadataCacheValueTranslator", component.KindPart, "a metadata value as key or value of a cache")
	component.Register[ObjectCacheValue]("object-metadata-cache-value-translator", pkg+"ObjectMetadataCacheValueTranslator", component.KindPart, "object metadata as value of a cache")
	component.Register[TextCacheValue]("string-payload-cache-translator", pkg+"StringPayloadCacheTranslator", component.KindPart, "the payload as text, as key or value of a cache")
	component.Register[BytesCacheValue]("byte-payload-cache-value-translator", pkg+"BytePayloadCacheValueTranslator", component.KindPart, "the payload's bytes as value of a cache")
	component.Register[StaticCacheValue]("static-cache-value-translator", pkg+"StaticCacheValueTranslator", component.KindPart, "a text of the document, expressions resolved, as key or value of a cache")
	component.Register[XPathCacheValue]("xpath-cache-value-translator", pkg+"XpathCacheValueTranslator", component.KindPart, "what an XPath finds, as key or value of a cache")
}
