package kpl

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// propertiesCase is a properties text and what must become of it. err is words of the one error; else warning, if any, is words of the one
// warning, and value says whether the configuration is as it should be.
type propertiesCase struct {
	properties, err, warning string
	holds                    func(Config) bool
}

func checkProperties(t *testing.T, cases []propertiesCase) {
	t.Helper()
	for _, c := range cases {
		got, warnings, err := ParseProperties("kpl.properties", strings.NewReader(c.properties))
		if c.err != "" {
			var all ConfigErrors
			if !errors.As(err, &all) || len(all) != 1 || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%.60q: error %v, want one with %q", c.properties, err, c.err)
			}
			continue
		}
		texts := warningTexts(warnings)
		switch {
		case err != nil:
			t.Errorf("%.60q: %v", c.properties, err)
		case c.warning == "" && len(texts) > 0, c.warning != "" && (len(texts) != 1 || !strings.Contains(texts[0], c.warning)):
			t.Errorf("%.60q: warnings %q, want %q", c.properties, texts, c.warning)
		case c.holds != nil && !c.holds(got):
			t.Errorf("%.60q: not in effect: %+v", c.properties, got)
		}
	}
}

func TestC01EmptyPropertiesGiveTheDefaults(t *testing.T) {
	t.Parallel()
	want := Config{
		KinesisPort: 443, CloudWatchPort: 443,
		AggregationEnabled: true, AggregationMaxCount: 4294967295, AggregationMaxSizeBytes: 51200,
		CollectionMaxCount: 500, CollectionMaxSizeBytes: 5242880,
		RecordMaxBufferedTime: 100 * time.Millisecond, RecordTTL: 30 * time.Second, RateLimitPercent: 150,
		MaxConnections: 24, ConnectTimeout: 6 * time.Second, RequestTimeout: 6 * time.Second, MaxUserRecordSizeBytes: 1048576,
		VerifyCertificate: true, ProxyPort: 443,
		MetricsLevel: MetricsDetailed, MetricsGranularity: GranularityShard, MetricsNamespace: "KinesisProducerLibrary", MetricsUploadDelay: time.Minute,
		LogLevel: "info",
		// Not in the KPL, or after 1.0.7.
		MaxOutstandingRecords: 200000, MaxOutstandingBytes: 64 << 20, RecordDistributionStrategyDefault: "USER_PARTITION_KEY",
	}
	for _, text := range []string{"", "\n# nothing\n! set\n"} {
		got, warnings := parse(t, text)
		if diff := cmp.Diff(want, got); diff != "" || len(warnings) > 0 {
			t.Errorf("%q: warnings %q, (-want +got):\n%s", text, warnings, diff)
		}
	}
}

// The KPL refuses the value, which its own README has in an example.
func TestC02CollectionMaxCountAbove500IsClampedWithAWarning(t *testing.T) {
	t.Parallel()
	parsed, warnings := parse(t, "CollectionMaxCount=1000\n")
	want := []string{"warning kpl.properties:1:20: CollectionMaxCount=1000 is above the limit of 500 records in one request; 500 is used"}
	if diff := cmp.Diff(want, warnings); diff != "" || parsed.CollectionMaxCount != 500 {
		t.Errorf("%d in effect; warnings (-want +got):\n%s", parsed.CollectionMaxCount, diff)
	}
	change := func(c *Config) { c.CollectionMaxCount, c.AggregationEnabled = parsed.CollectionMaxCount, false }
	onReadyMap(t, 1, change, func(t *testing.T, f *fakeKinesis, b *bench) {
		for i := range 1600 {
			b.putOne(fmt.Sprint(i), "", 1)
		}
		b.close()
		if sizes := f.sizes(); slices.Max(sizes) != 500 || len(f.stored) != 1600 {
			t.Errorf("requests of %v records, %d stored", sizes, len(f.stored))
		}
	})
}

