package kpl

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
)

// AWSConfig is what clients of other operations than a producer's need to speak as one would that has this configuration: region,
// credentials, proxy, certificates, timeouts, and the endpoint of Kinesis if the configuration names one. Such a client retries
// nothing. close ends its idle connections. Where Region is empty the environment is asked for one, which may touch the network.
func (c Config) AWSConfig(ctx context.Context) (sdk aws.Config, close func(), err error) {
	if sdk, err = c.sdkConfig(ctx, c.Credentials); err != nil {
		return aws.Config{}, nil, err
	}
	transport, err := c.transport()
	if err != nil {
		return aws.Config{}, nil, err
	}
	sdk.HTTPClient = c.httpClient(transport, c.RequestTimeout)
	sdk.Retryer = func() aws.Retryer { return skewRetryer{} }
	sdk.APIOptions = append(sdk.APIOptions, awsmiddleware.AddUserAgentKey(userAgent))
	if url := endpointURL(c.KinesisEndpoint, c.KinesisPort); url != "" {
		sdk.BaseEndpoint = &url
	}
	return sdk, transport.CloseIdleConnections, nil
}

// Cause names why a request to the service failed, as attempts do: the service's code or one of ours such as ConnectionRefused, the
// message, and what to do about it, which is empty if there is nothing better than trying again. All are empty for
// no error.
func Cause(err error) (code, message, remedy string) {
	if err == nil {
		return "", "", ""
	}
	c := classify(err)
	return c.code, c.message, c.remedy
}
