package kpl

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"
)

const (
	collectionCountKey = "CollectionMaxCount"
	// collectionCountLimit is how many Kinesis records one PutRecords takes, by the service.
	collectionCountLimit = 500
	dimensionsKey        = "AdditionalMetricsDimensions"
	unbounded            = math.MaxInt64
)

var (
	hostPattern   = regexp.MustCompile(`^([A-Za-z0-9\-.]+)?$`)
	regionPattern = regexp.MustCompile(`^([a-z]+-([a-z]+-)?[a-z]+-[0-9])?$`)
	none          binding
)

// The KPL's own spelling of the patterns, for its messages.
const (
	hostPatternText      = `^([A-Za-z0-9-\.]+)?$`
	regionPatternText    = `^([a-z]+-([a-z]+-)?[a-z]+-[0-9])?$`
	namespacePatternText = `(?!AWS/).{1,255}`
)

// configKeys are all keys of KinesisProducerConfiguration of the KPL 1.0.7, in alphabetical order, then our own.
var configKeys = []configKey{
	boolKey("AggregationEnabled", true, truth("AggregationEnabled", func(c *Config) *bool { return &c.AggregationEnabled }),
		"Packs user records of one shard into one Kinesis record. Off: each user record is one Kinesis record."),
	longKey("AggregationMaxCount", "", 4294967295, 1, unbounded, whole("AggregationMaxCount", func(c *Config) *int64 { return &c.AggregationMaxCount }),
		"User records in one Kinesis record."),
	longKey("AggregationMaxSize", "bytes", 51200, 64, 10485760, whole("AggregationMaxSizeBytes", func(c *Config) *int { return &c.AggregationMaxSizeBytes }),
		"Size of one Kinesis record. A larger user record goes alone."),
	textKey("CaCertFile", "", text("CACertFile", func(c *Config) *string { return &c.CACertFile }),
		"PEM file with the certificate authorities to trust. Empty: the system's."),
	textKey("CaCertPath", "", text("CACertPath", func(c *Config) *string { return &c.CACertPath }),
		"Directory of such files. With CaCertFile too, both are trusted."),
	endpointKey("CloudwatchEndpoint", "CloudWatch", "CloudwatchPort", text("CloudWatchEndpoint", func(c *Config) *string { return &c.CloudWatchEndpoint })),
	longKey("CloudwatchPort", "", 443, 1, 65535, whole("CloudWatchPort", func(c *Config) *int { return &c.CloudWatchPort }),
		"Port of CloudwatchEndpoint; only with it, and only if it names no port itself."),
	longKey(collectionCountKey, "", collectionCountLimit, 1, collectionCountLimit, whole("CollectionMaxCount", func(c *Config) *int { return &c.CollectionMaxCount }),
		"Kinesis records in one PutRecords request. More than 500 is taken as 500, with a warning (the KPL refuses it)."),
	longKey("CollectionMaxSize", "bytes", 5242880, 52224, unbounded, whole("CollectionMaxSizeBytes", func(c *Config) *int64 { return &c.CollectionMaxSizeBytes }),
		"Sum of data and partition keys of one PutRecords request. A larger record goes alone."),
	longKey("ConnectTimeout", "ms", 6000, 100, 300000, millis("ConnectTimeout", func(c *Config) *time.Duration { return &c.ConnectTimeout }),
		"Bound of the TCP connect and, anew, of the TLS handshake."),
	longKey("CredentialsRefreshDelay", "ms", 5000, 1, 300000, none,
		"How often the KPL hands credentials to its daemon. Here they are renewed before they expire, and asked for every 5 s if they do not say when.").without(daemonOnly),
	longKey("DaemonHealthCheckTimeoutMs", "ms", 30000, 5000, unbounded, none, "Silence after which the KPL restarts its daemon.").
		saying("", func(n int64) string {
			return fmt.Sprintf("daemonHealthCheckTimeoutMs must be at least 5000ms, got %d", n)
		}).without(daemonOnly),
	boolKey("EnableCoreDumps", false, none, "Core dumps of the daemon.").without(daemonOnly),
	boolKey("EnableDaemonHealthCheck", false, none, "Health checks of the daemon.").without(daemonOnly),
	boolKey("EnableOldestFutureTracker", true, none, "Bookkeeping of the KPL's Java part.").without(daemonOnly),
	boolKey("FailIfThrottled", false, truth("FailIfThrottled", func(c *Config) *bool { return &c.FailIfThrottled }),
		"Fails a record at once when the service answers ProvisionedThroughputExceededException, instead of trying again."),
	textKey("GlueSchemaRegistryPropertiesFilePath", "", none, "Settings of the Glue schema registry. Not supported: records would silently lack their schema header.").without(refused),
	endpointKey("KinesisEndpoint", "Kinesis", "KinesisPort", text("KinesisEndpoint", func(c *Config) *string { return &c.KinesisEndpoint })),
	longKey("KinesisPort", "", 443, 1, 65535, whole("KinesisPort", func(c *Config) *int { return &c.KinesisPort }),
		"Port of KinesisEndpoint; only with it, and only if it names no port itself."),
	wordKey("LogLevel", "info", "trace|debug|info|warning|error", text("LogLevel", func(c *Config) *string { return &c.LogLevel }),
		"Least severe messages of the producer that are logged. Lower case only."),
	longKey("MaxConnections", "", 24, 1, 256, whole("MaxConnections", func(c *Config) *int { return &c.MaxConnections }),
		"HTTP connections to Kinesis, and as many to CloudWatch: the bound of requests in flight."),
	longKey("MaxUserRecordSize", "bytes", 1048576, 64, 10485760, whole("MaxUserRecordSizeBytes", func(c *Config) *int { return &c.MaxUserRecordSizeBytes }),
		"Largest data of a user record. The stream's own limit, 1 MiB unless raised, includes the partition key."),
	wordKey("MetricsGranularity", string(GranularityShard), "global|stream|shard", text("MetricsGranularity", func(c *Config) *MetricsGranularity { return &c.MetricsGranularity }),
		"How finely metrics are split; the coarser ones always come along."),
	wordKey("MetricsLevel", string(MetricsDetailed), "none|summary|detailed", text("MetricsLevel", func(c *Config) *MetricsLevel { return &c.MetricsLevel }),
		"Which metrics are uploaded. none: no call to CloudWatch at all."),
	textKey("MetricsNamespace", "KinesisProducerLibrary", text("MetricsNamespace", func(c *Config) *string { return &c.MetricsNamespace }),
		"CloudWatch namespace.").matching(namespacePatternText, namespaceFits, func(string) string {
		return "give a name of 1 to 255 characters that does not begin with AWS/"
	}),
	longKey("MetricsUploadDelay", "ms", 60000, 1, 60000, millis("MetricsUploadDelay", func(c *Config) *time.Duration { return &c.MetricsUploadDelay }),
		"Time between two uploads of metrics."),
	longKey("MinConnections", "", 1, 1, 16, none, "Used nowhere in the KPL either.").without(daemonOnly),
	textKey("NativeExecutable", "", none, "Path of another daemon.").without(daemonOnly),
	textKey("ProxyHost", "", text("ProxyHost", func(c *Config) *string { return &c.ProxyHost }),
		"HTTP proxy for Kinesis and CloudWatch: a host, or http(s)://host. Empty: HTTPS_PROXY, HTTP_PROXY and NO_PROXY of the environment decide.").
		matching("a host, or http(s)://host", func(s string) bool { return s == "" || proxyProblem(s) == "" }, proxyProblem),
	textKey("ProxyPassword", "", text("ProxyPassword", func(c *Config) *string { return &c.ProxyPassword }), "Password for the proxy."),
	longKey("ProxyPort", "", 443, 1, 65535, whole("ProxyPort", func(c *Config) *int { return &c.ProxyPort }), "Port of the proxy.").saying("Proxy port", nil),
	textKey("ProxyUserName", "", text("ProxyUserName", func(c *Config) *string { return &c.ProxyUserName }), "User for the proxy. Empty: none."),
	longKey("RateLimit", "percent", 150, 1, unbounded, whole("RateLimitPercent", func(c *Config) *int64 { return &c.RateLimitPercent }),
		"What this producer sends to one shard, of 1000 records/s and 1 MiB/s."),
	longKey("RecordMaxBufferedTime", "ms", 100, 0, unbounded, millis("RecordMaxBufferedTime", func(c *Config) *time.Duration { return &c.RecordMaxBufferedTime }),
		"How long a record may wait for company. 0: leaves at once. Above 9223372036854: until a limit is reached or it is flushed (the KPL overflows there)."),
	longKey("RecordTtl", "ms", 30000, 100, unbounded, millis("RecordTTL", func(c *Config) *time.Duration { return &c.RecordTTL }),
		"When a record that is not stored yet fails as Expired. Above 9223372036854: never (the KPL overflows there and fails at once)."),
	textKey("Region", "", text("Region", func(c *Config) *string { return &c.Region }),
		"AWS region. Empty: AWS_REGION, the profile, then EC2 instance metadata (the KPL asks the latter only).").
		matching(regionPatternText, regionPattern.MatchString, func(string) string { return "give a region such as us-east-1" }),
	wordKey("RecordDistributionStrategyDefault", "USER_PARTITION_KEY", "AUTO|USER_PARTITION_KEY",
		text("RecordDistributionStrategyDefault", func(c *Config) *string { return &c.RecordDistributionStrategyDefault }),
		"How a stream is taken to distribute its records where kinesis:DescribeStreamSummary does not tell. AUTO (the service distributes them): no aggregation and no prediction. The KPL knows the key after 1.0.7.").own(),
	longKey("RequestTimeout", "ms", 6000, 100, 600000, millis("RequestTimeout", func(c *Config) *time.Duration { return &c.RequestTimeout }),
		"Deadline of one request, from when it has a connection slot to the end of the answer (in the KPL the time without any byte moving)."),
	boolKey("ReturnUserRecordOnFailure", false, none, "A copy of the record in the failure; here the caller has it.").without(daemonOnly),
	textKey("StsEndpoint", "", none, "Used by the KPL 0.15.0 to 1.0.4 only.").matching(hostPatternText, hostPattern.MatchString, hostRemedy).without(daemonOnly),
	longKey("StsPort", "", 443, 1, 65535, none, "Used by the KPL 0.15.0 to 1.0.4 only.").saying("kinesisPort", nil).without(daemonOnly),
	textKey("TempDirectory", "", none, "Where the KPL unpacks its daemon.").without(daemonOnly),
	wordKey("ThreadingModel", "PER_REQUEST", "PER_REQUEST|POOLED", none, "Threads of the daemon.").without(daemonOnly),
	{name: "ThreadPoolSize", kind: kindInt, max: math.MaxInt32, effect: daemonOnly, doc: "Threads of the daemon."},
	longKey("UserRecordTimeoutInMillis", "ms", 0, 0, unbounded, millis("UserRecordTimeout", func(c *Config) *time.Duration { return &c.UserRecordTimeout }),
		"How long a result is waited for; the record itself goes on. 0: without bound.").
		saying("", func(int64) string { return "Timeout value must greater than or equal to 0" }),
	boolKey("VerifyCertificate", true, truth("VerifyCertificate", func(c *Config) *bool { return &c.VerifyCertificate }),
		"false accepts any certificate and host name; the connection is TLS all the same."),

	{name: "CredentialsProvider", kind: kindOther, effect: notByText, doc: "Credentials are given by the connection, not as text."},
	{name: "MetricsCredentialsProvider", kind: kindOther, effect: notByText, doc: "Credentials are given by the connection, not as text."},
	{name: "GlueSchemaRegistryConfiguration", kind: kindOther, effect: refused, doc: "See GlueSchemaRegistryPropertiesFilePath."},
	{name: "GlueSchemaRegistryCredentialsProvider", kind: kindOther, effect: refused, doc: "See GlueSchemaRegistryPropertiesFilePath."},

	textKey(dimensionsKey, "", dimensionsBinding(),
		"Dimensions on all metrics, as `name=value@granularity`, separated by commas; granularity is global, stream or shard and may be left out for global.").
		matching("name=value[@global|@stream|@shard],…", func(s string) bool { _, words := parseDimensions(s); return words == "" },
			func(s string) string { _, words := parseDimensions(s); return words }).own(),
	longKey("MaxOutstandingBytes", "bytes", 64<<20, 1, unbounded, whole("MaxOutstandingBytes", func(c *Config) *int64 { return &c.MaxOutstandingBytes }),
		"Data of the records whose result is not known yet; beyond it a put waits.").own(),
	longKey("MaxOutstandingRecords", "", 200000, 1, unbounded, whole("MaxOutstandingRecords", func(c *Config) *int64 { return &c.MaxOutstandingRecords }),
		"Records whose result is not known yet; beyond it a put waits.").own(),
	boolKey("StrictOrder", false, truth("StrictOrder", func(c *Config) *bool { return &c.StrictOrder }),
		"Stores the records of a partition key in the order of the puts, also under retries and resharding: one batch at a time is under way to a shard.").own(),
}

func endpointKey(name, service, port string, b binding) configKey {
	return textKey(name, "", b, "Where "+service+" is: a host name or IPv4 address (TLS, port "+port+"), or a URL http(s)://host:port (without a port: "+port+", and with http 80 when that is 443). Empty: AWS, by region.").
		matching(hostPatternText, func(s string) bool { return endpointProblem(s) == "" }, func(s string) string {
			return endpointProblem(s) + "; give a host name or IPv4 address with the port in " + port + ", or a URL such as http://localhost:4566"
		})
}

func hostRemedy(string) string {
	return "give a host name or IPv4 address without scheme, port and path"
}

func proxyProblem(s string) string { _, problem := proxyURL(s, defaultPort); return problem }

func namespaceFits(s string) bool {
	n := len([]rune(s))
	return n >= 1 && n <= 255 && !strings.HasPrefix(s, "AWS/") && !strings.ContainsAny(s, "\n\r")
}
