package connection

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl"
)

var (
	_ component.Lifecycle    = (*KinesisSDK)(nil)
	_ component.Redirectable = (*KinesisSDK)(nil)
	_ component.Lifecycle    = (*SQS)(nil)
)

const sdkKeys = `<credentials class="aws-static-credentials-builder"><access-key>AKIASDK</access-key><secret-key>s</secret-key></credentials>`

func kinesisSDK(elements string) string {
	return "<connection class=\"aws-kinesis-sdk-connection\"><unique-id>sdk</unique-id>\n" + elements + "\n</connection>"
}

func endpointOf(url string) string {
	return `<custom-endpoint><service-endpoint>` + url + `</service-endpoint><signing-region>eu-west-1</signing-region></custom-endpoint>`
}

func putOne(t *testing.T, k *KinesisSDK) error {
	t.Helper()
	out, err := k.PutRecords(t.Context(), &service.PutRecordsInput{
		StreamName: aws.String("events"), Records: []types.PutRecordsRequestEntry{{Data: []byte("d"), PartitionKey: aws.String("k")}},
	})
	if err == nil && aws.ToInt32(out.FailedRecordCount) != 0 {
		err = fmt.Errorf("%d records failed", *out.FailedRecordCount)
	}
	return err
}

func TestKinesisSDKReachesTheServiceItNames(t *testing.T) {
	isolate(t)
	s := server(t)
	for name, c := range map[string]struct {
		xml      string
		redirect bool
		key      string
	}{
		"custom endpoint":         {kinesisSDK(sdkKeys + endpointOf(s.URL())), false, "AKIASDK"},
		"endpoint with its class": {strings.Replace(kinesisSDK(sdkKeys+endpointOf(s.URL())), "<custom-endpoint>", `<custom-endpoint class="aws-custom-endpoint">`, 1), false, "AKIASDK"},
		"endpoint without scheme": {kinesisSDK(sdkKeys + `<client-configuration><key-value-pair><key>protocol</key><value>HTTP</value></key-value-pair></client-configuration>` +
			endpointOf(strings.TrimPrefix(s.URL(), "http://"))), false, "AKIASDK"},
		"authentication": {kinesisSDK(`<authentication class="aws-keys-authentication"><access-key>AKIAOLD</access-key><secret-key>s</secret-key></authentication>` + endpointOf(s.URL())), false, "AKIAOLD"},
		"redirected":     {kinesisSDK(sdkKeys + `<region>ap-south-1</region><client-configuration><key-value-pair><key>ProxyHost</key><value>127.0.0.1:1</value></key-value-pair></client-configuration>`), true, "embedded"},
		"nothing given":  {kinesisSDK(""), true, "embedded"},
	} {
		t.Run(name, func(t *testing.T) {
			k := mustDecode[*KinesisSDK](t, c.xml)
			if c.redirect {
				k.Redirect(s.URL())
			}
			if err := putOne(t, k); !errors.Is(err, component.ErrStopped) || !strings.Contains(err.Error(), "aws-kinesis-sdk-connection sdk: it is not started") {
				t.Errorf("before Init: %v", err)
			}
			for range 2 {
				if err := errors.Join(k.Init(t.Context()), k.Start(t.Context()), k.Start(t.Context()), putOne(t, k), k.Stop(t.Context()), k.Stop(t.Context())); err != nil {
					t.Error(err)
				}
			}
			requests := s.Requests()
			if got := requests[len(requests)-1]; got.AccessKeyID != c.key || got.Operation != "PutRecords" {
				t.Errorf("%s signed by %s", got.Operation, got.AccessKeyID)
			}
			for _, r := range requests {
				if r.Operation != "PutRecords" {
					t.Errorf("asked for %s, which needs a permission more", r.Operation)
				}
			}
		})
	}
}

func TestKinesisSDKTriesNothingAgainByItself(t *testing.T) {
	isolate(t)
	s := server(t)
	if _, err := s.Inject(kinesislocal.Fault{Code: "InternalFailure", Count: 1}); err != nil {
		t.Fatal(err)
	}
	k := mustDecode[*KinesisSDK](t, kinesisSDK(sdkKeys+endpointOf(s.URL())))
	if err := k.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Stop(t.Context()) }()
	err := putOne(t, k)
	if code, _, _ := kpl.Cause(err); code != "InternalFailure" {
		t.Errorf("got %v", err)
	}
	if !k.Retries().IsErrorRetryable(err) || k.Retries().MaxAttempts() != 4 {
		t.Errorf("retried %v, %d attempts", k.Retries().IsErrorRetryable(err), k.Retries().MaxAttempts())
	}
}

