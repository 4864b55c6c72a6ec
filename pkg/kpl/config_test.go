package kpl

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func parse(t *testing.T, properties string) (Config, []string) {
	t.Helper()
	c, warnings, err := ParseProperties("kpl.properties", strings.NewReader(properties))
	if err != nil {
		t.Fatal(err)
	}
	return c, warningTexts(warnings)
}

func warningTexts(warnings []Warning) []string {
	var all []string
	for _, w := range warnings {
		kind := "warning "
		if w.Severity == SeverityNote {
			kind = "note "
		}
		all = append(all, kind+w.String())
	}
	return all
}

func TestParsePropertiesWarns(t *testing.T) {
	tests := []struct {
		name, properties string
		want             []string
	}{
		{"nothing wrong", "MaxConnections=4\n", nil},
		{"too many records in a request", "# example\nCollectionMaxCount=1000\n",
			[]string{"warning kpl.properties:2:20: CollectionMaxCount=1000 is above the limit of 500 records in one request; 500 is used"}},
		{"too many records, with a blank", "CollectionMaxCount=1000 \n", []string{
			"warning kpl.properties:1:20: blanks around the value of CollectionMaxCount are dropped (the KPL keeps them)",
			"warning kpl.properties:1:20: CollectionMaxCount=1000 is above the limit of 500 records in one request; 500 is used"}},
		{"blank after a boolean", "\n  AggregationEnabled = false \t\n",
			[]string{"warning kpl.properties:2:24: blanks around the value of AggregationEnabled are dropped (the KPL keeps them)"}},
		{"blank after a word", "LogLevel=debug \n", []string{"warning kpl.properties:1:10: blanks around the value of LogLevel are dropped (the KPL keeps them)"}},
		{"only case differs", "collectionMaxCount=5\n",
			[]string{"warning kpl.properties:1:1: Property collectionMaxCount ignored as there is no corresponding set method in KinesisProducerConfiguration; did you mean CollectionMaxCount?"}},
		{"typing error", "RecordTLLs=5\n",
			[]string{"warning kpl.properties:1:1: Property RecordTLLs ignored as there is no corresponding set method in KinesisProducerConfiguration; did you mean RecordTtl?"}},
		{"unknown", "Nope=1\n", []string{"warning kpl.properties:1:1: Property Nope ignored as there is no corresponding set method in KinesisProducerConfiguration"}},
		{"given twice", "RateLimit=5\n\nRateLimit=6\n", []string{"warning kpl.properties:1:1: RateLimit is given again at kpl.properties:3:1; the last one counts"}},
		{"without effect, named once", "MinConnections=2\nThreadingModel=POOLED\nStsEndpoint=x\nCredentialsProvider=y\n",
			[]string{"note kpl.properties:1:1: MinConnections, ThreadingModel, StsEndpoint, CredentialsProvider have no effect here: there is no native daemon, and credentials come from the connection"}},
		{"port without endpoint", "KinesisPort=4566\n", []string{"warning kpl.properties:1:13: KinesisPort=4566 has no effect without KinesisEndpoint"}},
		{"default port without endpoint", "KinesisPort=443\n", nil},
		{"two ports", "CloudwatchEndpoint=http://x:1\nCloudwatchPort=2\n", []string{"warning kpl.properties:2:16: CloudwatchPort=2 has no effect: CloudwatchEndpoint names port 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, got := parse(t, tt.properties)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("warnings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParsePropertiesTellsAllErrorsAtOnce(t *testing.T) {
	const text = `# all wrong
MaxUserRecordSize = 1048576;
MinConnections=17
Region=us-east-1a
KinesisEndpoint=http://user:secret@localhost/
RecordTtl=\u00zz
AggregationEnabled=on
GlueSchemaRegistryPropertiesFilePath=x
ThreadPoolSize=-1
DaemonHealthCheckTimeoutMs=4999
UserRecordTimeoutInMillis=-1
CollectionMaxSize=9223372036854775808
CollectionMaxCount=0
LogLevel=warn
`
	want := []string{
		`kpl.properties:2:21: MaxUserRecordSize: "1048576;" is not a whole number: the ; at its end is the trouble; write 1048576`,
		`kpl.properties:3:16: MinConnections: minConnections must be between 1 and 16, got 17; give a number in that range`,
		`kpl.properties:4:8: Region: region must match the pattern ^([a-z]+-([a-z]+-)?[a-z]+-[0-9])?$, got us-east-1a; give a region such as us-east-1`,
		`kpl.properties:5:17: KinesisEndpoint: kinesisEndpoint must match the pattern ^([A-Za-z0-9-\.]+)?$, got http://(user and password)@localhost/; a URL with user or password is not taken; give a host name or IPv4 address with the port in KinesisPort, or a URL such as http://localhost:4566`,
		`kpl.properties:6:11: malformed \u escape "\\u00z"; write \u and four hexadecimal digits, or \\u for the text itself`,
		`kpl.properties:7:20: AggregationEnabled: "on" is neither true nor false (the KPL would silently take it for false); write true or false`,
		`kpl.properties:8:1: GlueSchemaRegistryPropertiesFilePath: the Glue schema registry is not supported: records would silently lack their schema header; remove the key and encode the data before it is put`,
		`kpl.properties:9:16: ThreadPoolSize: threadPoolSize must be between 0 and 2147483647, got -1; give a number in that range`,
		`kpl.properties:10:28: DaemonHealthCheckTimeoutMs: daemonHealthCheckTimeoutMs must be at least 5000ms, got 4999; give a number of at least 5000`,
		`kpl.properties:11:27: UserRecordTimeoutInMillis: Timeout value must greater than or equal to 0; give a number of at least 0`,
		`kpl.properties:12:19: CollectionMaxSize: 9223372036854775808 is too large for a number of 64 bits; give a decimal number of at least 52224`,
		`kpl.properties:13:20: CollectionMaxCount: collectionMaxCount must be between 1 and 500, got 0; give a number in that range`,
		`kpl.properties:14:10: LogLevel: logLevel must match the pattern trace|debug|info|warning|error, got warn; write one of trace, debug, info, warning, error`,
	}
	_, _, err := ParseProperties("kpl.properties", strings.NewReader(text))
	if err == nil {
		t.Fatal("accepted")
	}
	if diff := cmp.Diff(strings.Join(want, "\n"), err.Error()); diff != "" {
		t.Errorf("errors (-want +got):\n%s", diff)
	}
	var all ConfigErrors
	var first *ConfigError
	if !errors.As(err, &all) || !errors.As(err, &first) || len(all) != len(want) {
		t.Fatalf("not a ConfigErrors of %d", len(want))
	}
	if first.Key != "MaxUserRecordSize" || first.Value != "1048576;" || first.Allowed != "from 64 to 10485760" {
		t.Errorf("first error: %+v", first)
	}
}

func TestParsePairs(t *testing.T) {
	c, warnings, err := ParsePairs([]KeyValue{
		{"Region", "eu-west-1", "adapter.xml:3:5"}, {"CollectionMaxCount", "\n  600\n", "adapter.xml:4:5"}, {"RateLimit", "7", "adapter.xml:5:5"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "eu-west-1" || c.CollectionMaxCount != 500 || c.RateLimitPercent != 7 {
		t.Errorf("%+v", c)
	}
	want := []string{
		"warning adapter.xml:4:5: blanks around the value of CollectionMaxCount are dropped (the KPL keeps them)",
		"warning adapter.xml:4:5: CollectionMaxCount=600 is above the limit of 500 records in one request; 500 is used",
	}
	if diff := cmp.Diff(want, warningTexts(warnings)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	_, _, err = ParsePairs([]KeyValue{{"RateLimit", "0", ""}, {"MaxConnections", "x", "a.xml:1:2"}})
	const wantError = "RateLimit: rateLimit must be between 1 and 9223372036854775807, got 0; give a number in that range\n" +
		`a.xml:1:2: MaxConnections: "x" is not a whole number; give a decimal number from 1 to 256`
	if err == nil || err.Error() != wantError {
		t.Errorf("error %v", err)
	}
}

func TestConfigTimesBeyondTheLongestMeanNever(t *testing.T) {
	c, _ := parse(t, "RecordTtl=9223372036854775807\nRecordMaxBufferedTime=9223372036855\nUserRecordTimeoutInMillis=9223372036854\n")
	if c.RecordTTL != math.MaxInt64 || c.RecordMaxBufferedTime != math.MaxInt64 || c.UserRecordTimeout != 9223372036854*time.Millisecond {
		t.Errorf("%v %v %v", c.RecordTTL, c.RecordMaxBufferedTime, c.UserRecordTimeout)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

func TestAdditionalMetricsDimensions(t *testing.T) {
	c, _ := parse(t, "AdditionalMetricsDimensions=Host=web=1, Zone = a @stream,Rack=r@shard\n")
	want := []Dimension{{"Host", "web=1", GranularityGlobal}, {"Zone", "a", GranularityStream}, {"Rack", "r", GranularityShard}}
	if diff := cmp.Diff(want, c.AdditionalDimensions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for text, want := range map[string]string{
		"Host": "has no =", "=x": "has no name", "Host=x@all": "level must match the pattern global|stream|shard, got all",
		"ShardId=x": "is taken already", "A=1,A=2": "is taken already", "Hé=x": "printable", ":A=x": "colon",
		"A=" + strings.Repeat("x", 1025): "at most 1024", strings.Repeat("A=1,", 28) + "B=1": "CloudWatch takes 27",
	} {
		_, _, err := ParsePairs([]KeyValue{{dimensionsKey, text, ""}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20s: error %v, want %q in it", text, err, want)
		}
	}
}

func TestValidateNamesFieldAndRange(t *testing.T) {
	c := DefaultConfig()
	c.CollectionMaxCount = 1000
	c.RecordMaxBufferedTime = -1
	c.KinesisEndpoint = "my_host"
	c.AdditionalDimensions = []Dimension{{"Host", "x", ""}}
	err := c.Validate()
	const want = `kpl.Config.CollectionMaxCount: CollectionMaxCount: collectionMaxCount must be between 1 and 500, got 1000; give a number in that range
kpl.Config.KinesisEndpoint: KinesisEndpoint: kinesisEndpoint must match the pattern ^([A-Za-z0-9-\.]+)?$, got my_host; it is neither a host nor a URL; give a host name or IPv4 address with the port in KinesisPort, or a URL such as http://localhost:4566
kpl.Config.RecordMaxBufferedTime: RecordMaxBufferedTime: recordMaxBufferedTime must be between 0 and 9223372036854775807, got -1; give a number in that range
kpl.Config.AdditionalDimensions: AdditionalMetricsDimensions: level must match the pattern global|stream|shard, got `
	if err == nil {
		t.Fatal("accepted")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := (Config{}).Validate(); err == nil {
		t.Error("the zero Config is valid")
	}
}

func TestLogLevelLeavesOutWhatIsBelow(t *testing.T) {
	for _, tt := range []struct {
		level string
		own   zapcore.Level // of the logger given
		want  []string
	}{
		{"trace", zap.DebugLevel, []string{"debug", "info", "warn", "error"}},
		{"debug", zap.DebugLevel, []string{"debug", "info", "warn", "error"}},
		{"debug", zap.WarnLevel, []string{"warn", "error"}},
		{"info", zap.DebugLevel, []string{"info", "warn", "error"}},
		{"warning", zap.DebugLevel, []string{"warn", "error"}},
		{"error", zap.InfoLevel, []string{"error"}},
	} {
		t.Run(tt.level+" of "+tt.own.String(), func(t *testing.T) {
			core, logs := observer.New(tt.own)
			l := Config{LogLevel: tt.level, Logger: zap.New(core)}.logger()
			for _, level := range []zapcore.Level{zap.DebugLevel, zap.InfoLevel, zap.WarnLevel, zap.ErrorLevel} {
				l.Log(level, "x")
			}
			var got []string
			for _, e := range logs.All() {
				got = append(got, e.Level.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	Config{}.logger().Error("to nobody")
}

func TestConfigKeysAreComplete(t *testing.T) {
	seen := map[string]bool{}
	for i := range configKeys {
		k := &configKeys[i]
		if seen[k.name] || k.doc == "" {
			t.Errorf("%s: twice, or without doc", k.name)
		}
		seen[k.name] = true
		if (k.effect == works) != (k.set != nil) {
			t.Errorf("%s: effect %d, and set is nil: %v", k.name, k.effect, k.set == nil)
		}
		if k.pattern != "" && !k.fits(k.fallback.text) {
			t.Errorf("%s: the default %q does not match", k.name, k.fallback.text)
		}
	}
}

func TestConfigurationMarkdownHasEveryKey(t *testing.T) {
	page := ConfigurationMarkdown()
	for i := range configKeys {
		if n := strings.Count(page, "| `"+configKeys[i].name+"` |"); n != 1 {
			t.Errorf("%s stands there %d times", configKeys[i].name, n)
		}
	}
	for _, line := range []string{
		"| `CollectionMaxSize` | long, bytes | `5242880` | of at least 52224 | Sum of data and partition keys of one PutRecords request. A larger record goes alone. |",
		"| `MetricsLevel` | string | `detailed` | `none\\|summary\\|detailed` | Which metrics are uploaded. none: no call to CloudWatch at all. |",
		"| `VerifyCertificate` | bool | `true` | true or false | false accepts any certificate and host name; the connection is TLS all the same. |",
	} {
		if !strings.Contains(page, line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

func TestReadProperties(t *testing.T) {
	tests := []struct {
		name, text string
		want       []property
	}{
		{"empty", "", nil},
		{"comments and blank lines", "# a\n! b\n\t \f\n  # c\n", nil},
		{"separators", "a=1\nb:2\nc 3\nd\t=\t4\ne = = 5\nf\n=6\n", []property{
			{"a", "1", "p:1:1", "p:1:3", nil}, {"b", "2", "p:2:1", "p:2:3", nil}, {"c", "3", "p:3:1", "p:3:3", nil}, {"d", "4", "p:4:1", "p:4:5", nil},
			{"e", "= 5", "p:5:1", "p:5:5", nil}, {"f", "", "p:6:1", "p:6:2", nil}, {"", "6", "p:7:1", "p:7:2", nil}}},
		{"trailing blanks stay", "a=1 \t\n", []property{{"a", "1 \t", "p:1:1", "p:1:3", nil}}},
		{"escapes", `a\ b\=\:=\t\q\\\u0041\ud83d\ude00\ud83dx` + "\n", []property{{"a b=:", "\tq\\A😀\ufffdx", "p:1:1", "p:1:10", nil}}},
		{"continued lines", "a=b\\\n   c\\\r\n\td\\\\\ne\\\n =f\\", []property{{"a", "bcd\\", "p:1:1", "p:1:3", nil}, {"e", "f", "p:4:1", "p:5:3", nil}}},
		{"a continuation is no comment", "\\\n#a=1\n", []property{{"#a", "1", "p:2:1", "p:2:4", nil}}},
		{"line ends", "a=1\rb=2\r\nc=3", []property{{"a", "1", "p:1:1", "p:1:3", nil}, {"b", "2", "p:2:1", "p:2:3", nil}, {"c", "3", "p:3:1", "p:3:3", nil}}},
		{"UTF-8 with byte order mark", "\ufeffa=é", []property{{"a", "é", "p:1:1", "p:1:3", nil}}},
		{"ISO-8859-1", "a=\xe9", []property{{"a", "é", "p:1:1", "p:1:3", nil}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readProperties("p", strings.NewReader(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(property{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if _, err := readProperties("p", strings.NewReader(strings.Repeat("#", maxPropertiesBytes+1))); err == nil || !strings.Contains(err.Error(), "is larger than") {
		t.Errorf("too large: error %v", err)
	}
}

func TestParsePropertiesOfTheUpstreamSample(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "sample.properties"))
	if err != nil {
		t.Fatal(err)
	}
	c, warnings, err := ParseProperties("sample.properties", strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DefaultConfig(), c); diff != "" {
		t.Errorf("(-defaults +sample):\n%s", diff)
	}
	want := []string{"note sample.properties:27:1: MinConnections, ThreadingModel have no effect here: there is no native daemon, and credentials come from the connection"}
	if diff := cmp.Diff(want, warningTexts(warnings)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func FuzzParseProperties(f *testing.F) {
	_, cases := readConfigVectors(f)
	for _, c := range cases {
		f.Add([]byte(c.Properties))
	}
	f.Add([]byte("a\\\r\n b=\\ud83d\\u12\n\\"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, warnings, err := ParseProperties("p", strings.NewReader(string(text)))
		for _, w := range warnings {
			if w.Text == "" || w.Pos == "" {
				t.Errorf("warning %+v", w)
			}
		}
		if err != nil {
			var all ConfigErrors
			if !errors.As(err, &all) || len(all) == 0 {
				t.Fatalf("error %v", err)
			}
			for _, e := range all {
				if e.Problem == "" || !strings.HasPrefix(e.Pos, "p") {
					t.Errorf("error %+v", e)
				}
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Errorf("read, but not valid: %v", err)
		}
	})
}
