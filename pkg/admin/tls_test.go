package admin

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority makes certificates in a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.cert, a.key = a.sign(name, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// sign makes name.pem and name.key.
func (a *authority) sign(name string, c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber, c.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{a.path(name + ".pem"): {Type: "CERTIFICATE", Bytes: der}, a.path(name + ".key"): {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return made, key
}

func (a *authority) server(name string) {
	a.sign(name, &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
}

func (a *authority) client(name string) tls.Certificate {
	a.t.Helper()
	a.sign(name, &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	c, err := tls.LoadX509KeyPair(a.path(name+".pem"), a.path(name+".key"))
	if err != nil {
		a.t.Fatal(err)
	}
	return c
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func TestClientCertificates(t *testing.T) {
	ours, others := newAuthority(t, "ca"), newAuthority(t, "other")
	ours.server("server")
	config, err := LoadTLS(ours.path("server.pem"), ours.path("server.key"), ours.path("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := withAdapter(t, busy(), func(o *Options) { o.TLS = config })
	roots := x509.NewCertPool()
	roots.AddCert(ours.cert)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		by := func(c ...tls.Certificate) *http.Client {
			config := &tls.Config{RootCAs: roots, MaxVersion: version}
			if len(c) > 0 { // whatever the server says that it takes
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c[0], nil }
			}
			transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: version == tls.VersionTLS13}
			t.Cleanup(transport.CloseIdleConnections)
			return &http.Client{Transport: transport}
		}
		askBy(t, by(ours.client("client")), s, "GET", "/api/status", "").wants(t, 200, "orders")
		askBy(t, by(ours.client("client")), s, "POST", "/api/flush", "").wants(t, 200, "true")
		for _, path := range []string{"/api/status", "/", "/openapi.json", "/metrics"} {
			askBy(t, by(), s, "GET", path, "").wants(t, 403, "needs a client certificate")
		}
		askBy(t, by(), s, "GET", "/livez", "").wants(t, 200, "alive")
		if r, err := by(others.client("client")).Get(s.URL() + "/livez"); err == nil {
			r.Body.Close()
			t.Error("a certificate of another CA is taken")
		}
	}
}

func TestLoadTLSSaysWhatIsWrong(t *testing.T) {
	a := newAuthority(t, "ca")
	a.server("server")
	pemFile, key := a.path("server.pem"), a.path("server.key")
	for _, c := range []struct{ name, certificate, key, ca, want string }{
		{"no key", pemFile, "", "", "both a certificate and its key"},
		{"no certificate", "", key, "", "both a certificate and its key"},
		{"no file", a.path("none"), key, "", "can not be used"},
		{"another's key", pemFile, a.path("ca.key"), "", "can not be used"},
		{"no CA file", pemFile, key, a.path("none"), "the CA of clients' certificates can not be read"},
		{"a CA file without one", pemFile, key, key, "has no certificate in PEM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := LoadTLS(c.certificate, c.key, c.ca); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v; want %q", err, c.want)
			}
		})
	}
}

func TestARenewedCertificateIsUsed(t *testing.T) {
	a := newAuthority(t, "ca")
	a.server("server")
	c := &certificates{certificate: a.path("server.pem"), key: a.path("server.key")}
	first, err := c.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.server("server")
	if again, err := c.get(nil); err != nil || again != first {
		t.Errorf("read again at once: %v", err)
	}
	c.read = time.Now().Add(-2 * certificateAge)
	renewed, err := c.get(nil)
	if err != nil || renewed == first {
		t.Errorf("not renewed: %v", err)
	}
	if err := os.WriteFile(a.path("server.key"), []byte("half of"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.read = time.Now().Add(-2 * certificateAge)
	if still, err := c.get(nil); err != nil || still != renewed {
		t.Errorf("half a file: %v", err)
	}
}
