package workflow

import (
	"context"
	"sync"
)

// How many failed messages a workflow keeps in memory while they wait for their error handler or to be sent again. Beyond it the consumer
// waits: its source keeps messages better than memory does.
const (
	backlogMessages = 1000
	backlogBytes    = 64 << 20
)

// backlog counts the failed messages with which the error handler has not finished. The zero value is ready; it is safe for concurrent
// use.
type backlog struct {
	// mu guards the fields below.
	mu       sync.Mutex
	messages int
	bytes    int64
	// room is closed when the backlog is no longer full; nil while it is not.
	room chan struct{}
}

func (b *backlog) add(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages++
	b.bytes += int64(size)
	if b.room == nil && b.full() {
		b.room = make(chan struct{})
	}
}

func (b *backlog) remove(size int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.messages--
	b.bytes -= int64(size)
	if b.room != nil && !b.full() {
		close(b.room)
		b.room = nil
	}
}

func (b *backlog) full() bool { return b.messages >= backlogMessages || b.bytes >= backlogBytes }

// wait returns true as soon as there is room, false when ctx ends first. It calls waits, with the number of messages, if it has to wait.
func (b *backlog) wait(ctx context.Context, waits func(messages int)) bool {
	for {
		b.mu.Lock()
		room, messages := b.room, b.messages
		b.mu.Unlock()
		if room == nil {
			return true
		}
		if waits != nil {
			waits(messages)
			waits = nil
		}
		select {
		case <-room:
		case <-ctx.Done():
			return false
		}
	}
}
