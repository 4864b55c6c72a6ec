package kpl

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// wireConfig speaks plain HTTP to a local Kinesis, without metrics.
func wireConfig(t *testing.T, server *kinesislocal.Server) Config {
	t.Helper()
	c := clientConfig(t, server.URL())
	c.MetricsLevel = MetricsNone
	return c
}

// countRequests is how many requests of an operation have come.
func countRequests(server *kinesislocal.Server, operation string) (n int) {
	for _, r := range server.Requests() {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

// tap is a local Kinesis behind a listener that keeps what comes over the wire, and counts connections.
type tap struct {
	kinesis *kinesislocal.Server
	http    *httptest.Server
	// refuse, if set, may answer a request itself.
	refuse func(http.ResponseWriter, *http.Request) bool

	mu                 sync.Mutex // guards all below
	requests           []tapped
	opened, open, most int
}

type tapped struct {
	operation string
	*http.Request
	body []byte
}

func newTap(t *testing.T, opts kinesislocal.Options, overTLS bool) *tap {
	t.Helper()
	server, err := kinesislocal.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{kinesis: server}
	p.http = httptest.NewUnstartedServer(p)
	p.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.http.Config.ConnState = p.count
	if overTLS {
		p.http.StartTLS()
	} else {
		p.http.Start()
	}
	t.Cleanup(p.http.Close)
	return p
}

func (p *tap) count(_ net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.opened++
		p.open++
		p.most = max(p.most, p.open)
	case http.StateClosed:
		p.open--
	}
}

func (p *tap) connections() (opened, most int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.opened, p.most
}

func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	p.mu.Lock()
	p.requests = append(p.requests, tapped{operation, r, body})
	p.mu.Unlock()
	if p.refuse != nil && p.refuse(w, r) {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	p.kinesis.ServeHTTP(w, r)
}

// of returns the requests of an operation.
func (p *tap) of(t *testing.T, operation string) (all []tapped) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.operation == operation {
			all = append(all, r)
		}
	}
	if len(all) == 0 {
		t.Fatalf("no %s", operation)
	}
	return all
}

func (p *tap) config(t *testing.T) Config {
	t.Helper()
	c := clientConfig(t, p.http.URL)
	c.MetricsLevel = MetricsNone
	return c
}

// mustPut puts a record and waits for it.
func (b *bench) mustPut(data string) Result {
	b.t.Helper()
	r, err := b.PutSync(context.Background(), Record{Stream: "s", PartitionKey: "k", Data: []byte(data)})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

// checkSignature computes Signature Version 4 from its definition.
func checkSignature(t *testing.T, r tapped, secret string) {
	t.Helper()
	fields := map[string]string{}
	algorithm, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		fields[name] = value
	}
	_, scope, _ := strings.Cut(fields["Credential"], "/")
	parts := strings.Split(scope, "/")
	if algorithm != "AWS4-HMAC-SHA256" || len(parts) != 4 || parts[1] != "us-east-1" || parts[2] != "kinesis" || parts[3] != "aws4_request" {
		t.Fatalf("authorization %q", r.Header.Get("Authorization"))
	}
	var canonical strings.Builder
	fmt.Fprintf(&canonical, "%s\n%s\n%s\n", r.Method, r.URL.Path, r.URL.RawQuery)
	signed := strings.Split(fields["SignedHeaders"], ";")
	for _, name := range signed {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = r.Host
		case "content-length":
			value = fmt.Sprint(len(r.body))
		}
		fmt.Fprintf(&canonical, "%s:%s\n", name, strings.TrimSpace(value))
	}
	fmt.Fprintf(&canonical, "\n%s\n%x", fields["SignedHeaders"], sha256.Sum256(r.body))
	for _, name := range []string{"host", "x-amz-date", "x-amz-target", "x-amz-security-token"} {
		if !slices.Contains(signed, name) {
			t.Errorf("%s is not signed", name)
		}
	}
	mac := func(key []byte, text string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	key := []byte("AWS4" + secret)
	for _, part := range parts {
		key = mac(key, part)
	}
	toSign := fmt.Sprintf("%s\n%s\n%s\n%x", algorithm, r.Header.Get("X-Amz-Date"), scope, sha256.Sum256([]byte(canonical.String())))
	if want := hex.EncodeToString(mac(key, toSign)); fields["Signature"] != want {
		t.Errorf("signature %s, want %s of\n%s", fields["Signature"], want, canonical.String())
	}
}

