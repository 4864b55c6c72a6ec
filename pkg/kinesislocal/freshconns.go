package kinesislocal

import (
	"net"
	"net/http"
	"sync"
)

// freshConns are the connections on which no request has come yet. HTTP clients
// open some for later; http.Server.Shutdown would wait 5 s for each.
type freshConns struct {
	mu      sync.Mutex // guards what follows
	conns   map[net.Conn]struct{}
	closing bool
}

// track is an http.Server.ConnState.
func (f *freshConns) track(c net.Conn, state http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(f.conns, c)
	case f.closing:
		// The client sees it closed; that is all there is to do.
		_ = c.Close()
	default:
		if f.conns == nil {
			f.conns = map[net.Conn]struct{}{}
		}
		f.conns[c] = struct{}{}
	}
}

func (f *freshConns) closeAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closing = true
	for c := range f.conns {
		_ = c.Close()
	}
}
