package kpl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/schemas"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/transport/http/protocol/awsquery"
	"go.uber.org/zap"
)

// newCloudWatch makes the client for metrics, and a function that closes its idle connections; nil when metrics go nowhere.
//
// It speaks the query protocol, which AWS and the emulators of CloudWatch take; of the latter not all take the SDK's CBOR.
func (c Config) newCloudWatch(ctx context.Context) (MetricsAPI, func(), error) {
	switch {
	case c.MetricsAPI != nil:
		return c.MetricsAPI, func() {}, nil
	case c.API != nil && c.CloudWatchEndpoint == "":
		return nil, nil, nil
	}
	credentials := c.MetricsCredentials
	if credentials == nil {
		credentials = c.Credentials
	}
	sdk, err := c.sdkConfig(ctx, credentials)
	if err != nil {
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	transport, err := c.transport()
	if err != nil {
		return nil, nil, fmt.Errorf("metrics: %w", err)
	}
	client := cloudwatch.NewFromConfig(sdk, func(o *cloudwatch.Options) {
		o.HTTPClient = c.httpClient(transport, c.RequestTimeout)
		o.Protocol = awsquery.New(schemas.GraniteServiceVersion20100801)
		o.DisableRequestCompression = true
		if u := endpointURL(c.CloudWatchEndpoint, c.CloudWatchPort); u != "" {
			o.BaseEndpoint = &u
		}
		o.APIOptions = append(o.APIOptions, awsmiddleware.AddUserAgentKey(userAgent))
	})
	return client, transport.CloseIdleConnections, nil
}

const (
	// uploadData is how many data one PutMetricData takes.
	uploadData = 1000
	// uploadBytes is below the 1 MB that one request may have, since sizes are reckoned on the safe side only.
	uploadBytes = 900_000
	// remindAfter is how often a lasting failure of uploads is logged.
	remindAfter = 10 * time.Minute
)

// uploader puts series to CloudWatch. upload is called by one goroutine at a time.
type uploader struct {
	api       MetricsAPI
	release   func()
	cancel    func()
	namespace string
	now       func() time.Time
	logger    *zap.Logger

	// backlog is what could not be uploaded. It goes with the next, and cannot have more series than there are.
	backlog seriesSet
	failure string    // code of the failure logged last; empty when the last upload went well
	logged  time.Time // when
}

// upload puts a set together with what is left from before. What fails stays for the next time; the error says so.
// An upload whose answer is lost may count twice: CloudWatch knows no request tokens.
func (u *uploader) upload(ctx context.Context, set seriesSet) error {
	for _, s := range u.backlog {
		set.add(s.metric, s.dimensions, s.statistic)
	}
	u.backlog = nil
	all := set.sorted()
	if len(all) == 0 {
		return nil
	}
	timestamp := u.now().Truncate(time.Second)
	var failed error
	kept := seriesSet{}
	for len(all) > 0 {
		batch := u.batch(all)
		err := u.put(ctx, batch, timestamp)
		var answer smithy.APIError
		switch {
		case err == nil:
		case errors.As(err, &answer):
			failed = err
			kept.addAll(batch)
		default: // nobody is there; the other batches would only wait as long again
			failed = err
			kept.addAll(all)
			all = nil
		}
		all = all[min(len(batch), len(all)):]
	}
	u.log(failed, len(kept), timestamp)
	if failed != nil {
		u.backlog = kept
		return fmt.Errorf("upload of %d metrics to CloudWatch, namespace %s: %w", len(kept), u.namespace, failed)
	}
	return nil
}

func (u *uploader) put(ctx context.Context, batch []*series, timestamp time.Time) error {
	data := make([]types.MetricDatum, len(batch))
	for i, s := range batch {
		data[i] = s.datum(timestamp)
	}
	_, err := u.api.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: &u.namespace, MetricData: data})
	return err
}

// log tells of a failure when it is new, changes, or has lasted for a while, and of its end.
func (u *uploader) log(err error, left int, now time.Time) {
	if err == nil {
		if u.failure != "" {
			u.logger.Info("metrics are uploaded again")
			u.failure = ""
		}
		return
	}
	code := "no answer"
	var api smithy.APIError
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	if code == u.failure && now.Sub(u.logged) < remindAfter {
		return
	}
	u.failure, u.logged = code, now
	u.logger.Warn("cannot upload metrics; they are kept and go with the next upload",
		zap.Int("metrics", left), zap.String("namespace", u.namespace), zap.String("code", code), zap.Error(err))
}

// batch is how many of the series go into one request.
func (*uploader) batch(all []*series) []*series {
	size := 0
	for i, s := range all {
		size += s.encodedBytes()
		if i == uploadData || i > 0 && size > uploadBytes {
			return all[:i]
		}
	}
	return all
}

// encodedBytes is at least what a datum takes in the query protocol: fields of at most 24 + 28 characters each for "MetricData.member.N."
// and name, seven of them with a number, unit or time, and two more for each dimension, whose texts may need escapes.
func (s *series) encodedBytes() int {
	const field, number = 24 + 28, 26
	size := 7*(field+number) + len(metricKinds[s.metric].name)
	for _, d := range s.dimensions {
		size += 2*field + 3*(len(d.Name)+len(d.Value))
	}
	return size
}

func (s *series) datum(timestamp time.Time) types.MetricDatum {
	scale := s.metric.scale()
	dimensions := make([]types.Dimension, len(s.dimensions))
	for i, d := range s.dimensions {
		dimensions[i] = types.Dimension{Name: aws.String(d.Name), Value: aws.String(d.Value)}
	}
	return types.MetricDatum{
		MetricName: aws.String(metricKinds[s.metric].name), Unit: metricKinds[s.metric].unit, Timestamp: &timestamp, Dimensions: dimensions,
		StatisticValues: &types.StatisticSet{
			SampleCount: aws.Float64(float64(s.statistic.count)), Sum: aws.Float64(float64(s.statistic.sum) / scale),
			Minimum: aws.Float64(float64(s.statistic.min) / scale), Maximum: aws.Float64(float64(s.statistic.max) / scale),
		},
	}
}