// The KPL sends Expect: 100-continue with every request, which costs a round trip.
func TestC100HeadersAndSignature(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}, RequireSignature: true}, false)
	b := start(t, p.config(t))
	b.mustPut("x")
	b.mustPut(strings.Repeat("y", 100_000))
	b.close()
	for _, operation := range []string{"PutRecords", "ListShards", "DescribeStreamSummary"} {
		for _, r := range p.of(t, operation) {
			for name, want := range map[string]string{
				"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202." + operation, "X-Amz-Security-Token": "token",
				"Content-Encoding": "", "Expect": "",
			} {
				if got := r.Header.Get(name); got != want {
					t.Errorf("%s: header %s is %q, want %q", operation, name, got, want)
				}
			}
			if r.Method != "POST" || r.URL.Path != "/" || !strings.Contains(r.UserAgent(), userAgent) || r.Header.Get("Amz-Sdk-Invocation-Id") == "" {
				t.Errorf("%s: %s %s, headers %v", operation, r.Method, r.URL.Path, r.Header)
			}
			checkSignature(t, r, "secret")
		}
	}
}

// Nothing is gained by asking for compressed answers, which are small or taken apart at once.
func TestNoCompressedAnswerIsAskedFor(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}, false)
	b := start(t, p.config(t))
	b.mustPut("x")
	b.close()
	for _, operation := range []string{"PutRecords", "ListShards"} {
		for _, r := range p.of(t, operation) {
			if got := r.Header.Values("Accept-Encoding"); len(got) > 0 && !slices.Equal(got, []string{"identity"}) {
				t.Errorf("%s asks for %q", operation, got)
			}
		}
	}
}

// inProcess is a configuration whose client, with the producer's handling of credentials, calls a server without a connection: for bubbles.
func inProcess(t *testing.T, server *kinesislocal.Server, provider aws.CredentialsProvider) Config {
	t.Helper()
	c := DefaultConfig()
	c.Region, c.MetricsLevel, c.Credentials = "us-east-1", MetricsNone, provider
	sdk, err := c.sdkConfig(t.Context(), provider)
	if err != nil {
		t.Fatal(err)
	}
	c.API = kinesis.NewFromConfig(sdk, func(o *kinesis.Options) {
		o.HTTPClient = &http.Client{Transport: server.Transport()}
		o.Retryer = skewRetryer{}
		o.BaseEndpoint = aws.String("http://kinesis.local")
	})
	return c
}

// keyring hands out the credentials of the moment, or fails.
type keyring struct {
	asked   atomic.Int32
	current func() (aws.Credentials, error)
}

func (k *keyring) Retrieve(context.Context) (aws.Credentials, error) {
	k.asked.Add(1)
	return k.current()
}

// The KPL asks its provider every CredentialsRefreshDelay, 5 s by default.
func TestC100ChangedCredentials(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": 1}})
		if err != nil {
			t.Fatal(err)
		}
		var changed atomic.Bool
		ring := &keyring{}
		ring.current = func() (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: map[bool]string{false: "OLD", true: "NEW"}[changed.Load()], SecretAccessKey: "secret"}, nil
		}
		b := start(t, inProcess(t, server, ring))
		b.mustPut("x")
		time.Sleep(time.Minute)
		changed.Store(true)
		time.Sleep(5 * time.Second)
		b.mustPut("x")
		b.close()
		all := server.Requests()
		if first, last := all[0].AccessKeyID, all[len(all)-1].AccessKeyID; first != "OLD" || last != "NEW" {
			t.Errorf("signed with %s, and 5 s after the provider gave another with %s", first, last)
		}
	})
}

// Credentials that end are renewed a minute before at the latest, and not with every request.
func TestExpiringCredentialsAreRenewedBefore(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": 1}, RequestLog: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		const valid = 10 * time.Minute
		ends := map[string]time.Time{}
		ring := &keyring{}
		ring.current = func() (aws.Credentials, error) {
			c := aws.Credentials{AccessKeyID: fmt.Sprint("KEY", len(ends)), SecretAccessKey: "secret", CanExpire: true, Expires: time.Now().Add(valid)}
			ends[c.AccessKeyID] = c.Expires
			return c, nil
		}
		b := start(t, inProcess(t, server, ring))
		for range 1200 { // an hour
			b.mustPut("x")
			time.Sleep(3 * time.Second)
		}
		b.close()
		for _, r := range server.Requests() {
			if left := ends[r.AccessKeyID].Sub(r.Time); left < time.Minute {
				t.Fatalf("a request at %v is signed with credentials that end %v later", r.Time, left)
			}
		}
		if n := ring.asked.Load(); n < 6 || n > 8 {
			t.Errorf("the provider was asked %d times in an hour, for credentials of %v", n, valid)
		}
	})
}

