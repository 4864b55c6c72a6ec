package checks

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/adapter"
)

const (
	stamp     = `<add-timestamp-metadata-service/>`
	stampAs   = `<add-timestamp-metadata-service><metadata-key>when</metadata-key></add-timestamp-metadata-service>`
	copyStamp = `<add-metadata-service><metadata-element><key>copy</key><value>%message{timestamp}</value></metadata-element></add-metadata-service>`
	replaced  = `<add-metadata-service><metadata-element><key>timestamp</key><value>%message{id}</value></metadata-element></add-metadata-service>`
	condition = `<if-then-otherwise><condition class="never"/><then><service class="service-list"><services>` + stamp + `</services></service></then></if-then-otherwise>`
	shared    = `<shared-service><lookup-name>stamp</lookup-name></shared-service>`
)

func producer(key string) string {
	return `<producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>` + key + `</partition-key></producer>`
}

func standalone(key string) string {
	return `<standalone-producer><connection class="aws-kinesis-kpl-inline-connection"><config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></connection>` +
		producer(key) + `</standalone-producer>`
}

func advice(t *testing.T, workflow string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xml")
	xml := `<adapter><shared-components><services><add-timestamp-metadata-service><unique-id>stamp</unique-id></add-timestamp-metadata-service></services></shared-components>
<channel-list><channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-kpl-inline-connection"><config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair></config></produce-connection>
<workflow-list><standard-workflow>` + workflow + `</standard-workflow></workflow-list></channel></channel-list></adapter>`
	if err := os.WriteFile(path, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	var out []string
	for _, p := range Advise(a) {
		out = append(out, p.Code)
		if p.Pos.Line != 3 || p.Message == "" {
			t.Errorf("%+v", p)
		}
	}
	return strings.Join(out, " ")
}

func services(all ...string) string {
	return `<service-collection class="service-list"><services>` + strings.Join(all, "") + `</services></service-collection>`
}

func TestTimesAsPartitionKeysAreFound(t *testing.T) {
	const time, note = "timestamp-partition-key", "extended-expression"
	for name, c := range map[string]struct{ workflow, want string }{
		"default key":                   {services(stamp) + producer("%message{timestamp}"), time},
		"producer before the services":  {producer("%message{timestamp}") + services(stamp), time},
		"named key":                     {services(stampAs) + producer("%message{when}"), time},
		"with a constant":               {services(stampAs) + producer("t-%message{when}"), time},
		"with something else":           {services(stampAs) + producer("%message{when}-%message{id}"), ""},
		"another key":                   {services(stampAs) + producer("%message{timestamp}"), ""},
		"no service":                    {producer("%message{timestamp}"), ""},
		"copied":                        {services(stamp, copyStamp) + producer("%message{copy}"), note + " " + time},
		"replaced":                      {services(stamp, replaced) + producer("%message{timestamp}"), note},
		"in a condition":                {services(condition) + producer("%message{timestamp}"), time},
		"shared service":                {services(shared) + producer("%message{timestamp}"), time},
		"standalone producer":           {services(stamp, standalone("%message{timestamp}")), time},
		"standalone producer before it": {services(standalone("%message{timestamp}"), stamp), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := advice(t, c.workflow); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestExpressionsThatInterlokDoesNotResolveAreNoted(t *testing.T) {
	for value, want := range map[string]string{
		"constant": "", "%message{id}": "extended-expression", "%payload{jsonpath:$.id}": "extended-expression",
		"%message{jsonPath:$.id}": "", // noted where it is decoded
	} {
		xml := services(`<add-metadata-service><metadata-element><key>k</key><value>` + value + `</value></metadata-element></add-metadata-service>`)
		if got := advice(t, xml); got != want {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}