func TestC03KeysAreCaseSensitive(t *testing.T) {
	t.Parallel()
	checkProperties(t, []propertiesCase{{
		properties: "collectionMaxCount=5\n",
		warning:    "Property collectionMaxCount ignored as there is no corresponding set method in KinesisProducerConfiguration; did you mean CollectionMaxCount?",
		holds:      func(c Config) bool { return c.CollectionMaxCount == 500 },
	}})
}

// The KPL takes everything but "true" for false, "true " with a blank and "yes" too, without a word.
func TestC04BooleansAreTrueOrFalse(t *testing.T) {
	t.Parallel()
	on := func(c Config) bool { return c.AggregationEnabled }
	off := func(c Config) bool { return !c.AggregationEnabled }
	checkProperties(t, []propertiesCase{
		{properties: "AggregationEnabled=TRUE\n", holds: on},
		{properties: "AggregationEnabled=false\n", holds: off},
		{properties: "AggregationEnabled=true \n", warning: "blanks around the value of AggregationEnabled are dropped", holds: on},
		{properties: "AggregationEnabled=yes\n", err: `"yes" is neither true nor false`},
	})
}

func TestC05NumbersAreDecimal(t *testing.T) {
	t.Parallel()
	checkProperties(t, []propertiesCase{
		{properties: "CollectionMaxCount=+50\n", holds: func(c Config) bool { return c.CollectionMaxCount == 50 }},
		{properties: "CollectionMaxCount=\n", err: "there is no value"},
		{properties: "CollectionMaxCount=5_0\n", err: `"5_0" is not a whole number`},
		{properties: "CollectionMaxCount=0x10\n", err: `"0x10" is not a whole number`},
		{properties: "CollectionMaxCount=5.0\n", err: `"5.0" is not a whole number`},
	})
}

func TestC06LogLevelsAreThoseOfTheKPL(t *testing.T) {
	t.Parallel()
	const words = "logLevel must match the pattern trace|debug|info|warning|error, got "
	cases := []propertiesCase{{properties: "LogLevel=warn\n", err: words + "warn"}, {properties: "LogLevel=INFO\n", err: words + "INFO"}}
	for _, level := range []string{"trace", "debug", "info", "warning", "error"} {
		cases = append(cases, propertiesCase{properties: "LogLevel=" + level + "\n", holds: func(c Config) bool { return c.LogLevel == level }})
	}
	checkProperties(t, cases)
}

// The KPL takes no URL: it knows TLS alone.
func TestC07EndpointsAreHostsOrURLs(t *testing.T) {
	t.Parallel()
	var cases []propertiesCase
	for endpoint, url := range map[string]string{
		"localhost": "https://localhost:443", "10.0.0.1": "https://10.0.0.1:443", "": "", "http://localhost:4566": "http://localhost:4566",
	} {
		cases = append(cases, propertiesCase{properties: "KinesisEndpoint=" + endpoint + "\n", holds: func(c Config) bool {
			return c.KinesisEndpoint == endpoint && endpointURL(c.KinesisEndpoint, c.KinesisPort) == url
		}})
	}
	for _, endpoint := range []string{"my_host", "localhost:4566", "localhost/", "::1"} {
		cases = append(cases, propertiesCase{properties: "KinesisEndpoint=" + endpoint + "\n",
			err: "kinesisEndpoint must match the pattern ^([A-Za-z0-9-\\.]+)?$, got " + endpoint})
	}
	checkProperties(t, cases)
}

func TestC08RegionsMatchThePattern(t *testing.T) {
	t.Parallel()
	var cases []propertiesCase
	for _, region := range []string{"", "us-east-1", "us-gov-west-1", "eusc-de-east-1"} {
		cases = append(cases, propertiesCase{properties: "Region=" + region + "\n", holds: func(c Config) bool { return c.Region == region }})
	}
	for _, region := range []string{"us-east-1a", "US-EAST-1"} {
		cases = append(cases, propertiesCase{properties: "Region=" + region + "\n",
			err: "region must match the pattern ^([a-z]+-([a-z]+-)?[a-z]+-[0-9])?$, got " + region})
	}
	checkProperties(t, cases)
}

