package expr

import (
	"slices"
	"strings"
)

// indexFrom is the number of members from which an object keeps a map of its keys; below it, comparing keys one by one is faster.
const indexFrom = 16

// Member is one key of an Object with its value.
type Member struct {
	Key   string
	Value any
}

// Object is a JSON object that keeps the order of its keys. The zero value is an empty object. A key stands once: of duplicate keys the
// last value counts, at the place of the first. An object that ParseJSON returned is shared and must not be changed.
type Object struct {
	members []Member
	// index is nil while the object has fewer than indexFrom members.
	index map[string]int
}

// Len is the number of members.
func (o *Object) Len() int { return len(o.members) }

// Members lists the members in order. The slice must not be changed.
func (o *Object) Members() []Member { return o.members }

// Get returns the value of key.
func (o *Object) Get(key string) (any, bool) {
	if i := o.find(key); i >= 0 {
		return o.members[i].Value, true
	}
	return nil, false
}

// Set sets the value of key, at the end if it is new.
func (o *Object) Set(key string, value any) {
	if i := o.find(key); i >= 0 {
		o.members[i].Value = value
		return
	}
	o.members = append(o.members, Member{key, value})
	switch {
	case o.index != nil:
		o.index[key] = len(o.members) - 1
	case len(o.members) >= indexFrom:
		o.index = make(map[string]int, 2*indexFrom)
		for i, m := range o.members {
			o.index[m.Key] = i
		}
	}
}

// SortedKeys lists the keys in byte order.
func (o *Object) SortedKeys() []string {
	keys := make([]string, len(o.members))
	for i, m := range o.members {
		keys[i] = m.Key
	}
	slices.SortFunc(keys, strings.Compare)
	return keys
}

func (o *Object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].Key == key {
			return i
		}
	}
	return -1
}
