// Package otlptest is a collector in the process of a test: it takes spans and metrics by OTLP over HTTP and gRPC, and keeps them as they were
// sent.
package otlptest

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	metricscollector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracecollector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

// Collector keeps what it was sent. It is safe for concurrent use.
type Collector struct {
	tracecollector.UnimplementedTraceServiceServer
	http *httptest.Server
	// gRPC is where it listens for the other protocol.
	address string

	mu      sync.Mutex // guards the fields below
	spans   []*tracepb.ResourceSpans
	metrics []*metricspb.ResourceMetrics
	headers []map[string][]string
	status  int
	changed chan struct{} // closed when something comes
}

// metricsService is the other service of a collector, whose method has the same name.
type metricsService struct {
	metricscollector.UnimplementedMetricsServiceServer
	c *Collector
}

// New starts a collector that ends with the test.
func New(t testing.TB) *Collector {
	t.Helper()
	return begin(t, nil)
}

// NewTLS is New with TLS. It asks for a client certificate if clients, in PEM, is not empty, and takes those that clients has signed. Its own
// certificate, for OTEL_EXPORTER_OTLP_CERTIFICATE, is that of CertificatePEM.
func NewTLS(t testing.TB, clients []byte) *Collector {
	t.Helper()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(clients) > 0 {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		config.ClientCAs.AppendCertsFromPEM(clients)
	}
	return begin(t, config)
}

// begin starts a collector; config is nil for none of TLS.
func begin(t testing.TB, config *tls.Config) *Collector {
	t.Helper()
	c := &Collector{changed: make(chan struct{})}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, r *http.Request) {
		take(c, w, r, new(tracecollector.ExportTraceServiceRequest), c.takeSpans)
	})
	routes.HandleFunc("POST /v1/metrics", func(w http.ResponseWriter, r *http.Request) {
		take(c, w, r, new(metricscollector.ExportMetricsServiceRequest), c.takeMetrics)
	})
	c.http = httptest.NewUnstartedServer(routes)
	scheme, options := "http://", []grpc.ServerOption(nil)
	if config != nil {
		c.http.Config.ErrorLog = log.New(io.Discard, "", 0) // tests have clients refused
		c.http.TLS = config
		c.http.StartTLS() // adds a certificate to the configuration
		scheme, options = "https://", append(options, grpc.Creds(credentials.NewTLS(c.http.TLS)))
	} else {
		c.http.Start()
	}
	t.Cleanup(c.http.Close)

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.address = scheme + listener.Addr().String()
	server := grpc.NewServer(options...)
	tracecollector.RegisterTraceServiceServer(server, c)
	metricscollector.RegisterMetricsServiceServer(server, metricsService{c: c})
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return c
}

// Endpoint is where the collector takes OTLP over HTTP, for OTEL_EXPORTER_OTLP_ENDPOINT.
func (c *Collector) Endpoint() string { return c.http.URL }

// EndpointGRPC is where it takes OTLP over gRPC.
func (c *Collector) EndpointGRPC() string { return c.address }

// CertificatePEM is the certificate of a collector with TLS.
func (c *Collector) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.http.Certificate().Raw})
}

// Refuse answers requests over HTTP with a status from now on; 0 takes them again.
func (c *Collector) Refuse(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// Export takes spans over gRPC.
func (c *Collector) Export(ctx context.Context, in *tracecollector.ExportTraceServiceRequest) (*tracecollector.ExportTraceServiceResponse, error) {
	c.takeSpans(in, sentWith(ctx))
	return &tracecollector.ExportTraceServiceResponse{}, nil
}

// Export takes metrics over gRPC.
func (s metricsService) Export(ctx context.Context, in *metricscollector.ExportMetricsServiceRequest) (*metricscollector.ExportMetricsServiceResponse, error) {
	s.c.takeMetrics(in, sentWith(ctx))
	return &metricscollector.ExportMetricsServiceResponse{}, nil
}

func sentWith(ctx context.Context) map[string][]string {
	headers, _ := metadata.FromIncomingContext(ctx)
	return headers
}

func (c *Collector) takeSpans(in *tracecollector.ExportTraceServiceRequest, headers map[string][]string) {
	c.note(headers, func() { c.spans = append(c.spans, in.ResourceSpans...) })
}

func (c *Collector) takeMetrics(in *metricscollector.ExportMetricsServiceRequest, headers map[string][]string) {
	c.note(headers, func() { c.metrics = append(c.metrics, in.ResourceMetrics...) })
}

func (c *Collector) note(headers map[string][]string, add func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.headers = append(c.headers, headers)
	add()
	close(c.changed)
	c.changed = make(chan struct{})
}

// take reads a request over HTTP.
func take[M proto.Message](c *Collector, w http.ResponseWriter, r *http.Request, in M, keep func(M, map[string][]string)) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = plain
	}
	all, err := io.ReadAll(body)
	if err == nil && r.Header.Get("Content-Type") == "application/x-protobuf" {
		err = proto.Unmarshal(all, in)
	}
	c.mu.Lock()
	status := c.status
	c.mu.Unlock()
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
	case status != 0:
		http.Error(w, "refused, as the test wants it", status)
	default:
		keep(in, r.Header)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}
}

// Headers are those of each request that was taken, in their order. Over gRPC their names are in lower case.
func (c *Collector) Headers() []map[string][]string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.headers)
}

// Wait returns when holds does, which is asked whenever something has come. The test fails when ctx ends first.
func (c *Collector) Wait(ctx context.Context, t testing.TB, what string, holds func() bool) {
	t.Helper()
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if holds() {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
