package admin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// LoadTLS reads a certificate and its key, and the CAs that clients' certificates must be signed by unless clientCA is empty; all PEM files.
// A certificate that is renewed in its files is used from the next minute on.
func LoadTLS(certificate, key, clientCA string) (*tls.Config, error) {
	if certificate == "" || key == "" {
		return nil, errors.New("TLS needs both a certificate and its key")
	}
	c := &certificates{certificate: certificate, key: key}
	if _, err := c.get(nil); err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
	if clientCA == "" {
		return config, nil
	}
	text, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, fmt.Errorf("the CA of clients' certificates can not be read: %w", err)
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM; it should have those of the CAs that sign clients' certificates", clientCA)
	}
	// Not required by the handshake: probes come without. What needs one is refused by the guard.
	config.ClientAuth = tls.VerifyClientCertIfGiven
	return config, nil
}

// certificates reads a certificate again when it may have been renewed.
type certificates struct {
	certificate, key string

	mu   sync.Mutex // guards the fields below
	last *tls.Certificate
	read time.Time
}

const certificateAge = time.Minute

func (c *certificates) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last != nil && time.Since(c.read) < certificateAge {
		return c.last, nil
	}
	c.read = time.Now()
	next, err := tls.LoadX509KeyPair(c.certificate, c.key)
	switch {
	case err == nil:
		c.last = &next
	case c.last == nil:
		return nil, fmt.Errorf("the certificate %s with the key %s can not be used: %w", c.certificate, c.key, err)
	}
	return c.last, nil // half renewed perhaps: what there was serves until the next look
}
