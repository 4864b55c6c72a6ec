package connection

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// routes are the paths of one server. It is safe for concurrent use: consumers come and go while requests arrive. A path whose consumer
// is gone answers that it will come again: to a client, 404 would mean that it is wrong.
type routes struct {
	// mu guards exact and below.
	mu    sync.RWMutex
	exact map[string]http.Handler
	below map[string]http.Handler // without the trailing /*
}

func (t *routes) add(path string, to http.Handler) (remove func(), err error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("the path %q does not begin with /; write /%s", path, path)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.exact == nil {
		t.exact, t.below = make(map[string]http.Handler), make(map[string]http.Handler)
	}
	table, key := t.exact, path
	if prefix, ok := strings.CutSuffix(path, "/*"); ok {
		table, key = t.below, prefix
	}
	if old := table[key]; old != nil && old != gone {
		return nil, fmt.Errorf("the path %s has a consumer already; give one of the two another path", path)
	}
	table[key] = to
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		table[key] = gone
	}, nil
}

// gone is the handler of a path whose consumer is stopped.
var gone http.Handler = goneHandler{}

type goneHandler struct{}

func (goneHandler) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "the consumer of this path is stopped; send the request again later", http.StatusServiceUnavailable)
}

// ServeHTTP gives the request to the consumer of its path, or of the longest path above it.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := t.find(r.URL.Path); h != nil {
		h.ServeHTTP(w, r)
		return
	}
	http.Error(w, "no consumer has this path", http.StatusNotFound)
}

func (t *routes) find(path string) http.Handler {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if h := t.exact[path]; h != nil {
		return h
	}
	for prefix := path; ; {
		if h := t.below[prefix]; h != nil {
			return h
		}
		cut := strings.LastIndexByte(prefix, '/')
		if cut < 0 {
			return nil
		}
		prefix = prefix[:cut]
	}
}