func TestC09NamespacesHaveOneTo255Characters(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 255)
	const words = "metricsNamespace must match the pattern (?!AWS/).{1,255}, got "
	checkProperties(t, []propertiesCase{
		{properties: "MetricsNamespace=" + long + "\n", holds: func(c Config) bool { return c.MetricsNamespace == long }},
		{properties: "MetricsNamespace=" + long + "n\n", err: words + long + "n"},
		{properties: "MetricsNamespace=\n", err: words},
		{properties: "MetricsNamespace=AWS/x\n", err: words + "AWS/x"},
	})
}

// numericKeys are the KPL's keys for numbers with their bounds, and what its messages call them or say instead.
var numericKeys = []struct {
	key      string
	min, max int64
	words    string
}{
	{"AggregationMaxCount", 1, math.MaxInt64, "aggregationMaxCount"}, {"AggregationMaxSize", 64, 10485760, "aggregationMaxSize"},
	{"CloudwatchPort", 1, 65535, "cloudwatchPort"}, {"CollectionMaxCount", 1, 500, "collectionMaxCount"},
	{"CollectionMaxSize", 52224, math.MaxInt64, "collectionMaxSize"}, {"ConnectTimeout", 100, 300000, "connectTimeout"},
	{"CredentialsRefreshDelay", 1, 300000, "credentialsRefreshDelay"}, {"KinesisPort", 1, 65535, "kinesisPort"},
	{"MaxConnections", 1, 256, "maxConnections"}, {"MaxUserRecordSize", 64, 10485760, "maxUserRecordSize"},
	{"MetricsUploadDelay", 1, 60000, "metricsUploadDelay"}, {"MinConnections", 1, 16, "minConnections"}, {"ProxyPort", 1, 65535, "Proxy port"},
	{"RateLimit", 1, math.MaxInt64, "rateLimit"}, {"RecordMaxBufferedTime", 0, math.MaxInt64, "recordMaxBufferedTime"},
	{"RecordTtl", 100, math.MaxInt64, "recordTtl"}, {"RequestTimeout", 100, 600000, "requestTimeout"}, {"StsPort", 1, 65535, "kinesisPort"},
	{"ThreadPoolSize", 0, math.MaxInt32, "threadPoolSize"},
	{"DaemonHealthCheckTimeoutMs", 5000, math.MaxInt64, "daemonHealthCheckTimeoutMs must be at least 5000ms, got 4999"},
	{"UserRecordTimeoutInMillis", 0, math.MaxInt64, "Timeout value must greater than or equal to 0"},
}

func TestC10NumbersHaveTheBoundsOfTheKPL(t *testing.T) {
	t.Parallel()
	_, vectors := readConfigVectors(t)
	compared := 0
	for _, k := range numericKeys {
		below := fmt.Sprintf("%s must be between %d and %d, got %d", k.words, k.min, k.max, k.min-1)
		if strings.Contains(k.words, " must ") {
			below = k.words
		}
		var above string
		switch k.max {
		case math.MaxInt64:
			above = fmt.Sprintf("%d is too large for a number of 64 bits", uint64(k.max)+1)
		case math.MaxInt32:
			above = fmt.Sprintf("%d is too large for a number of 32 bits", k.max+1)
		default:
			above = fmt.Sprintf("%s must be between %d and %d, got %d", k.words, k.min, k.max, k.max+1)
		}
		for _, c := range []struct {
			value uint64
			below bool
			err   string
		}{{uint64(k.min), false, ""}, {uint64(k.max), false, ""}, {uint64(k.min - 1), true, below}, {uint64(k.max) + 1, false, above}} {
			text := strconv.FormatUint(c.value, 10)
			if c.below {
				text = strconv.FormatInt(k.min-1, 10)
			}
			_, _, err := ParsePairs([]KeyValue{{Key: k.key, Value: text}})
			switch {
			case k.key == "CollectionMaxCount" && text == "501": // C02
			case c.err == "" && err != nil:
				t.Errorf("%s=%s: %v", k.key, text, err)
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%s=%s: error %v, want %q", k.key, text, err, c.err)
			}
		}
		// The table above is the KPL's: what it did with numbers of its own.
		for _, v := range vectors {
			key, text, _ := strings.Cut(strings.TrimSuffix(v.Properties, "\n"), "=")
			if n, err := strconv.ParseInt(text, 10, 64); err == nil && key == k.key {
				if compared++; v.Accepted != (n >= k.min && n <= k.max) {
					t.Errorf("%q: accepted by the KPL: %v", v.Properties, v.Accepted)
				}
			}
		}
	}
	if compared < 40 {
		t.Errorf("%d recorded cases with numbers; the table is hardly proved", compared)
	}
}

