package kpl

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"go.uber.org/zap"
)

// Config says how a Producer works. Start from DefaultConfig and change what is needed, or read one with ParseProperties or
// ParsePairs; the zero Config is not valid. Each field names the key of the KPL it stands for, where that differs from its name;
// docs/kpl-configuration.md lists all keys with their ranges.
type Config struct {
	// Region such as us-east-1. Empty: what the AWS SDK finds in environment and profile, else in EC2 instance metadata
	// (the KPL looks at the latter only).
	Region string
	// KinesisEndpoint is empty for AWS, a host name or IPv4 address as the KPL takes it (then TLS to KinesisPort), or a URL
	// http://host:port or https://host:port.
	KinesisEndpoint string
	// KinesisPort, 1 to 65535, counts only with a KinesisEndpoint that has no port of its own.
	KinesisPort int
	// CloudWatchEndpoint is for metrics what KinesisEndpoint is for records (key CloudwatchEndpoint).
	CloudWatchEndpoint string
	// CloudWatchPort is for metrics what KinesisPort is for records (key CloudwatchPort).
	CloudWatchPort int

	// Credentials sign the requests to Kinesis; nil: the AWS SDK's default chain. They are cached and renewed before they expire.
	Credentials aws.CredentialsProvider
	// MetricsCredentials sign the requests to CloudWatch; nil: the same as Credentials.
	MetricsCredentials aws.CredentialsProvider

	// AggregationEnabled packs user records of one shard into one Kinesis record.
	AggregationEnabled bool
	// AggregationMaxCount, at least 1, bounds the user records of one Kinesis record.
	AggregationMaxCount int64
	// AggregationMaxSizeBytes, 64 to 10485760, bounds one Kinesis record; a larger user record goes alone (key AggregationMaxSize).
	AggregationMaxSizeBytes int

	// CollectionMaxCount, 1 to 500, bounds the Kinesis records of one PutRecords request.
	CollectionMaxCount int
	// CollectionMaxSizeBytes, at least 52224, bounds data and partition keys of one request (key CollectionMaxSize).
	CollectionMaxSizeBytes int64

	// RecordMaxBufferedTime, at least 0, is how long a record may wait for company. The largest Duration: until a size or count
	// limit is reached or Flush is called.
	RecordMaxBufferedTime time.Duration
	// RecordTTL, at least 100 ms, is when a record that is not stored yet fails as Expired (key RecordTtl). The largest Duration: never.
	RecordTTL time.Duration
	// RateLimitPercent, at least 1, of a shard's 1000 records/s and 1 MiB/s is what this producer sends to it (key RateLimit).
	RateLimitPercent int64
	// FailIfThrottled fails a record on its first ProvisionedThroughputExceededException instead of trying again.
	FailIfThrottled bool
	// StrictOrder stores the records of a partition key and hash key in the order in which they were put, also when some have to be sent
	// again and when the stream is resharded: one batch at a time is under way to a shard, and what fails of it goes first in the next. A
	// record that fails for good leaves a gap. The order is that of the first copies: one that is stored again, see Producer.Duplicates,
	// comes later too. It cannot hold where the service distributes the records (AUTO), nor if the service stores a request after it was
	// given up. Without aggregation the records of a key go one in a round trip. Not in the KPL.
	StrictOrder bool
	// RecordDistributionStrategyDefault, USER_PARTITION_KEY or AUTO, is taken for the strategy of a stream where DescribeStreamSummary
	// does not tell.
	RecordDistributionStrategyDefault string

	// MaxConnections, 1 to 256, bounds the HTTP connections, and so the requests in flight, of each of the two services.
	MaxConnections int
	// ConnectTimeout, 100 ms to 300 s, bounds the TCP connect and, anew, the TLS handshake.
	ConnectTimeout time.Duration
	// RequestTimeout, 100 ms to 600 s, is the deadline of one request, from when it has its connection slot to the end of the answer.
	RequestTimeout time.Duration

	// MaxUserRecordSizeBytes, 64 to 10485760, bounds the data of a user record at Put (key MaxUserRecordSize).
	MaxUserRecordSizeBytes int
	// UserRecordTimeout, at least 0, bounds how long a result is waited for; 0: no bound (key UserRecordTimeoutInMillis).
	UserRecordTimeout time.Duration

	// VerifyCertificate false accepts any certificate and host name; the connection is TLS all the same.
	VerifyCertificate bool
	// CACertFile is a PEM file whose certificates are trusted instead of the system's (key CaCertFile).
	CACertFile string
	// CACertPath is a directory of such files (key CaCertPath). With both set, the certificates of both are trusted.
	CACertPath string
	// ProxyHost is an HTTP proxy for both services, a host or http(s)://host. Empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY decide.
	ProxyHost string
	// ProxyPort, 1 to 65535, counts only with ProxyHost.
	ProxyPort int
	// ProxyUserName and ProxyPassword are for the proxy of ProxyHost; empty: none.
	ProxyUserName, ProxyPassword string

	// MetricsLevel says which metrics go to CloudWatch. MetricsNone makes no client and no call.
	MetricsLevel MetricsLevel
	// MetricsGranularity says how finely they are split.
	MetricsGranularity MetricsGranularity
	// MetricsNamespace is the CloudWatch namespace, 1 to 255 characters that do not begin with AWS/.
	MetricsNamespace string
	// MetricsUploadDelay, 1 ms to 60 s, is the time between two uploads.
	MetricsUploadDelay time.Duration
	// AdditionalDimensions are put on all metrics of their granularity or finer, as addAdditionalMetricsDimension of the KPL does.
	AdditionalDimensions []Dimension

	// LogLevel is trace, debug, info, warning or error: the least severe level that Logger is given.
	LogLevel string

	// MaxOutstandingRecords, at least 1, bounds the records whose result is not given yet; Put blocks beyond. Not in the KPL.
	MaxOutstandingRecords int64
	// MaxOutstandingBytes, at least 1, bounds the data of those records. Not in the KPL.
	MaxOutstandingBytes int64

	// OnDuplicate, if set, is told of each possible duplicate as Producer.Duplicates lists it, from any goroutine of the producer, before
	// the record's result is given. It must not block, nor call the producer.
	OnDuplicate func(Duplicate)
	// OnRequest, if set, is told of each PutRecords request that has ended, from any goroutine of the producer, before the results of its
	// records are given. It must not block, nor call the producer. It is for tracing: Attempt.Request says which request an attempt was.
	OnRequest func(Request)
	// Logger gets what the producer has to say; nil: nothing.
	Logger *zap.Logger
	// API, if set, is used in place of a client made from the above. The producer then neither bounds its connections nor closes it,
	// and metrics go nowhere unless MetricsAPI or CloudWatchEndpoint is set too.
	API API
	// MetricsAPI, if set, is used in place of a CloudWatch client made from the above.
	MetricsAPI MetricsAPI
}

