package kinesislocal

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
)

// tlsHandshake is the first byte of a TLS connection: the record type handshake
// (RFC 8446, 5.1). No HTTP request begins with it.
const tlsHandshake = 0x16

// sniffingListener takes plain and TLS connections on one port.
type sniffingListener struct {
	net.Listener
	config *tls.Config
}

func (l sniffingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &sniffedConn{Conn: c, config: l.config}, nil
}

// sniffedConn looks at its first byte when it is first read, in the goroutine
// that serves it, so that a silent client holds up nobody else.
type sniffedConn struct {
	net.Conn
	config *tls.Config

	once sync.Once
	tls  atomic.Pointer[tls.Conn] // nil for plain HTTP; set once, by the first Read
	err  error                    // of the first byte; written in once
	head []byte                   // the first byte, until read; only Read touches it
}

// firstByte is a connection that gives back the byte that was looked at.
type firstByte struct {
	net.Conn
	head []byte
}

func (c *firstByte) Read(p []byte) (int, error) {
	if len(c.head) > 0 && len(p) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

func (c *sniffedConn) sniff() {
	var b [1]byte
	n, err := c.Conn.Read(b[:])
	if n == 0 {
		c.err = err
		return
	}
	if b[0] == tlsHandshake {
		c.tls.Store(tls.Server(&firstByte{c.Conn, b[:]}, c.config))
		return
	}
	c.head = b[:]
}

func (c *sniffedConn) Read(p []byte) (int, error) {
	c.once.Do(c.sniff)
	if c.err != nil {
		return 0, c.err
	}
	if t := c.tls.Load(); t != nil {
		return t.Read(p)
	}
	if len(c.head) > 0 && len(p) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

func (c *sniffedConn) Write(p []byte) (int, error) {
	if t := c.tls.Load(); t != nil {
		return t.Write(p)
	}
	return c.Conn.Write(p)
}

func (c *sniffedConn) Close() error {
	if t := c.tls.Load(); t != nil {
		return t.Close()
	}
	return c.Conn.Close()
}

type connKey struct{}

// withConn lets a request find its connection.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// overTLS says whether a request came over TLS. net/http does not know, because
// it sees a sniffedConn.
func overTLS(r *http.Request) bool {
	c, ok := r.Context().Value(connKey{}).(*sniffedConn)
	return ok && c.tls.Load() != nil
}
