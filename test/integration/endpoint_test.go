package integration

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"

	"github.com/adapterd/adapterd/pkg/kpl"
)

const region = "us-east-1"

// Any credentials do for these servers.
var anyone = credentials.NewStaticCredentialsProvider("test", "test", "")

// endpoint is a server under test.
type endpoint struct {
	name string
	url  string
}

// endpoints gives the servers that have Kinesis; a server whose variable is unset is left out.
func endpoints(t *testing.T) []endpoint {
	t.Helper()
	var found []endpoint
	for _, e := range []endpoint{{"localstack", setting(t, "LOCALSTACK_ENDPOINT")}, {"kinesis-local", setting(t, "KINESIS_LOCAL_ENDPOINT")}} {
		if e.url != "" {
			found = append(found, e)
		}
	}
	if len(found) == 0 {
		t.Fatal("neither LOCALSTACK_ENDPOINT nor KINESIS_LOCAL_ENDPOINT is set; run make integration")
	}
	return found
}

// localStack gives the server that has CloudWatch too.
func localStack(t *testing.T) endpoint {
	t.Helper()
	return endpoint{"localstack", needed(t, "LOCALSTACK_ENDPOINT")}
}

// setting reads a variable, and skips the test where integration tests are not asked for.
func setting(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("ADAPTERD_INTEGRATION") != "1" {
		t.Skip("integration tests run by make integration")
	}
	return os.Getenv(name)
}

func needed(t *testing.T, name string) string {
	t.Helper()
	value := setting(t, name)
	if value == "" {
		t.Fatalf("%s is not set; run make integration", name)
	}
	return value
}

// hostPort gives the endpoint as the KPL's keys KinesisEndpoint and KinesisPort take it.
func (e endpoint) hostPort(t *testing.T) (string, int) {
	t.Helper()
	u, err := url.Parse(e.url)
	if err != nil {
		t.Fatalf("endpoint %s: %v", e.url, err)
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		t.Fatalf("endpoint %s has no port", e.url)
	}
	return u.Hostname(), port
}

// kinesis is the AWS SDK's client for the endpoint, whose certificate is its own.
func (e endpoint) kinesis(t *testing.T) *kinesis.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: false}
	t.Cleanup(transport.CloseIdleConnections)
	return kinesis.New(kinesis.Options{
		Region:       region,
		BaseEndpoint: aws.String(e.url),
		Credentials:  anyone,
		HTTPClient:   &http.Client{Transport: transport, Timeout: 2 * time.Minute},
	})
}

// config is a producer's configuration for the endpoint, over TLS without verification, as Example 6 has it.
// The test servers are slow: times are long, so that nothing is sent twice for that.
func (e endpoint) config(t *testing.T) kpl.Config {
	t.Helper()
	c := kpl.DefaultConfig()
	c.Region = region
	c.KinesisEndpoint, c.KinesisPort = e.hostPort(t)
	c.CloudWatchEndpoint, c.CloudWatchPort = c.KinesisEndpoint, c.KinesisPort
	c.Credentials = anyone
	c.VerifyCertificate = false
	c.RequestTimeout = 2 * time.Minute
	c.RecordTTL = 5 * time.Minute
	c.MetricsLevel = kpl.MetricsNone
	return c
}