// API is what the producer needs of Kinesis. *kinesis.Client has it. One that has DescribeStreamSummary too, as *kinesis.Client does, is
// asked how a stream distributes its records.
type API interface {
	PutRecords(context.Context, *kinesis.PutRecordsInput, ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error)
	ListShards(context.Context, *kinesis.ListShardsInput, ...func(*kinesis.Options)) (*kinesis.ListShardsOutput, error)
}

// MetricsAPI is what the upload of metrics needs of CloudWatch. *cloudwatch.Client has it.
type MetricsAPI interface {
	PutMetricData(context.Context, *cloudwatch.PutMetricDataInput, ...func(*cloudwatch.Options)) (*cloudwatch.PutMetricDataOutput, error)
}

// MetricsLevel selects metrics by importance.
type MetricsLevel string

// The levels of the KPL, each including the one before.
const (
	MetricsNone     MetricsLevel = "none"
	MetricsSummary  MetricsLevel = "summary"
	MetricsDetailed MetricsLevel = "detailed"
)

// MetricsGranularity selects how finely metrics are split.
type MetricsGranularity string

// The granularities of the KPL, each including the one before.
const (
	GranularityGlobal MetricsGranularity = "global"
	GranularityStream MetricsGranularity = "stream"
	GranularityShard  MetricsGranularity = "shard"
)

// Dimension is a CloudWatch dimension.
type Dimension struct {
	Name, Value string
	// Granularity is where in the path name, global, stream, shard the dimension stands.
	Granularity MetricsGranularity
}

// DefaultConfig is the configuration of the KPL when nothing is set, and bounds of 200,000 records and 64 MiB outstanding.
func DefaultConfig() Config {
	var c Config
	for i := range configKeys {
		if k := &configKeys[i]; k.set != nil {
			k.set(&c, k.fallback)
		}
	}
	return c
}

// Validate checks every field against the ranges and patterns of its key. The error is a ConfigErrors with all that is wrong.
func (c Config) Validate() error {
	var errs ConfigErrors
	for i := range configKeys {
		k := &configKeys[i]
		if k.get == nil {
			continue
		}
		v := k.get(&c)
		if words, remedy := k.check(v); words != "" {
			errs = append(errs, &ConfigError{
				Pos: "kpl.Config." + k.field, Key: k.name, Value: k.shown(v), Allowed: k.allowed(), Problem: words, Remedy: remedy,
			})
		}
	}
	if words := dimensionsProblem(c.AdditionalDimensions); words != "" {
		errs = append(errs, &ConfigError{Pos: "kpl.Config.AdditionalDimensions", Key: dimensionsKey, Problem: words})
	}
	if len(errs) > 0 {
		return errs
	}
	return nil
}
