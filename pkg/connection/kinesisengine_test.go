package connection

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

var (
	_ component.Lifecycle    = (*KinesisInline)(nil)
	_ component.Flusher      = (*KinesisInline)(nil)
	_ component.Redirectable = (*KinesisInline)(nil)
	_ component.Lifecycle    = (*KinesisProperties)(nil)
	_ component.Flusher      = (*KinesisProperties)(nil)
	_ component.Redirectable = (*KinesisProperties)(nil)
)

// theseKeys are credentials that show where they were used.
const theseKeys = `<credentials class="aws-static-credentials-builder"><access-key>AKIARECORDS</access-key><secret-key>s</secret-key></credentials>
	<metrics-credentials class="aws-static-credentials-builder"><access-key>AKIAMETRICS</access-key><secret-key>m</secret-key></metrics-credentials>`

// started is a running connection to a server, buffering for as long as it is let.
func started(t *testing.T, server *kinesislocal.Server, more ...string) *KinesisInline {
	t.Helper()
	pairs := append([]string{"Region", "us-east-1", "KinesisEndpoint", server.URL(), "CloudwatchEndpoint", server.URL(), "RecordMaxBufferedTime", "9223372036854775807", "MetricsLevel", "none"}, more...)
	c, problems := decode[*KinesisInline](t, strings.Replace(inline(pairs...), "<config>", theseKeys+"<config>", 1))
	if c == nil || !c.valid {
		t.Fatal(problems)
	}
	if err := c.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func server(t *testing.T) *kinesislocal.Server {
	return kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"events": 2}})
}

func put(t *testing.T, c *KinesisInline, key string, done func(kpl.Result)) {
	t.Helper()
	if err := c.Put(t.Context(), kpl.Record{Stream: "events", PartitionKey: key, Data: []byte("data")}, done); err != nil {
		t.Fatal(err)
	}
}

func TestStopDeliversWhatIsBuffered(t *testing.T) {
	s := server(t)
	c := started(t, s)
	var stored atomic.Int64
	for i := range 100 {
		put(t, c, fmt.Sprint(i), func(r kpl.Result) {
			if r.Err == nil {
				stored.Add(1)
			}
		})
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := stored.Load(); n != 100 {
		t.Errorf("%d of 100 records stored when Stop returned", n)
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	for _, r := range s.Requests() {
		if r.AccessKeyID != "AKIARECORDS" {
			t.Errorf("%s was signed by %s", r.Operation, r.AccessKeyID)
		}
	}
}

func TestStopSaysWhatItHadToGiveUp(t *testing.T) {
	s := server(t)
	c := started(t, s)
	fault, err := s.Inject(kinesislocal.Fault{Operations: []string{"PutRecords"}, Code: "ServiceUnavailable"})
	if err != nil {
		t.Fatal(err)
	}
	defer fault.Remove()
	ended := make(chan error, 3)
	for i := range 3 {
		put(t, c, fmt.Sprint(i), func(r kpl.Result) { ended <- r.Err })
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = c.Stop(ctx)
	if err == nil || !strings.Contains(err.Error(), "kinesis connection kinesis: stopped with 3 records not delivered") {
		t.Errorf("Stop: %v", err)
	}
	for range 3 {
		if err := <-ended; !errors.Is(err, kpl.ErrClosed) {
			t.Errorf("a record that was given up ended with %v", err)
		}
	}
}

func TestConnectionTakesRecordsOnlyWhileItIsStarted(t *testing.T) {
	s := server(t)
	c := started(t, s)
	first := c.engine.Load()
	if err := c.Start(t.Context()); err != nil || c.engine.Load() != first {
		t.Errorf("second Start: %v, engine kept: %v", err, c.engine.Load() == first)
	}
	for range 2 {
		if err := c.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		err := c.Put(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}, func(kpl.Result) { t.Error("a result of a record that was refused") })
		if !errors.Is(err, component.ErrStopped) {
			t.Errorf("Put: %v", err)
		}
		if _, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); !errors.Is(err, component.ErrStopped) {
			t.Errorf("PutSync: %v", err)
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Errorf("Flush: %v", err)
		}
		if _, running := c.Stats(); running {
			t.Error("statistics of a connection that is stopped")
		}
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if r, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); err != nil || r.ShardID == "" {
			t.Errorf("after Start: %+v, %v", r, err)
		}
	}
}

