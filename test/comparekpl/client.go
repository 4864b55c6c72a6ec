package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

const region = "us-east-1"

// Any credentials do for a test server.
var anyone = credentials.NewStaticCredentialsProvider("test", "test", "")

type client struct{ *kinesis.Client }

func newClient(endpoint string) (client, error) {
	if _, err := parseEndpoint(endpoint); err != nil {
		return client{}, err
	}
	return client{kinesis.New(kinesis.Options{
		Region:       region,
		BaseEndpoint: &endpoint,
		Credentials:  anyone,
		HTTPClient:   &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}, Timeout: time.Minute},
	})}, nil
}

func parseEndpoint(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "https" || u.Port() == "" {
		return nil, fmt.Errorf("endpoint %q is not https://HOST:PORT, which is all that the Kinesis Producer Library speaks", endpoint)
	}
	return u, nil
}

func (c client) createStream(ctx context.Context, name string, shards int) error {
	if _, err := c.CreateStream(ctx, &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(int32(shards))}); err != nil {
		return fmt.Errorf("create stream %s: %w", name, err)
	}
	err := kinesis.NewStreamExistsWaiter(c).Wait(ctx, &kinesis.DescribeStreamInput{StreamName: &name}, time.Minute,
		func(o *kinesis.StreamExistsWaiterOptions) { o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second })
	if err != nil {
		return fmt.Errorf("stream %s does not become active: %w", name, err)
	}
	return nil
}
