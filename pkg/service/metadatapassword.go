package service

import (
	"fmt"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// PasswordEncodeFilter encodes values whose key has one of the patterns in it. Interlok: PasswordEncodeMetadataFilter.
type PasswordEncodeFilter struct {
	Style    string           `xml:"style" default:"PW:" doc:"form of the encoded value: PW:, AES_GCM: or SEED:"`
	Patterns []*regexp.Regexp `xml:"password-pattern,implicit" doc:"regular expression that is found in the keys"`

	seedFile string
}

// Check tries the form.
func (f *PasswordEncodeFilter) Check(r *component.Report) {
	f.seedFile, _ = r.Env().Lookup("sysprop", document.SeedProperty)
	if _, err := document.EncodeSecret("", f.Style, f.seedFile); err != nil {
		r.Errorf("style", "bad-value", ": %v", err)
	}
}

// Filter implements MetadataFilter.
func (f *PasswordEncodeFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return changeMatching(items, f.Patterns, func(value string) (string, error) {
		return document.EncodeSecret(value, f.Style, f.seedFile)
	})
}

// PasswordDecodeFilter decodes values whose key has one of the patterns in it. Interlok: PasswordDecodeMetadataFilter. Other than there, a
// value is data: %env{…} in it is not replaced.
type PasswordDecodeFilter struct {
	Patterns []*regexp.Regexp `xml:"password-pattern,implicit" doc:"regular expression that is found in the keys"`

	lookup document.Lookup
}

// Check keeps where the seed file is looked up.
func (f *PasswordDecodeFilter) Check(r *component.Report) {
	env := r.Env()
	f.lookup = func(kind, name string) (string, bool) {
		if kind != "sysprop" || name != document.SeedProperty {
			return "", false
		}
		return env.Lookup(kind, name)
	}
}

// Filter implements MetadataFilter.
func (f *PasswordDecodeFilter) Filter(items []MetadataItem) ([]MetadataItem, error) {
	return changeMatching(items, f.Patterns, func(value string) (string, error) {
		secret, err := document.DecodeSecret(value, f.lookup)
		if err != nil {
			return "", err
		}
		return secret.Reveal(), nil
	})
}

// changeMatching changes the values of the items whose key has one of the patterns in it.
func changeMatching(items []MetadataItem, patterns []*regexp.Regexp, change func(string) (string, error)) ([]MetadataItem, error) {
	out := make([]MetadataItem, len(items))
	for i, item := range items {
		if anyMatch(patterns, item.Key) {
			value, err := change(item.Value)
			if err != nil {
				return nil, fmt.Errorf("metadata %q: %w", item.Key, err)
			}
			item.Value = value
		}
		out[i] = item
	}
	return out, nil
}

func init() {
	component.Register[PasswordEncodeFilter]("password-encoder-metadata-filter", "com.adaptris.core.metadata.PasswordEncodeMetadataFilter", component.KindPart,
		"encodes metadata values as secrets")
	component.Register[PasswordDecodeFilter]("password-decoder-metadata-filter", "com.adaptris.core.metadata.PasswordDecodeMetadataFilter", component.KindPart,
		"decodes metadata values that are encoded secrets")
}
