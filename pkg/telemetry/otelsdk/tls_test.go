package otelsdk

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/telemetry/otlptest"
)

// clientCertificate is a certificate that has signed itself, and its key, in PEM.
func clientCertificate(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "adapterd"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, about, about, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

// kept writes a file of PEM, and returns its path.
func kept(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTLSOfTheEnvironment(t *testing.T) {
	certificate, key := clientCertificate(t)
	c := otlptest.NewTLS(t, certificate)
	trusted := map[string]string{"OTEL_EXPORTER_OTLP_CERTIFICATE": kept(t, "collector.pem", c.CertificatePEM())}
	known := map[string]string{
		"OTEL_EXPORTER_OTLP_CERTIFICATE":        trusted["OTEL_EXPORTER_OTLP_CERTIFICATE"],
		"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE": kept(t, "client.pem", certificate),
		"OTEL_EXPORTER_OTLP_CLIENT_KEY":         kept(t, "client-key.pem", key),
	}
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		for _, b := range []struct {
			name        string
			environment map[string]string
			arrives     bool
		}{
			{"trusted and known", known, true},
			{"trusted, not known", trusted, false},
			{"neither", nil, false},
		} {
			t.Run(protocol+", "+b.name, func(t *testing.T) {
				environment := map[string]string{otlpEndpoint: c.Endpoint(), otlpProtocol: protocol, "OTEL_EXPORTER_OTLP_TIMEOUT": "200"}
				if protocol == "grpc" {
					environment[otlpEndpoint] = c.EndpointGRPC()
				}
				if b.arrives { // it may take its time
					environment["OTEL_EXPORTER_OTLP_TIMEOUT"] = "10000"
				}
				for name, v := range b.environment {
					environment[name] = v
				}
				s, log := begin(t, environment)
				before := len(c.Headers())
				follow(s)
				end(s)
				want := 0
				if b.arrives { // spans and metrics
					want = 2
				}
				loud := log.Filter(func(e observer.LoggedEntry) bool { return e.Level >= zapcore.WarnLevel }).Len()
				if n := len(c.Headers()) - before; n != want || b.arrives != (loud == 0) {
					t.Errorf("%d requests arrived, want %d: %v", n, want, log.All())
				}
			})
		}
	}
}