// The KPL reads ISO-8859-1 always; here valid UTF-8 is read as such.
func TestC11PropertiesAreReadAsJavaReadsThem(t *testing.T) {
	t.Parallel()
	got, warnings := parse(t, "! a comment\n# another\n  RateLimit : 7\nMaxConnections 4\nMetricsNamespace=\\u0041b\\\n    c # no comment\n"+
		"CollectionMaxCount=5\nCollectionMaxCount=6\nRe\\u0067ion=eu-west-1\nProxyUserName=h\u00e9\nProxyHost\n")
	want := DefaultConfig()
	want.RateLimitPercent, want.MaxConnections, want.CollectionMaxCount = 7, 4, 6
	want.MetricsNamespace, want.Region, want.ProxyUserName = "Abc # no comment", "eu-west-1", "hé"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"warning kpl.properties:7:1: CollectionMaxCount is given again at kpl.properties:8:1; the last one counts"}, warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	checkProperties(t, []propertiesCase{{properties: "Region=\\u00zz\n", err: `malformed \u escape`}})
}

func TestC12SemicolonAfterANumberIsShown(t *testing.T) {
	t.Parallel()
	checkProperties(t, []propertiesCase{{
		properties: "MaxUserRecordSize = 1048576;\n",
		err:        `kpl.properties:1:21: MaxUserRecordSize: "1048576;" is not a whole number: the ; at its end is the trouble; write 1048576`,
	}})
}

func TestC13KeysOfTheDaemonChangeNoRequest(t *testing.T) {
	t.Parallel()
	const words = "note kpl.properties:1:1: StsEndpoint, StsPort, MinConnections have no effect here"
	with, warnings := parse(t, "StsEndpoint=x\nStsPort=1\nMinConnections=16\n")
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], words) {
		t.Errorf("warnings %q", warnings)
	}
	without, _ := parse(t, "")
	if diff := cmp.Diff(slices.Sorted(slices.Values(requestsOf(t, without))), slices.Sorted(slices.Values(requestsOf(t, with)))); diff != "" {
		t.Errorf("requests (-without +with):\n%s", diff)
	}
}

// requestsOf are the requests that a producer makes for two records, to whichever service.
func requestsOf(t *testing.T, c Config) (all []string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server, err := kinesislocal.New(kinesislocal.Options{Streams: map[string]int{"s": 2}})
		if err != nil {
			t.Fatal(err)
		}
		c.Region, c.MetricsLevel = "us-east-1", MetricsNone
		c.API = onTransport(c, server.Transport())
		b := start(t, c)
		defer b.close()
		b.putOne("a", "0", 10)
		b.putOne("b", "0", 20)
		b.close()
		for _, r := range server.Requests() {
			all = append(all, fmt.Sprintf("%s %s %s: %d records, %d bytes", r.Service, r.Operation, r.Stream, r.Records, r.BodyBytes))
		}
		if err := server.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if !slices.ContainsFunc(all, func(r string) bool { return strings.HasPrefix(r, "Kinesis PutRecords s: 1 records") }) {
		t.Errorf("requests %q", all)
	}
	return all
}