// While no credentials can be had records wait; that is said once, not with every attempt.
func TestFailingCredentialsAreOutlived(t *testing.T) {
	isolate(t)
	synctest.Test(t, func(t *testing.T) {
		server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": 1}})
		if err != nil {
			t.Fatal(err)
		}
		var healed atomic.Bool
		ring := &keyring{}
		ring.current = func() (aws.Credentials, error) {
			if !healed.Load() {
				return aws.Credentials{}, errors.New("the vault is sealed")
			}
			return aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret"}, nil
		}
		c := inProcess(t, server, ring)
		core, logs := observer.New(zap.InfoLevel)
		c.Logger = zap.New(core)
		b := start(t, c)
		for i := range 50 {
			b.put(fmt.Sprint(i), Record{Stream: "s", PartitionKey: fmt.Sprint(i), Data: []byte(fmt.Sprint(i))})
			time.Sleep(150 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if b.count() != 0 {
			t.Fatalf("%d records have a result already", b.count())
		}
		said := map[string]int{}
		for _, e := range logs.All() {
			said[e.Message]++
		}
		for message, n := range said {
			if n > 1 {
				t.Errorf("said %d times in less than ten seconds: %s", n, message)
			}
		}
		if failed := logs.FilterMessage("PutRecords failed").All(); len(failed) != 1 || failed[0].ContextMap()["code"] != codeCredentials ||
			!strings.Contains(fmt.Sprint(failed[0].ContextMap()["error_message"]), "the vault is sealed") {
			t.Errorf("said of the requests: %+v", failed)
		}
		healed.Store(true)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for i := range 50 {
			if r := b.result(fmt.Sprint(i)); r.Err != nil {
				t.Errorf("record %d: %v", i, r.Err)
			}
		}
		if _, total := b.Duplicates(); total != 0 {
			t.Errorf("%d possible duplicates of requests that were never sent", total)
		}
		b.close()
	})
}

func TestC101VerifyCertificate(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}, true)
	_, port, err := net.SplitHostPort(p.http.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, verify := range []bool{false, true} {
		t.Run(fmt.Sprint(verify), func(t *testing.T) {
			c := p.config(t)
			// The certificate is for example.com and addresses.
			c.KinesisEndpoint, c.VerifyCertificate = "localhost", verify
			if _, err := fmt.Sscan(port, &c.KinesisPort); err != nil {
				t.Fatal(err)
			}
			b := start(t, c)
			defer b.close()
			p.mu.Lock()
			p.requests = nil
			p.mu.Unlock()
			r, err := b.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			if !verify {
				if err != nil || r.ShardID != shardZero || p.of(t, "PutRecords")[0].TLS == nil {
					t.Errorf("%+v, %v", r, err)
				}
				return
			}
			e := failure(t, Result{Err: err})
			if e.Code != codeCertificate || len(e.Attempts) != 1 || e.MayBeStored || !strings.Contains(e.Error(), "localhost") ||
				!strings.Contains(e.Remedy, "VerifyCertificate") {
				t.Errorf("%v", e)
			}
			if len(p.requests) != 0 {
				t.Errorf("%d requests went to a server that is not trusted", len(p.requests))
			}
		})
	}
}

func TestC102Proxy(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}, true)
	proxy, asked := connectProxy(t)
	host, port, _ := net.SplitHostPort(proxy)
	c := p.config(t)
	c.VerifyCertificate = false
	c.ProxyHost, c.ProxyUserName, c.ProxyPassword = host, "user", "p@ss:word"
	if _, err := fmt.Sscan(port, &c.ProxyPort); err != nil {
		t.Fatal(err)
	}
	b := start(t, c)
	b.mustPut("x")
	b.close()
	all := asked()
	opened, _ := p.connections()
	if len(all) == 0 || len(all) != opened {
		t.Errorf("the proxy was asked %d times, the server saw %d connections", len(all), opened)
	}
	want := "CONNECT " + p.http.Listener.Addr().String() + " user:p@ss:word"
	for _, got := range all {
		if got != want {
			t.Errorf("the proxy was asked %q, want %q", got, want)
		}
	}
	if n := len(p.of(t, "PutRecords")); n != 1 {
		t.Errorf("%d PutRecords", n)
	}
}

