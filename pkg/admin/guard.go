package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// guard decides who may ask for what. It does not change after it was made.
type guard struct {
	names    map[string]bool
	loopback bool // only this machine can connect
	token    *[sha256.Size]byte
	mutual   bool
	origins  *http.CrossOriginProtection
}

func newGuard(o *Options, address *net.TCPAddr) *guard {
	g := &guard{names: map[string]bool{"localhost": true}, loopback: address.IP.IsLoopback(), mutual: o.certified(), origins: http.NewCrossOriginProtection()}
	named, _, _ := net.SplitHostPort(o.Address) // check has resolved it
	names := append([]string{named}, o.Hosts...)
	if address.IP == nil || address.IP.IsUnspecified() {
		if machine, err := os.Hostname(); err == nil {
			names = append(names, machine)
		}
	}
	for _, n := range names {
		if n = hostName(n); n != "" {
			g.names[n] = true
		}
	}
	if o.Token != "" {
		sum := sha256.Sum256([]byte(o.Token))
		g.token = &sum
	}
	return g
}

// hostName is a Host header without port, as names are compared.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// called says whether the server may be called by the host: a page whose own name was made to point here calls it by that. An address is
// nobody's name, so off loopback any will do.
func (g *guard) called(host string) bool {
	name := hostName(host)
	if g.names[name] {
		return true
	}
	ip, err := netip.ParseAddr(name)
	return err == nil && (!g.loopback || ip.Unmap().IsLoopback())
}

// foreign says that a browser asks for another site than ours. Links to the page may stand anywhere.
func (g *guard) foreign(r *http.Request) bool {
	if g.origins.Check(r) != nil {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.URL.Path != "/" || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}

// The header that whatever changes something needs. A page of another site can not send it without being allowed to by us.
const (
	intentHeader = "X-Adapterd"
	intent       = "1"
)

func intended(r *http.Request) bool { return r.Header.Get(intentHeader) == intent }

// certified says that the client has shown what certificate it needs, bears that it has shown the token, where one is needed.
func (g *guard) certified(r *http.Request) bool {
	return !g.mutual || r.TLS != nil && len(r.TLS.VerifiedChains) > 0
}

func (g *guard) bears(r *http.Request) bool {
	if g.token == nil {
		return true
	}
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(given)))
	// Hashes have one length, and are compared to their end: the time tells nothing of the token.
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && strings.EqualFold(scheme, "Bearer")
}

// knows says that the client may see everything.
func (g *guard) knows(r *http.Request) bool { return g.certified(r) && g.bears(r) }
