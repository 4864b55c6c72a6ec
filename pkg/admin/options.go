package admin

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// LeastToken is how many bytes a token has at least: one that is short enough to be guessed protects nothing.
const LeastToken = 16

// Options say where a server listens and who may ask it.
type Options struct {
	// Address is host:port, port 0 for a free one. A host that is not loopback needs a token, or a TLS that asks for certificates.
	Address string
	// Hosts are further names that the server may be called by, beside loopback ones and the host of Address, such as the name of a service in
	// front of it. A request for another name is refused, because it may come from a page that made its own name point here.
	Hosts []string
	// Token is what an Authorization header has to bear for everything but probes and the page's files; empty for none. LeastToken bytes or more.
	Token string
	// TLS is nil for plain HTTP. LoadTLS makes one. With ClientCAs everything but probes needs a certificate by one of them.
	TLS *tls.Config
	// Version and Document are those of every status: what may be shown of them is not the adapter's business.
	Version, Document string
	// ShowKeys shows the partition keys of hot shards, which may be personal data.
	ShowKeys bool
	// LogLevel is nil if it can not be changed.
	LogLevel LogLevel
	// Failed are the directories of failed messages; nil for none.
	Failed Failed
	// Mask replaces secrets in a text by ***; nil if there are none. Every text of an answer goes through it.
	Mask func(string) string
	// ActionLimit is how long an action may take; 0 is a minute more than adapter.DefaultDrain.
	ActionLimit time.Duration
	// Log gets a line for each action and for requests that are refused; nil for none.
	Log *zap.Logger

	// now is time.Now but in tests.
	now func() time.Time
}

// check fills in what was left out, and refuses what is not safe. It returns the address with its name resolved.
func (o *Options) check() (*net.TCPAddr, error) {
	if o.Token != "" && len(o.Token) < LeastToken {
		return nil, fmt.Errorf("the token has %d bytes; it needs %d or more, such as `openssl rand -hex 32` makes", len(o.Token), LeastToken)
	}
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	if o.ActionLimit <= 0 {
		o.ActionLimit = adapter.DefaultDrain + time.Minute
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	if o.now == nil {
		o.now = time.Now
	}
	// Resolved here and listened on as it is: a name could mean another address a moment later.
	address, err := net.ResolveTCPAddr("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("%q is no address to listen on: %w; use host:port, such as 127.0.0.1:8088", o.Address, err)
	}
	if !address.IP.IsLoopback() && o.Token == "" && !o.certified() {
		return nil, fmt.Errorf("%s can be reached from other machines, and anyone there could stop channels: %w", o.Address, errUnprotected)
	}
	return address, nil
}

var errUnprotected = errors.New("give a token, or a certificate with a CA that clients' certificates are signed by, or listen on a loopback address such as 127.0.0.1:8088")

// certified says that clients have to show a certificate.
func (o *Options) certified() bool { return o.TLS != nil && o.TLS.ClientCAs != nil }
