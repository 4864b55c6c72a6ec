package connection

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// awsClient is what connections share that lead to a service of AWS with a client of the AWS SDK (Interlok: AWSConnection). C is the
// client, which all consumers and producers of the connection share from Init to Stop. It is safe for concurrent use.
type awsClient[C any] struct {
	base
	Region              string               `xml:"region" example:"eu-west-1" doc:"AWS region; that of environment, profile or EC2 instance when not given"`
	Credentials         Credentials          `xml:"credentials" doc:"signs requests; the AWS SDK's default chain when not given"`
	Authentication      Authentication       `xml:"authentication" doc:"signs requests, as documents of older versions write it; use credentials instead"`
	ClientConfiguration []component.KeyValue `xml:"client-configuration>key-value-pair" doc:"ConnectionTimeout, SocketTimeout and RequestTimeout (milliseconds), MaxConnections, MaxErrorRetry, Protocol, ProxyHost, ProxyPort, ProxyUsername, ProxyPassword, UserAgent"`
	RetryPolicy         RetryPolicy          `xml:"retry-policy" default:"aws-default-retry-policy-factory" doc:"which requests are tried again, how often and when"`
	CustomEndpoint      Endpoint             `xml:"custom-endpoint" class:"aws-custom-endpoint" doc:"where the service is, when it is not that of the region"`

	alias string
	// settings are set by Check; valid says that they may be used.
	settings   awsSettings
	valid      bool
	redirected bool

	// mu makes Init, Start and Stop follow each other; current is atomic because every message reads it. It is nil while the connection is stopped.
	mu      sync.Mutex
	current atomic.Pointer[awsSession[C]]
}

// awsSession is a client and what ends its connections.
type awsSession[C any] struct {
	client C
	close  func()
}

// Check reads the configuration and reports everything that is wrong with it.
func (c *awsClient[C]) Check(r *component.Report) {
	c.alias = r.Alias()
	settings, ok := readSettings(r, c.ClientConfiguration)
	settings.config.Region = strings.TrimSpace(c.Region)
	if c.Authentication != nil && c.Credentials != nil {
		r.Errorf("authentication", "conflicting-elements", "stands beside <credentials>; keep one of them")
		ok = false
	}
	if c.CustomEndpoint != nil {
		url, region := c.CustomEndpoint.endpoint(settings.scheme)
		if url != "" {
			settings.config.KinesisEndpoint, settings.config.Region = url, region
		}
	}
	if settings.scheme == schemeHTTP && settings.config.KinesisEndpoint == "" {
		r.Warnf("client-configuration", "without-effect", "has Protocol HTTP, which counts only with a <custom-endpoint>; the service of a region is reached over TLS")
	}
	c.settings, c.valid = settings, ok
}

// session is the client, or an error that wraps component.ErrStopped while there is none.
func (c *awsClient[C]) session() (C, error) {
	if s := c.current.Load(); s != nil {
		return s.client, nil
	}
	var none C
	return none, c.errorf("it is not started: %w", component.ErrStopped)
}

// retries is the connection's retry policy.
func (c *awsClient[C]) retries() aws.Retryer { return c.RetryPolicy.retryer(c.settings.maxErrorRetry) }

// open makes the client, if there is none. Only where no region is configured does that touch the network, to ask for one.
func (c *awsClient[C]) open(ctx context.Context, client func(aws.Config) C) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current.Load() != nil {
		return nil
	}
	config, err := c.configuration(ctx)
	if err != nil {
		return err
	}
	sdk, end, err := config.AWSConfig(ctx)
	if err != nil && config.Region == "" {
		return c.errorf("no <region> is given: %w", err)
	}
	if err != nil {
		return c.errorf("%w", err)
	}
	sdk.APIOptions = append(sdk.APIOptions[:0:0], awsmiddleware.AddUserAgentKey(c.settings.userAgent))
	c.current.Store(&awsSession[C]{client(sdk), end})
	return nil
}

// configuration is how the client speaks to the service, credentials and logger included.
func (c *awsClient[C]) configuration(ctx context.Context) (kpl.Config, error) {
	if !c.valid {
		return kpl.Config{}, c.errorf("its configuration was not checked or is not valid")
	}
	config := c.settings.config
	config.Logger = component.Logger(ctx)
	var err error
	if config.Credentials, err = c.provider(ctx, config.Region); err != nil {
		return kpl.Config{}, c.errorf("<credentials>: %w", err)
	}
	return config, nil
}

func (c *awsClient[C]) provider(ctx context.Context, region string) (aws.CredentialsProvider, error) {
	switch {
	case c.redirected:
		return credentials.NewStaticCredentialsProvider("embedded", "embedded", ""), nil
	case c.Authentication != nil:
		return c.Authentication.provider(), nil
	case c.Credentials != nil:
		return c.Credentials.Provider(ctx, region)
	}
	return nil, nil
}

// Stop refuses requests from its beginning on and ends idle connections. Those under way are their callers' to end.
func (c *awsClient[C]) Stop(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.current.Swap(nil); s != nil {
		s.close()
	}
	return nil
}

func (c *awsClient[C]) errorf(format string, args ...any) error {
	name := c.alias
	if name == "" {
		name = "connection to AWS"
	}
	if c.UniqueID != "" {
		name += " " + c.UniqueID
	}
	return fmt.Errorf("%s: %w", name, fmt.Errorf(format, args...))
}

// redirect sends requests to the endpoint at url, with whatever certificate it has, and signs with made-up keys: no credentials are
// looked for and no proxy is asked.
func (c *awsClient[C]) redirect(url string) {
	config := &c.settings.config
	config.KinesisEndpoint, config.VerifyCertificate = url, false
	config.ProxyHost, config.ProxyUserName, config.ProxyPassword = "", "", ""
	if config.Region == "" {
		config.Region = embeddedRegion
	}
	c.redirected = true
}

// awsSettings are the client-configuration, as far as it counts, and the endpoint.
type awsSettings struct {
	// config holds what is about HTTP. Its KinesisEndpoint is the URL of the service, whichever that is.
	config    kpl.Config
	scheme    string
	userAgent string
	// maxErrorRetry is how often a request is sent again; -1 leaves that to the retry policy.
	maxErrorRetry int
}