// An ARN, of this account or another, stands alone: the service refuses name and ARN together when they do not agree.
func TestStreamARNAlone(t *testing.T) {
	for name, account := range map[string]string{"own account": kinesislocal.DefaultAccount, "other account": "210987654321"} {
		t.Run(name, func(t *testing.T) {
			p := newTap(t, kinesislocal.Options{Account: account, Streams: map[string]int{"s": 1}}, false)
			arn := "arn:aws:kinesis:us-east-1:" + account + ":stream/s"
			b := start(t, p.config(t))
			if r, err := b.PutSync(t.Context(), Record{Stream: arn, PartitionKey: "k", Data: []byte("x")}); err != nil || r.Stream != arn {
				t.Errorf("%+v, %v", r, err)
			}
			b.close()
			for _, operation := range []string{"PutRecords", "ListShards", "DescribeStreamSummary"} {
				for _, r := range p.of(t, operation) {
					var body map[string]any
					if err := json.Unmarshal(r.body, &body); err != nil {
						t.Fatal(err)
					}
					if _, named := body["StreamName"]; named || body["StreamARN"] != arn || r.Host != p.http.Listener.Addr().String() {
						t.Errorf("%s to %s: %s", operation, r.Host, r.body)
					}
				}
			}
		})
	}
}

// Requests of all kinds together open no more connections than that, and each carries many.
func TestMaxConnectionsBoundsTCPConnections(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1, "s2": 1, "s3": 1}}, false)
	if _, err := p.kinesis.Inject(kinesislocal.Fault{Latency: 5 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	c := p.config(t)
	c.MaxConnections, c.CollectionMaxCount, c.AggregationEnabled = 3, 1, false
	b := start(t, c)
	for i := range 90 {
		b.put(fmt.Sprint(i), Record{Stream: []string{"s", "s2", "s3"}[i%3], PartitionKey: "k", Data: []byte("x")})
	}
	b.close()
	for i := range 90 {
		if r := b.result(fmt.Sprint(i)); r.Err != nil {
			t.Fatal(r.Err)
		}
	}
	if n := len(p.of(t, "PutRecords")); n != 90 {
		t.Errorf("%d PutRecords", n)
	}
	if opened, most := p.connections(); most != 3 || opened != 3 {
		t.Errorf("%d connections opened, %d at a time; want 3 that are kept", opened, most)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	for name, overTLS := range map[string]bool{"plain": false, "TLS": true} {
		t.Run(name, func(t *testing.T) {
			p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}, overTLS)
			c := p.config(t)
			c.VerifyCertificate = false
			b := start(t, c)
			b.mustPut("x")
			before, _ := p.connections()
			for range 50 {
				b.mustPut("x")
			}
			if after, _ := p.connections(); before > 3 || after > max(before, 3) {
				t.Errorf("%d connections for the first record and what is asked for it, %d after fifty more", before, after)
			}
			b.close()
		})
	}
}

// A machine whose clock falls ten minutes behind: the service's answer tells its time, the request is signed anew at once and is no failed
// attempt, and no later one is refused.
func TestClockSkewIsCorrected(t *testing.T) {
	p := newTap(t, kinesislocal.Options{Streams: map[string]int{"s": 1}}, false)
	var refused atomic.Int32
	var behind atomic.Int64
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		now := time.Now().Add(time.Duration(behind.Load()))
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		signed, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err == nil && now.Sub(signed).Abs() < 5*time.Minute {
			return false
		}
		refused.Add(1)
		answer(w, 400, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
		return true
	}
	b := start(t, p.config(t))
	b.mustPut("x")
	if n := refused.Load(); n != 0 {
		t.Errorf("%d requests refused while the clock is right", n)
	}
	behind.Store(int64(10 * time.Minute))
	for range 10 {
		if r := b.mustPut("x"); len(r.Attempts) != 1 {
			t.Errorf("%+v", r.Attempts)
		}
	}
	if n := refused.Load(); n != 1 {
		t.Errorf("%d requests refused, want the first only", n)
	}
	b.close()
}

