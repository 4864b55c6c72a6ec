package kpl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go/logging"
	"go.uber.org/zap"
)

// userAgent is how requests name this library.
const userAgent = "adapterd-kpl"

// regionLookup bounds the question for the region to EC2 instance metadata, which outside of EC2 nobody answers.
const regionLookup = 5 * time.Second

// newKinesis makes the client for Kinesis, and a function that closes its idle connections. It retries nothing but a request that was
// signed by a wrong clock, which the SDK then corrects. With Config.API set it returns that.
func (c Config) newKinesis(ctx context.Context) (API, func(), error) {
	if c.API != nil {
		return c.API, func() {}, nil
	}
	sdk, err := c.sdkConfig(ctx, c.Credentials)
	if err != nil {
		return nil, nil, err
	}
	transport, err := c.transport()
	if err != nil {
		return nil, nil, err
	}
	client := kinesis.NewFromConfig(sdk, func(o *kinesis.Options) {
		o.HTTPClient = c.httpClient(transport, 0) // boundedAPI has the deadline
		o.Retryer = skewRetryer{}
		if u := endpointURL(c.KinesisEndpoint, c.KinesisPort); u != "" {
			o.BaseEndpoint = &u
		}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey(userAgent))
	})
	bounded := &boundedAPI{api: client, slots: make(chan struct{}, c.MaxConnections), timeout: c.RequestTimeout}
	return bounded, transport.CloseIdleConnections, nil
}

// sdkConfig has region and credentials. The default chain speaks through HTTP clients of its own, as in the KPL, where proxy,
// certificates and timeouts of the configuration are for the service alone.
func (c Config) sdkConfig(ctx context.Context, credentials aws.CredentialsProvider) (aws.Config, error) {
	options := []func(*awsconfig.LoadOptions) error{
		awsconfig.WithCredentialsCacheOptions(renewEarly), awsconfig.WithLogger(logging.LoggerFunc(c.logSDK)),
	}
	if credentials != nil {
		options = append(options, awsconfig.WithCredentialsProvider(credentials))
	}
	if c.Region != "" {
		options = append(options, awsconfig.WithRegion(c.Region))
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, regionLookup)
		defer cancel()
		options = append(options, awsconfig.WithEC2IMDSRegion())
	}
	const wayOut = "set Region, for example Region=us-east-1, or AWS_REGION"
	sdk, err := awsconfig.LoadDefaultConfig(ctx, options...)
	switch {
	case err != nil && c.Region == "":
		return aws.Config{}, fmt.Errorf("find the AWS region: Region is empty, and environment, profile and EC2 instance metadata gave none (%w); %s", err, wayOut)
	case err != nil:
		return aws.Config{}, fmt.Errorf("load the AWS settings of environment and profile: %w", err)
	case sdk.Region == "":
		return aws.Config{}, fmt.Errorf("find the AWS region: Region is empty, and environment, profile and EC2 instance metadata gave none; %s", wayOut)
	}
	if credentials != nil {
		sdk.Credentials = renewed(credentials, c.logger()) // the SDK would keep those without an expiry for ever
	}
	return sdk, nil
}

// logSDK takes what the SDK would print to standard error; whatever it says comes back as an error too.
func (c Config) logSDK(_ logging.Classification, format string, values ...any) {
	if l := c.logger(); l.Core().Enabled(zap.DebugLevel) {
		l.Debug("aws sdk: " + fmt.Sprintf(format, values...))
	}
}

// boundedAPI holds requests back until one of MaxConnections slots is free, and gives each its deadline from then on: waiting for a
// slot is not the request's fault. Its methods may be called from any goroutine.
type boundedAPI struct {
	api     *kinesis.Client
	slots   chan struct{}
	timeout time.Duration
}

func (b *boundedAPI) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, options ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	ctx, done, err := b.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return b.api.PutRecords(ctx, in, options...)
}

func (b *boundedAPI) ListShards(ctx context.Context, in *kinesis.ListShardsInput, options ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error) {
	ctx, done, err := b.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return b.api.ListShards(ctx, in, options...)
}

func (b *boundedAPI) DescribeStreamSummary(ctx context.Context, in *kinesis.DescribeStreamSummaryInput, options ...func(*kinesis.Options)) (*kinesis.DescribeStreamSummaryOutput, error) {
	ctx, done, err := b.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return b.api.DescribeStreamSummary(ctx, in, options...)
}

func (b *boundedAPI) begin(ctx context.Context) (context.Context, func(), error) {
	select {
	case b.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, b.timeout, fmt.Errorf("no answer within RequestTimeout of %v: %w", b.timeout, context.DeadlineExceeded))
	return ctx, func() { cancel(); <-b.slots }, nil
}

// skewRetryer tries again at once, and only once, when the service refused the time of the signature: by then the SDK has
// learned the service's clock from the answer. All else is for the producer to judge.
type skewRetryer struct{ aws.NopRetryer }

// skewCodes are those the SDK takes for a wrong clock, if the answer's date is minutes away.
var skewCodes = []string{"InvalidSignatureException", "SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed", "AccessDeniedException"}

func (skewRetryer) IsErrorRetryable(err error) bool {
	var marked interface{ RetryableError() bool }
	var coded interface{ ErrorCode() string }
	return errors.As(err, &marked) && marked.RetryableError() && errors.As(err, &coded) && slices.Contains(skewCodes, coded.ErrorCode())
}

func (skewRetryer) MaxAttempts() int                             { return 2 }
func (skewRetryer) RetryDelay(int, error) (time.Duration, error) { return 0, nil }
func (skewRetryer) GetRetryToken(context.Context, error) (func(error) error, error) {
	return func(error) error { return nil }, nil
}
