package component

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// catalogData is Interlok's catalog of configurable components, compressed.
//
//go:embed data/interlok-catalog.json.gz
var catalogData []byte

// CatalogField is a field of a component of Interlok.
type CatalogField struct {
	Name       string `json:"name"`
	Type       string `json:"type"`
	Default    string `json:"default"`
	Required   bool   `json:"required"`
	Implicit   bool   `json:"implicit"`
	Item       string `json:"item"`
	Deprecated bool   `json:"deprecated"`
}

// CatalogEntry is a component of Interlok, whether it is supported here or not.
type CatalogEntry struct {
	Alias  string         `json:"-"`
	Class  string         `json:"class"`
	Module string         `json:"module"`
	Kind   string         `json:"kind"`
	Fields []CatalogField `json:"fields"`
}

// catalog is read when it is first asked for: documents without a mistake never need it.
var catalog = sync.OnceValue(func() map[string]*CatalogEntry {
	z, err := gzip.NewReader(bytes.NewReader(catalogData))
	if err != nil {
		panic(fmt.Sprintf("component: the embedded catalog: %v", err))
	}
	var all map[string]*CatalogEntry
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		panic(fmt.Sprintf("component: the embedded catalog: %v", err))
	}
	for alias, e := range all {
		e.Alias = alias
	}
	return all
})

var catalogByClass = sync.OnceValue(func() map[string]*CatalogEntry {
	out := make(map[string]*CatalogEntry)
	for _, e := range catalog() {
		out[e.Class] = e
	}
	return out
})

// Catalog returns what Interlok knows under an alias or a full Java class name.
func Catalog(name string) (CatalogEntry, bool) {
	e := catalog()[name]
	if e == nil {
		e = catalogByClass()[name]
	}
	if e == nil {
		return CatalogEntry{}, false
	}
	return *e, true
}

// CatalogAliases lists all of Interlok's aliases in order.
func CatalogAliases() []string { return slices.Sorted(maps.Keys(catalog())) }

// hasField says whether Interlok's component has a field whose element is called name.
func (e CatalogEntry) hasField(name string) bool {
	return slices.ContainsFunc(e.Fields, func(f CatalogField) bool { return f.Name == name || f.Item == name })
}
