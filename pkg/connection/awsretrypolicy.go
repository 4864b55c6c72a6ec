package connection

import (
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"

	"github.com/adapterd/adapterd/pkg/component"
)

// RetryPolicy is what <retry-policy> takes.
type RetryPolicy interface {
	// retryer decides on failed requests, and on records of a request that failed by themselves. maxErrorRetry is that of the client
	// configuration; negative when it gives none.
	retryer(maxErrorRetry int) aws.Retryer
}

// The predefined policies of the AWS SDK that Interlok uses (com.amazonaws.retry.PredefinedRetryPolicies).
const (
	policyDefault, policyDynamoDB, policyNone = "DEFAULT", "DYNAMO_DB", "NONE"

	retriesDefault, retriesDynamoDB = 3, 10
	delayDefault, delayDynamoDB     = 100 * time.Millisecond, 25 * time.Millisecond
	delayThrottled                  = 500 * time.Millisecond
	longestDelay                    = 20 * time.Second
)

// retriedCodes are what services answer that had a fault of their own, also for one record of many, besides those that the SDK knows.
var retriedCodes = retry.RetryableErrorCode{Codes: map[string]struct{}{
	"InternalFailure": {}, "InternalError": {}, "InternalServerError": {}, "InternalFailureException": {}, "ServiceUnavailable": {},
	"ServiceUnavailableException": {}, "RequestThrottled": {}, "KMSThrottlingException": {}, "KmsThrottled": {}, "LimitExceededException": {},
}}

// throttledCodes ask for less.
var throttledCodes = retry.ThrottleErrorCode{Codes: map[string]struct{}{"RequestThrottled": {}, "KMSThrottlingException": {}, "KmsThrottled": {}, "LimitExceededException": {}}}

// DefaultRetryPolicy is one of the policies that the AWS SDK has.
type DefaultRetryPolicy struct {
	Policy string `xml:"retry-policy" default:"DEFAULT" enum:"DEFAULT,DYNAMO_DB,NONE" doc:"DEFAULT tries 3 times again, DYNAMO_DB 10 times, unless MaxErrorRetry of the client-configuration says how often; NONE never"`
}

func (p *DefaultRetryPolicy) retryer(maxErrorRetry int) aws.Retryer {
	switch p.Policy {
	case policyNone:
		return aws.NopRetryer{}
	case policyDynamoDB:
		return newRetryer(maxErrorRetry, retriesDynamoDB, delayDynamoDB)
	}
	return newRetryer(maxErrorRetry, retriesDefault, delayDefault)
}

// RetryNotFoundPolicy is the default policy, and tries again too what is not there (yet): HTTP status 404.
type RetryNotFoundPolicy struct{}

func (*RetryNotFoundPolicy) retryer(maxErrorRetry int) aws.Retryer {
	notFound := retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusNotFound: {}}}
	return newRetryer(maxErrorRetry, retriesDefault, delayDefault, notFound)
}

// newRetryer tries again what heals by itself, as often as the configuration or else the policy says.
func newRetryer(configured, retries int, delay time.Duration, more ...retry.IsErrorRetryable) aws.Retryer {
	if configured >= 0 {
		retries = configured
	}
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = retries + 1
		o.MaxBackoff = longestDelay
		// The policy alone says how often; a message that fails for want of tokens would look like a fault of the service.
		o.RateLimiter = ratelimit.None
		o.Retryables = append(append(o.Retryables, retriedCodes, retry.IsErrorRetryableFunc(cutShort)), more...)
		o.Throttles = append(o.Throttles, throttledCodes)
		throttles := retry.IsErrorThrottles(o.Throttles)
		o.Backoff = retry.BackoffDelayerFunc(func(attempt int, err error) (time.Duration, error) {
			if throttles.IsErrorThrottle(err) == aws.TrueTernary {
				half := ceiling(delayThrottled, attempt) / 2
				return half + rand.N(half), nil //nolint:gosec // spreads load; nobody gains by guessing it
			}
			return rand.N(ceiling(delay, attempt)), nil //nolint:gosec // spreads load; nobody gains by guessing it
		})
	})
}

// cutShort are answers that ended in the middle, which the SDK takes for nonsense of the service.
func cutShort(err error) aws.Ternary {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// ceiling is the longest delay after an attempt, counted from 1 (com.amazonaws.retry.PredefinedBackoffStrategies).
func ceiling(delay time.Duration, attempt int) time.Duration {
	for range attempt - 1 {
		if delay *= 2; delay >= longestDelay {
			return longestDelay
		}
	}
	return delay
}

func init() {
	component.Register[DefaultRetryPolicy]("aws-default-retry-policy-factory", "com.adaptris.aws.DefaultRetryPolicyFactory", component.KindPart,
		"tries failed requests again as the AWS SDK does")
	component.Register[RetryNotFoundPolicy]("aws-retry-not-found-policy-factory", "com.adaptris.aws.RetryNotFoundPolicyFactory", component.KindPart,
		"tries failed requests again, also what is not found")
}