func TestUserRecordsOfTenMebibytes(t *testing.T) {
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 1}})
	c := wireConfig(t, server)
	c.MaxUserRecordSizeBytes, c.RateLimitPercent = 10<<20, 1_000_000
	b := start(t, c)
	record := func(i byte, size int) Record {
		return Record{Stream: "s", PartitionKey: "k", Data: bytes.Repeat([]byte{i, 'x'}, size/2+1)[:size]}
	}
	const most = 10<<20 - 1 // with the partition key it is 10 MiB
	_, err := b.PutSync(t.Context(), record('0', most))
	if e := failure(t, Result{Err: err}); len(e.Attempts) != 1 || e.Remedy == "" || !strings.Contains(e.Message, fmt.Sprintf("data of %d bytes", most)) {
		t.Errorf("while the stream takes 1 MiB only: %v", e)
	}
	client := mustKinesis(t, c).(*boundedAPI).api
	if _, err := client.UpdateMaxRecordSize(t.Context(), &kinesis.UpdateMaxRecordSizeInput{
		StreamARN: aws.String("arn:aws:kinesis:us-east-1:" + kinesislocal.DefaultAccount + ":stream/s"), MaxRecordSizeInKiB: aws.Int32(10 << 10),
	}); err != nil {
		t.Fatal(err)
	}
	sizes := []int{most, 100, most, 5 << 20, 100, 1 << 20}
	for i, size := range sizes {
		b.put(fmt.Sprint(i), record(byte('1'+i), size))
	}
	if err := b.Put(t.Context(), record('0', 10<<20+1), nil); err == nil || !strings.Contains(err.Error(), "10485760") {
		t.Errorf("a byte more: %v", err)
	}
	b.close()
	got := map[byte][]byte{}
	for _, k := range server.Records("s") {
		users, ok, err := aggregation.Decode(k.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			users = []aggregation.Record{{Data: k.Data}}
		}
		for _, u := range users {
			got[u.Data[0]] = u.Data
		}
	}
	for i, size := range sizes {
		if r := b.result(fmt.Sprint(i)); r.Err != nil || !bytes.Equal(got[byte('1'+i)], record(byte('1'+i), size).Data) {
			t.Errorf("record of %d bytes: %v; %d bytes arrived", size, r.Err, len(got[byte('1'+i)]))
		}
	}
}

// 4 to 8 to 4 shards while records flow: nothing is lost where consumers would keep it, each result names where that is, and the ledger has
// every copy beyond the first.
func TestUpdateShardCountUnderLoad(t *testing.T) {
	const records = 20_000
	server := kinesislocal.NewTest(t, kinesislocal.Options{Streams: map[string]int{"s": 4}, RequestLog: -1})
	c := wireConfig(t, server)
	c.RateLimitPercent, c.RecordMaxBufferedTime, c.MaxOutstandingRecords = 1_000_000, 20*time.Millisecond, 1000
	b := start(t, c)
	client := mustKinesis(t, c).(*boundedAPI).api
	results := make([]Result, records)
	for i := range records {
		switch i {
		case 4000, 14000:
			if _, err := client.UpdateShardCount(t.Context(), &kinesis.UpdateShardCountInput{
				StreamName: aws.String("s"), TargetShardCount: aws.Int32(map[int]int32{4000: 8, 14000: 4}[i]), ScalingType: types.ScalingTypeUniformScaling,
			}); err != nil {
				t.Fatal(err)
			}
		}
		r := Record{Stream: "s", PartitionKey: fmt.Sprint(i % 997), Data: []byte(fmt.Sprint(i))}
		if err := b.Put(t.Context(), r, func(r Result) { results[i] = r }); err != nil {
			t.Fatal(err)
		}
	}
	b.close()
	ranges := map[string]shardRange{}
	for _, s := range server.Shards("s") {
		r := shardRange{id: s.ID}
		var errs [2]error
		r.start, errs[0] = ParseHashKey(s.Start)
		r.end, errs[1] = ParseHashKey(s.End)
		if err := errors.Join(errs[:]...); err != nil {
			t.Fatal(err)
		}
		ranges[s.ID] = r
	}
	copies, kept := make([]int, records), make([]map[string]bool, records)
	for _, k := range server.Records("s") {
		users, ok, err := aggregation.Decode(k.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			users = []aggregation.Record{{PartitionKey: k.PartitionKey, Data: k.Data}}
		}
		astray := slices.ContainsFunc(users, func(u aggregation.Record) bool { return !ranges[k.ShardID].holds(HashKeyOf(u.PartitionKey)) })
		for _, u := range users {
			var i int
			if _, err := fmt.Sscan(string(u.Data), &i); err != nil {
				t.Fatal(err)
			}
			copies[i]++
			if !astray {
				if kept[i] == nil {
					kept[i] = map[string]bool{}
				}
				kept[i][k.ShardID+" "+k.SequenceNumber] = true
			}
		}
	}
	more := 0
	for i, r := range results {
		if r.Err != nil || !kept[i][r.ShardID+" "+r.SequenceNumber] || len(kept[i]) != 1 {
			t.Fatalf("record %d is kept at %v, its result is %+v", i, kept[i], r)
		}
		more += copies[i] - 1
	}
	if _, total := b.Duplicates(); total != int64(more) {
		t.Errorf("%d copies beyond the first, %d in the ledger", more, total)
	}
	t.Logf("%d records were sent again for having straddled shards", more)
}
