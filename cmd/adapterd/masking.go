package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// leastMasked is the length in bytes from which on a secret is masked. A shorter one, such as the "test" of a test server, is part of too
// many other words.
const leastMasked = 8

// masking writes *** for secrets. This program writes none itself, but it tells what servers answer, and some repeat what they were sent.
// It takes whole lines in each Write, and is safe for concurrent use as far as its out is.
type masking struct {
	out io.Writer
	// replacer is nil until secrets are known.
	replacer atomic.Pointer[strings.Replacer]
	// mu guards forms, all that is masked.
	mu    sync.Mutex
	forms []string
}

func (m *masking) Write(p []byte) (int, error) {
	if r := m.replacer.Load(); r != nil {
		if masked := r.Replace(string(p)); len(masked) != len(p) || masked != string(p) {
			if _, err := io.WriteString(m.out, masked); err != nil {
				return 0, err
			}
			return len(p), nil
		}
	}
	return m.out.Write(p)
}

// masked is a text as Write would write it, for one that is shortened before it is written.
func (m *masking) masked(s string) string {
	if r := m.replacer.Load(); r != nil {
		return r.Replace(s)
	}
	return s
}

// hide masks secrets from now on, also as they look in JSON, URLs and HTTP headers, beside those that are masked already: what a reload
// replaces still ends.
func (m *masking) hide(secrets []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	forms := m.forms
	for _, s := range secrets {
		if len(s) < leastMasked {
			continue
		}
		forms = append(forms, s, url.QueryEscape(s), url.PathEscape(s), inJSON(s),
			base64.StdEncoding.EncodeToString([]byte(s)), base64.URLEncoding.EncodeToString([]byte(s)))
	}
	if forms == nil {
		return
	}
	// The longest first: a secret may be part of another one.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	var pairs []string
	m.forms = slices.Compact(forms)
	for _, f := range m.forms {
		pairs = append(pairs, f, "***")
	}
	m.replacer.Store(strings.NewReplacer(pairs...))
}

// inJSON is the text as it stands between quotes.
func inJSON(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always can be
	return strings.Trim(strings.TrimSuffix(b.String(), "\n"), `"`)
}

// secretsOf are those that the document's components have.
func secretsOf(a *adapter.Adapter) []string { return secretsIn(a.Components()) }

// secretsIn are those that components have.
func secretsIn(components []component.Decoded) []string {
	var out []string
	for _, c := range components {
		v := reflect.Indirect(reflect.ValueOf(c.Component))
		if v.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(v.Type()) {
			if !f.IsExported() {
				continue
			}
			switch field := v.FieldByIndex(f.Index).Interface().(type) {
			case document.Secret:
				out = append(out, field.Reveal())
			case *document.Secret:
				if field != nil {
					out = append(out, field.Reveal())
				}
			case []component.KeyValue:
				out = append(out, proxySecrets(field)...)
			}
		}
	}
	return out
}

// proxySecrets are the password of a KPL configuration's proxy, and what HTTP makes of it.
func proxySecrets(pairs []component.KeyValue) []string {
	var user, password string
	for _, p := range pairs {
		switch {
		case strings.EqualFold(p.Key, "ProxyUserName"):
			user = p.Value
		case strings.EqualFold(p.Key, "ProxyPassword"):
			password = p.Value
		}
	}
	if password == "" {
		return nil
	}
	return []string{password, user + ":" + password}
}