func TestClientConfiguration(t *testing.T) {
	pair := func(key, value string) string {
		return "\n<key-value-pair><key>" + key + "</key><value>" + value + "</value></key-value-pair>"
	}
	decodeSettings := func(t *testing.T, pairs string) (*KinesisSDK, string) {
		return decode[*KinesisSDK](t, kinesisSDK("<region> eu-west-1 </region><client-configuration>"+pairs+"</client-configuration>"))
	}
	k, problems := decodeSettings(t, pair("ConnectionTimeout", "1500")+pair("sockettimeout", "9000")+pair("RequestTimeout", "4000")+pair("MaxConnections", "7")+pair("MaxErrorRetry", "9")+
		pair("ProxyHost", "proxy.local")+pair("ProxyPort", "3128")+pair("ProxyUsername", "u")+pair("ProxyPassword", encoded(t, "PW", "p w"))+pair("UserAgent", "mine")+pair("ProxyDomain", ""))
	if problems != "" {
		t.Fatal(problems)
	}
	config := k.settings.config
	if config.Region != "eu-west-1" || config.ConnectTimeout != 1500*time.Millisecond || config.RequestTimeout != 4*time.Second || config.MaxConnections != 7 ||
		config.ProxyHost != "proxy.local" || config.ProxyPort != 3128 || config.ProxyUserName != "u" || config.ProxyPassword != "p w" || k.settings.userAgent != "mine" {
		t.Errorf("settings %+v", k.settings)
	}
	if n := k.Retries().MaxAttempts(); n != 10 {
		t.Errorf("%d attempts", n)
	}
	if k, _ = decodeSettings(t, pair("SocketTimeout", "0")+pair("ProxyPort", "")); k.settings.config.RequestTimeout != 0 || !k.valid {
		t.Errorf("no timeout: %+v", k.settings)
	}
	for name, c := range map[string]struct {
		pairs string
		want  string
		valid bool
	}{
		"no number":        {pair("MaxConnections", "many"), `test.xml:3:1: <client-configuration> of aws-kinesis-sdk-connection: MaxConnections is "many"; it takes a whole number from 1 to 10000`, false},
		"negative":         {pair("MaxErrorRetry", "-1"), "from 0 to", false},
		"protocol":         {pair("Protocol", "ftp"), "it takes HTTP or HTTPS", false},
		"local address":    {pair("LocalAddress", "10.0.0.1"), "LocalAddress is known to Interlok, not supported here; remove it", false},
		"NTLM":             {pair("ProxyDomain", "d"), "a proxy that asks for no NTLM", false},
		"password":         {pair("ProxyPassword", "PW:unseen"), "ProxyPassword can not be read", false},
		"without effect":   {pair("Reaper", "true"), "Reaper is accepted, without effect", true},
		"unknown":          {pair("NoSuchKey", "x"), "NoSuchKey is accepted, without effect", true},
		"HTTP to a region": {pair("Protocol", "HTTP"), "counts only with a <custom-endpoint>", true},
	} {
		t.Run(name, func(t *testing.T) {
			k, problems := decodeSettings(t, c.pairs)
			if !strings.Contains(problems, c.want) || k.valid != c.valid || strings.Contains(problems, "unseen") {
				t.Errorf("valid %v, %s", k.valid, problems)
			}
			if err := k.Init(t.Context()); (err == nil) != c.valid {
				t.Error(err)
			}
			_ = k.Stop(t.Context())
		})
	}
}

