package admin

import (
	"crypto/tls"
	"net"
	"os"
	"strings"
	"testing"
)

const token = "0123456789abcdef0123456789abcdef"

func TestListenRefusesWhatIsNotSafe(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"everywhere without a token", Options{Address: ":0"}, "give a token, or a certificate with a CA"},
		{"all of IPv4", Options{Address: "0.0.0.0:0"}, "0.0.0.0:0 can be reached from other machines"},
		{"all of IPv6", Options{Address: "[::]:0"}, "can be reached from other machines"},
		{"TLS alone", Options{Address: "0.0.0.0:0", TLS: &tls.Config{}}, "give a token"},
		{"a short token", Options{Address: "127.0.0.1:0", Token: "hunter2"}, "the token has 7 bytes; it needs 16 or more"},
		{"a short token off loopback", Options{Address: ":0", Token: "x"}, "the token has 1 bytes"},
		{"no port", Options{Address: "127.0.0.1"}, "use host:port, such as 127.0.0.1:8088"},
		{"no address", Options{Address: "127.0.0.1:none"}, "is no address to listen on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := Listen(t.Context(), c.options)
			if err == nil {
				s.Close(t.Context())
				t.Fatal("it listens")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

func TestAnAddressInUseIsSaid(t *testing.T) {
	s := listen(t, nil)
	if _, err := Listen(t.Context(), Options{Address: strings.TrimPrefix(s.URL(), "http://")}); err == nil || !strings.Contains(err.Error(), "is another program there already?") {
		t.Errorf("%v", err)
	}
}

func TestTheServerIsCalledByItsNamesOnly(t *testing.T) {
	for _, c := range []struct {
		name    string
		address string
		hosts   []string
		host    string
		want    bool
	}{
		{"its address", "127.0.0.1:8088", nil, "127.0.0.1:8088", true},
		{"another port, by a tunnel", "127.0.0.1:8088", nil, "127.0.0.1:9000", true},
		{"localhost", "127.0.0.1:8088", nil, "localhost:8088", true},
		{"capitals and the last dot", "127.0.0.1:8088", nil, "LocalHost.:8088", true},
		{"without a port", "127.0.0.1:80", nil, "localhost", true},
		{"loopback of IPv6", "127.0.0.1:8088", nil, "[::1]:8088", true},
		{"IPv6 without a port", "127.0.0.1:80", nil, "[::1]", true},
		{"loopback in another guise", "127.0.0.1:8088", nil, "[::ffff:127.0.0.1]:8088", true},
		{"a page's own name", "127.0.0.1:8088", nil, "evil.example:8088", false},
		{"a name that begins as ours", "127.0.0.1:8088", nil, "localhost.evil.example", false},
		{"a name that ends as ours", "127.0.0.1:8088", nil, "evil-localhost", false},
		{"an address inside of a name", "127.0.0.1:8088", nil, "127.0.0.1.evil.example", false},
		{"another machine's address", "127.0.0.1:8088", nil, "192.0.2.1:8088", false},
		{"no host", "127.0.0.1:8088", nil, "", false},
		{"a port alone", "127.0.0.1:8088", nil, ":8088", false},
		{"a further name", "127.0.0.1:8088", []string{"adapterd.svc"}, "adapterd.svc:80", true},
		{"a further name with a port", "127.0.0.1:8088", []string{"Adapterd.svc:8088"}, "adapterd.svc", true},
		{"all addresses: an address", "0.0.0.0:8088", nil, "10.1.2.3:8088", true},
		{"all addresses: a name", "0.0.0.0:8088", nil, "evil.example", false},
		{"all addresses: none given", ":8088", nil, "", false},
		{"an address of the machine", "192.0.2.7:8088", nil, "192.0.2.7:8088", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, err := net.ResolveTCPAddr("tcp", c.address)
			if err != nil {
				t.Fatal(err)
			}
			g := newGuard(&Options{Address: c.address, Hosts: c.hosts}, address)
			if got := g.called(c.host); got != c.want {
				t.Errorf("called %q: %v", c.host, got)
			}
		})
	}
	machine, err := os.Hostname()
	if err != nil {
		t.Skip(err)
	}
	address, _ := net.ResolveTCPAddr("tcp", ":0")
	if !newGuard(&Options{Address: ":0"}, address).called(machine + ":80") {
		t.Error("the machine's own name is refused on all addresses")
	}
}

// No Host header leads to a panic, and none of a name that is not ours is let through.
func FuzzHost(f *testing.F) {
	for _, h := range []string{"localhost", "127.0.0.1:80", "[::1]:1", "[::1%lo]:1", "[", "]:", ":", "a:b:c", "127.1", "0x7f.1", "LOCALHOST.", "localhost..", "\x00"} {
		f.Add(h)
	}
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	g := newGuard(&Options{Address: "127.0.0.1:0"}, address)
	f.Fuzz(func(t *testing.T, host string) {
		if !g.called(host) {
			return
		}
		name := hostName(host)
		if ip := net.ParseIP(strings.SplitN(name, "%", 2)[0]); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
			t.Errorf("called %q", host)
		}
	})
}

