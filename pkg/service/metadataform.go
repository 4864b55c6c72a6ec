package service

import (
	"context"
	"fmt"
	"mime"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// EncodedPairs is what services have in common that write metadata as key=value pairs. Interlok: UrlEncodedMetadataValues. Values are
// encoded as UTF-8 for a URL, keys stand as they are, in the order of the filter: that of the keys, unless the filter has one.
type EncodedPairs struct {
	component.ServiceBase
	Separator string         `xml:"separator" default:"&" doc:"text between the pairs"`
	Filter    MetadataFilter `xml:"metadata-filter" default:"remove-all-metadata-filter" example:"regex-metadata-filter" doc:"which metadata is written"`
}

func (s *EncodedPairs) pairs(m *message.Message) (string, error) {
	items, err := filterMetadata(s.Filter, m)
	if err != nil {
		return "", fmt.Errorf("<metadata-filter>: %w", err)
	}
	pairs := make([]string, len(items))
	for i, item := range items {
		value, err := urlEncode("UTF-8", item.Value)
		if err != nil {
			return "", fmt.Errorf("metadata %q: %w", item.Key, err)
		}
		pairs[i] = item.Key + "=" + value
	}
	return strings.Join(pairs, s.Separator), nil
}

// QueryString sets metadata to a query string of other metadata. Interlok: CreateQueryStringFromMetadata.
type QueryString struct {
	EncodedPairs
	ResultKey     string `xml:"result-key,required" doc:"key of the metadata that is set"`
	IncludePrefix bool   `xml:"include-query-prefix" default:"true" doc:"true begins the query string with ?, unless it is empty"`
}

// Apply sets the metadata of m.
func (s *QueryString) Apply(_ context.Context, m *message.Message) error {
	text, err := s.pairs(m)
	if err != nil {
		return fmt.Errorf("create-query-string-from-metadata: %w", err)
	}
	if text != "" && s.IncludePrefix {
		text = "?" + text
	}
	m.SetMetadata(s.ResultKey, text)
	return nil
}

// FormFromMetadata makes the payload a form of metadata, in UTF-8. Interlok: FormDataFromMetadata.
type FormFromMetadata struct{ EncodedPairs }

// Apply replaces the payload of m.
func (s *FormFromMetadata) Apply(_ context.Context, m *message.Message) error {
	text, err := s.pairs(m)
	if err != nil {
		return fmt.Errorf("www-url-form-encoded-payload-from-metadata: %w", err)
	}
	m.SetEncoding("UTF-8")
	m.SetPayload([]byte(text))
	return nil
}

// formType is the content type of a form.
const formType = "application/x-www-form-urlencoded"

// FormToMetadata sets metadata to what a form in the payload has. Interlok: FormDataToMetadata. A message of another content type, or
// without one, stays as it is. Values are read as UTF-8; a key is not decoded, and one without a value gets the value true. Other than in
// Interlok, empty pairs are passed over, and a value may have a = in it.
type FormToMetadata struct {
	component.ServiceBase
	ContentTypeKey string `xml:"content-type-key" default:"Content-Type" doc:"key of the metadata that has the content type"`
	MetadataPrefix string `xml:"metadata-prefix" doc:"text that the keys of the metadata begin with"`
}

// Apply sets the metadata of m.
func (s *FormToMetadata) Apply(_ context.Context, m *message.Message) error {
	const name = "www-url-form-encoded-payload-to-metadata"
	contentType, there := m.Metadata(s.ContentTypeKey)
	if !there {
		return nil
	}
	base, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("%s: metadata %q is %q, which is no content type: %w", name, s.ContentTypeKey, contentType, err)
	}
	if base != formType {
		return nil
	}
	text, err := m.Text()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	var items []MetadataItem
	for pair := range strings.SplitSeq(strings.TrimSpace(text), "&") {
		key, value, _ := strings.Cut(pair, "=")
		if key == "" {
			continue
		}
		if value == "" {
			value = "true"
		} else if value, err = urlDecode("UTF-8", value); err != nil {
			return fmt.Errorf("%s: the value of %q: %w", name, key, err)
		}
		items = append(items, MetadataItem{Key: s.MetadataPrefix + key, Value: value})
	}
	for _, item := range items {
		m.SetMetadata(item.Key, item.Value)
	}
	return nil
}

func init() {
	component.Register[QueryString]("create-query-string-from-metadata", "com.adaptris.core.services.metadata.CreateQueryStringFromMetadata",
		component.KindService, "sets metadata to a query string of other metadata")
	component.Register[FormFromMetadata]("www-url-form-encoded-payload-from-metadata", "com.adaptris.core.services.metadata.FormDataFromMetadata",
		component.KindService, "makes the payload a form of metadata")
	component.Register[FormToMetadata]("www-url-form-encoded-payload-to-metadata", "com.adaptris.core.services.metadata.FormDataToMetadata",
		component.KindService, "sets metadata to what a form in the payload has")
}