func TestEndpointsAndCredentialsThatCanNotWork(t *testing.T) {
	isolate(t)
	for name, c := range map[string]struct{ elements, want string }{
		"no signing region": {"<custom-endpoint><service-endpoint>http://localhost:1</service-endpoint></custom-endpoint>", "has no <signing-region>, so it does not count"},
		"no endpoint":       {"<custom-endpoint><signing-region>r</signing-region></custom-endpoint>", "has no <service-endpoint>, so it does not count"},
		"path":              {endpointOf("http://localhost:1/x"), "<service-endpoint> of aws-custom-endpoint is no endpoint: it has a path, query or fragment"},
		"user":              {endpointOf("http://u:unseen@localhost"), "it has user or password"},
		"scheme":            {endpointOf("ftp://localhost"), "its scheme is ftp, not http or https"},
		"port":              {endpointOf("localhost:99999"), "its port is not from 1 to 65535"},
		"host":              {endpointOf("http://:80"), "it has no host"},
		"both":              {sdkKeys + `<authentication class="aws-default-authentication"/>`, "<authentication> of aws-kinesis-sdk-connection stands beside <credentials>; keep one of them"},
		"pluggable policy":  {`<retry-policy class="aws-pluggable-retry-policy-factory"/>`, "is known to Interlok, not supported here"},
		"policy":            {`<retry-policy class="aws-default-retry-policy-factory"><retry-policy>SOME</retry-policy></retry-policy>`, "allowed: DEFAULT, DYNAMO_DB, NONE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decode[*KinesisSDK](t, kinesisSDK(c.elements))
			if !strings.Contains(problems, c.want) || strings.Contains(problems, "unseen") {
				t.Error(problems)
			}
		})
	}
	k := mustDecode[*KinesisSDK](t, kinesisSDK(sdkKeys))
	if err := k.Init(t.Context()); err == nil || !strings.Contains(err.Error(), "aws-kinesis-sdk-connection sdk: no <region> is given") {
		t.Errorf("no region: %v", err)
	}
}

func TestRetryPolicies(t *testing.T) {
	status := func(code int) error {
		return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: errors.New("refused")}
	}
	coded := func(code string) error { return &smithy.GenericAPIError{Code: code} }
	const policy = `<retry-policy class="aws-default-retry-policy-factory"><retry-policy>%s</retry-policy></retry-policy>`
	for name, c := range map[string]struct {
		element              string
		attempts, configured int
		notFound             bool
		first                time.Duration // the longest delay after the first attempt
	}{
		"unsaid":    {"", 4, 3, false, 100 * time.Millisecond},
		"default":   {fmt.Sprintf(policy, "DEFAULT"), 4, 3, false, 100 * time.Millisecond},
		"dynamo":    {fmt.Sprintf(policy, "DYNAMO_DB"), 11, 3, false, 25 * time.Millisecond},
		"not found": {`<retry-policy class="aws-retry-not-found-policy-factory"/>`, 4, 3, true, 100 * time.Millisecond},
		"none":      {fmt.Sprintf(policy, "NONE"), 1, 1, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := mustDecode[*KinesisSDK](t, kinesisSDK(c.element)).Retries()
			if r.MaxAttempts() != c.attempts {
				t.Errorf("%d attempts", r.MaxAttempts())
			}
			configured := mustDecode[*KinesisSDK](t, kinesisSDK(c.element+"<client-configuration><key-value-pair><key>MaxErrorRetry</key><value>2</value></key-value-pair></client-configuration>")).Retries()
			if configured.MaxAttempts() != c.configured {
				t.Errorf("%d attempts with MaxErrorRetry", configured.MaxAttempts())
			}
			if r.IsErrorRetryable(status(404)) != c.notFound {
				t.Errorf("404 is tried again: %v", !c.notFound)
			}
			if c.attempts == 1 {
				if r.IsErrorRetryable(status(503)) {
					t.Error("503 is tried again")
				}
				return
			}
			for _, err := range []error{status(500), status(502), status(503), status(504), coded("ProvisionedThroughputExceededException"), coded("InternalFailure"), coded("RequestThrottled")} {
				if !r.IsErrorRetryable(err) {
					t.Errorf("%v is not tried again", err)
				}
			}
			for _, err := range []error{status(400), coded("AccessDeniedException"), coded("ResourceNotFoundException")} {
				if r.IsErrorRetryable(err) {
					t.Errorf("%v is tried again", err)
				}
			}
			for range 100 {
				if d, err := r.RetryDelay(1, status(500)); err != nil || d >= c.first {
					t.Fatalf("first delay %v, %v", d, err)
				}
				if d, _ := r.RetryDelay(1, coded("RequestThrottled")); d < 250*time.Millisecond || d >= 500*time.Millisecond {
					t.Fatalf("first delay of a throttled request %v", d)
				}
				if d, _ := r.RetryDelay(60, status(500)); d >= 20*time.Second {
					t.Fatalf("a later delay %v", d)
				}
			}
		})
	}
}