func TestRequestsOfOtherSitesAreRefused(t *testing.T) {
	s := withAdapter(t, busy(), nil)
	own := s.URL()
	for _, c := range []struct {
		name, method, path string
		headers            []string
		want               int
	}{
		{"a program", "POST", "/api/flush", nil, 200},
		{"without the header", "POST", "/api/flush", []string{"X-Adapterd:"}, 403},
		{"with another value", "POST", "/api/flush", []string{"X-Adapterd: 0"}, 403},
		{"the page", "POST", "/api/flush", []string{"Origin: " + own, "Sec-Fetch-Site: same-origin"}, 200},
		{"the page, in an old browser", "POST", "/api/flush", []string{"Origin: " + own}, 200},
		{"another site", "POST", "/api/flush", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site"}, 403},
		{"another site, in an old browser", "POST", "/api/flush", []string{"Origin: https://evil.example"}, 403},
		{"another port of this machine", "POST", "/api/flush", []string{"Origin: http://127.0.0.1:1", "Sec-Fetch-Site: same-site"}, 403},
		{"a page without an origin", "POST", "/api/flush", []string{"Origin: null"}, 403},
		{"reading from another site", "GET", "/api/status", []string{"Sec-Fetch-Site: cross-site"}, 403},
		{"listening from another port", "GET", "/api/events", []string{"Sec-Fetch-Site: same-site"}, 403},
		{"preflight of another site", "OPTIONS", "/api/flush", []string{"Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Access-Control-Request-Method: POST"}, 403},
		{"a link to the page", "GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 200},
		{"a link to the state", "GET", "/api/status", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}, 403},
		{"the page in a frame", "GET", "/", []string{"Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}, 403},
		{"an address that was typed", "GET", "/api/status", []string{"Sec-Fetch-Site: none"}, 200},
		{"a name that points here", "GET", "/api/status", []string{"Host: evil.example:8088"}, 421},
		{"a probe by a name that points here", "GET", "/livez", []string{"Host: evil.example:8088"}, 421},
		{"the page by a name that points here", "GET", "/", []string{"Host: evil.example:8088", "Sec-Fetch-Site: same-origin"}, 421},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ask(t, s, c.method, c.path, "", c.headers...)
			got.wants(t, c.want, "")
			if got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("another site may read it")
			}
		})
	}
}

func TestTokenIsNeededForAllButProbesAndThePage(t *testing.T) {
	s := withAdapter(t, busy(), func(o *Options) { o.Token = token })
	for _, path := range []string{"/", "/static/app.css", "/openapi.json", "/livez", "/readyz", "/workflow-health-check", "/workflow-health-check/alive", "/workflow-health-check/ready"} {
		if got := ask(t, s, "GET", path, ""); got.StatusCode == 401 {
			t.Errorf("%s needs the token", path)
		}
	}
	for _, c := range []struct {
		name, header string
		want         int
	}{
		{"none", "X: y", 401}, {"right", "Authorization: Bearer " + token, 200}, {"in small letters", "Authorization: bearer " + token, 200},
		{"with spaces", "Authorization: Bearer   " + token, 200},
		{"wrong", "Authorization: Bearer " + strings.Repeat("0", 32), 401}, {"cut", "Authorization: Bearer " + token[:31], 401}, {"longer", "Authorization: Bearer " + token + "0", 401},
		{"another scheme", "Authorization: Basic " + token, 401}, {"alone", "Authorization: " + token, 401}, {"empty", "Authorization: Bearer ", 401},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range []string{"/api/status", "/metrics", "/api/events", "/api/failures", "/api/log-level"} {
				got := ask(t, s, "HEAD", path, "", c.header)
				got.wants(t, c.want, "")
				if challenge := got.Header.Get("WWW-Authenticate"); (c.want == 401) != (challenge != "") {
					t.Errorf("challenge %q", challenge)
				}
			}
			ask(t, s, "POST", "/api/flush", "", c.header).wants(t, c.want, "")
		})
	}
}

// Who may not see everything learns from a probe that the adapter is not ready, and no names.
func TestReasonsAreNotForEverybody(t *testing.T) {
	f := busy()
	f.st.Ready, f.st.NotReady = false, []string{"channel payroll: no"}
	s := withAdapter(t, f, func(o *Options) { o.Token = token })
	if got := ask(t, s, "GET", "/readyz", ""); got.StatusCode != 503 || strings.Contains(got.text, "payroll") {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
	ask(t, s, "GET", "/readyz", "", "Authorization: Bearer "+token).wants(t, 503, "payroll")
}
