package service

import (
	"context"
	"fmt"
)

// maxJoltRoom bounds the elements that all operations together make of nothing, before an index or behind the end of an array.
const maxJoltRoom = 1 << 20

// joltRun is one message on its way through the operations.
type joltRun struct {
	ctx context.Context
	// room is how many elements may still be made of nothing.
	room int
	// steps counts what has been done, so that not every step asks the context.
	steps int
}

// step is to be called for every key that an operation looks at; it fails once the context has ended.
func (r *joltRun) step() error {
	if r.steps++; r.steps%1024 != 0 {
		return nil
	}
	return r.ctx.Err()
}

// grow is a list of at least so many elements; those that are new are null.
func (r *joltRun) grow(list []any, size int) ([]any, error) {
	if size <= len(list) {
		return list, nil
	}
	if r.room -= size - len(list); r.room < 0 {
		return nil, fmt.Errorf("indices make more than %d elements that nothing is written to; use [] to append, or smaller indices", maxJoltRoom)
	}
	return append(list, make([]any, size-len(list))...), nil
}
