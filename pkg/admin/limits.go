package admin

import (
	"math"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many requests a client may make: on average in a second, and at once. Probes have their own count, so that nothing that a client does
// makes it look dead.
const (
	requestsPerSecond = 50
	requestsAtOnce    = 100
	probesPerSecond   = 50
	probesAtOnce      = 200
	// mostClients are counted each for itself. When there are more of them within forgetAfter, the rest shares one count.
	mostClients = 1024
	forgetAfter = time.Minute
)

// limits counts requests by client. It is safe for concurrent use.
type limits struct {
	now func() time.Time

	mu      sync.Mutex // guards the fields below
	clients map[netip.Prefix]*client
	others  *client
	swept   time.Time
}

type client struct {
	requests, probes *rate.Limiter
	seen             time.Time
}

func newClient() *client {
	return &client{requests: rate.NewLimiter(requestsPerSecond, requestsAtOnce), probes: rate.NewLimiter(probesPerSecond, probesAtOnce)}
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, clients: make(map[netip.Prefix]*client), others: newClient()}
}

// wait is how long a client has to wait before it may ask; 0 if it may now, and was counted.
func (l *limits) wait(remote string, probe bool) time.Duration {
	now := l.now()
	c := l.client(clientOf(remote), now)
	limiter := c.requests
	if probe {
		limiter = c.probes
	}
	r := limiter.ReserveN(now, 1)
	delay := r.DelayFrom(now)
	if delay > 0 {
		r.CancelAt(now)
	}
	return delay
}

func (l *limits) client(of netip.Prefix, now time.Time) *client {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, known := l.clients[of]
	if !known {
		if len(l.clients) >= mostClients && now.Sub(l.swept) >= time.Second {
			l.swept = now
			for k, old := range l.clients {
				if now.Sub(old.seen) >= forgetAfter {
					delete(l.clients, k)
				}
			}
		}
		if len(l.clients) >= mostClients {
			return l.others
		}
		c = newClient()
		l.clients[of] = c
	}
	c.seen = now
	return c
}

// clientOf is the address of a client; in IPv6 the network, since every machine has as many addresses there as it likes.
func clientOf(remote string) netip.Prefix {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		host = remote
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Prefix{}
	}
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits) // the bits fit the address
	return p
}

// seconds is a delay as Retry-After has it.
func seconds(d time.Duration) string { return strconv.Itoa(int(max(1, math.Ceil(d.Seconds())))) }