func TestFlushWaitsForWhatIsBuffered(t *testing.T) {
	c := started(t, server(t))
	var stored atomic.Int64
	for i := range 10 {
		put(t, c, fmt.Sprint(i), func(kpl.Result) { stored.Add(1) })
	}
	if stats, running := c.Stats(); !running || stats.OutstandingRecords != 10 {
		t.Errorf("%d records outstanding", stats.OutstandingRecords)
	}
	if err := c.Flush(t.Context()); err != nil || stored.Load() != 10 {
		t.Errorf("%d records have their result, %v", stored.Load(), err)
	}
}

// A record that Put took has one result, however Stop falls between.
func TestPutsBesideStopHaveOneResultOrAnError(t *testing.T) {
	c := started(t, server(t), "RecordMaxBufferedTime", "1")
	var accepted, ended atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				err := c.Put(context.Background(), kpl.Record{Stream: "events", PartitionKey: fmt.Sprint(i), Data: []byte("x")}, func(kpl.Result) { ended.Add(1) })
				if errors.Is(err, kpl.ErrClosed) || errors.Is(err, component.ErrStopped) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				accepted.Add(1)
			}
		})
	}
	for accepted.Load() < 1000 {
		if _, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if accepted.Load() != ended.Load() {
		t.Errorf("%d records accepted, %d results", accepted.Load(), ended.Load())
	}
}

func TestMetricsAreSignedWithTheirOwnCredentials(t *testing.T) {
	s := server(t)
	c := started(t, s, "MetricsLevel", "detailed")
	if _, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); err != nil {
		t.Fatal(err)
	}
	if err := c.Stop(t.Context()); err != nil { // uploads the last metrics
		t.Fatal(err)
	}
	by := make(map[string]string)
	for _, r := range s.Requests() {
		by[r.Service] = r.AccessKeyID
	}
	if by["Kinesis"] != "AKIARECORDS" || by["CloudWatch"] != "AKIAMETRICS" {
		t.Errorf("signed by %v", by)
	}
}

func TestEndpointAsHostAndPortIsTLS(t *testing.T) {
	s := server(t)
	at, err := url.Parse(s.TLSURL())
	if err != nil {
		t.Fatal(err)
	}
	c := started(t, s, "KinesisEndpoint", at.Hostname(), "KinesisPort", at.Port(), "VerifyCertificate", "false")
	if _, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); err != nil {
		t.Fatal(err)
	}
	if r := s.Requests()[0]; !r.TLS {
		t.Errorf("%s came without TLS", r.Operation)
	}
}

func TestRedirectedConnectionSendsToTheEmbeddedEndpoint(t *testing.T) {
	for _, secure := range []bool{false, true} {
		s := server(t)
		c := mustDecode[*KinesisInline](t, inline("Region", "eu-west-1", "KinesisEndpoint", "http://127.0.0.1:1", "MetricsLevel", "none"))
		at := s.URL()
		if secure {
			at = s.TLSURL()
		}
		c.Redirect(at)
		if err := errors.Join(c.Init(t.Context()), c.Start(t.Context())); err != nil {
			t.Fatal(err)
		}
		if _, err := c.PutSync(t.Context(), kpl.Record{Stream: "events", PartitionKey: "k"}); err != nil {
			t.Error(err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestStartFailsWhenNoRegionCanBeFound(t *testing.T) {
	isolate(t)
	c := mustDecode[*KinesisInline](t, inline("MetricsLevel", "none"))
	err := c.Start(t.Context())
	if err == nil || !strings.Contains(strings.ToLower(err.Error()), "region") {
		t.Errorf("Start: %v", err)
		_ = c.Stop(t.Context())
	}
}
