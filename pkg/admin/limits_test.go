package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestLimitsCountClientsEachForItself(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimits(func() time.Time { return now })
	spend := func(remote string, probe bool) (n int) {
		for l.wait(remote, probe) == 0 {
			n++
		}
		return n
	}
	if n := spend("192.0.2.1:1", false); n != requestsAtOnce {
		t.Errorf("%d at once", n)
	}
	if wait := l.wait("192.0.2.1:2", false); wait <= 0 || wait > time.Second/requestsPerSecond {
		t.Errorf("wait %v from another port", wait)
	}
	if n := spend("192.0.2.1:1", true); n != probesAtOnce {
		t.Errorf("%d probes at once", n)
	}
	if n := spend("192.0.2.2:1", false); n != requestsAtOnce {
		t.Errorf("another client has %d", n)
	}
	if n := spend("[2001:db8::1]:1", false) + spend("[2001:db8::2]:1", false); n != requestsAtOnce {
		t.Errorf("addresses of one network have %d", n)
	}
	if n := spend("[::ffff:192.0.2.2]:1", false); n != 0 {
		t.Errorf("the same client in IPv6 has %d", n)
	}
	now = now.Add(time.Second)
	if n := spend("192.0.2.1:1", false); n != requestsPerSecond {
		t.Errorf("%d a second later", n)
	}
}

func TestLimitsKeepFewClients(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimits(func() time.Time { return now })
	many := func() (n int) {
		for i := range 3 * mostClients {
			if l.wait(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), false) == 0 {
				n++
			}
		}
		return n
	}
	if n := many(); n != mostClients+requestsAtOnce || len(l.clients) != mostClients {
		t.Errorf("%d went through, %d clients are kept", n, len(l.clients))
	}
	now = now.Add(2 * forgetAfter)
	if l.wait("192.0.2.1:1", false) != 0 || len(l.clients) != 1 {
		t.Errorf("%d clients are kept after a while", len(l.clients))
	}
}

func TestTooManyRequestsAreRefusedAndProbesAreNot(t *testing.T) {
	s := withAdapter(t, busy(), func(o *Options) { o.now = time.Now })
	for range requestsAtOnce * 20 {
		got := ask(t, s, "GET", "/api/log-level", "")
		if got.StatusCode == http.StatusOK {
			continue
		}
		got.wants(t, http.StatusTooManyRequests, "too many requests")
		if after, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || after < 1 {
			t.Errorf("Retry-After %q", got.Header.Get("Retry-After"))
		}
		ask(t, s, "GET", "/livez", "").wants(t, 200, "alive")
		return
	}
	t.Error("no request was refused")
}
