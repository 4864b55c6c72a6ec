package service

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/component"
)

// goldenCase is one recording of a running Interlok: services, then a Kinesis producer.
type goldenCase struct {
	Name          string `json:"name"`
	Services      string `json:"services"`
	Stream        string `json:"stream"`
	PartitionKey  string `json:"partition_key"`
	Filename      string `json:"filename"`
	PayloadBase64 []byte `json:"payload_base64"`
	Interlok      struct {
		Failed  bool `json:"failed"`
		Records []struct {
			Stream       string  `json:"stream"`
			PartitionKey string  `json:"partition_key"`
			Data         string  `json:"data"`
			DataBase64   *string `json:"data_b64"`
		} `json:"records"`
	} `json:"interlok"`
	// Adapterd is there where the behaviour differs on purpose.
	Adapterd *struct {
		Failed       bool   `json:"failed"`
		PartitionKey string `json:"partition_key"`
		// Data is there where the payload differs.
		Data *[]byte `json:"data_base64"`
		Why  string  `json:"why"`
	} `json:"adapterd"`
}

func (c goldenCase) expected(t *testing.T) (records []record, failed bool) {
	for _, r := range c.Interlok.Records {
		data := string(c.PayloadBase64)
		if r.DataBase64 != nil {
			raw, err := base64.StdEncoding.DecodeString(*r.DataBase64)
			if err != nil {
				t.Fatal(err)
			}
			data = string(raw)
		}
		records = append(records, record{r.Stream, r.PartitionKey, data})
	}
	if c.Adapterd == nil {
		return records, c.Interlok.Failed
	}
	if c.Adapterd.Failed {
		return nil, true
	}
	data := c.PayloadBase64
	if c.Adapterd.Data != nil {
		data = *c.Adapterd.Data
	}
	return []record{{c.Stream, c.Adapterd.PartitionKey, string(data)}}, false
}

// TestServicesDoWhatInterlokDoes runs every recorded case whose services this package has, with their documented differences.
func TestServicesDoWhatInterlokDoes(t *testing.T) {
	raw, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;")
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			kinesis := &streams{id: "kinesis"}
			s, problems := decodeWith(t, `<service-list><services>`+c.Services+
				`<standalone-producer><connection class="shared-connection"><lookup-name>kinesis</lookup-name></connection>
				<producer class="aws-kinesis-synchronous-stream-producer"><stream>`+escape.Replace(c.Stream)+`</stream><partition-key>`+
				escape.Replace(c.PartitionKey)+`</partition-key></producer></standalone-producer></services></service-list>`,
				sharedParts{connections: map[string]component.Connection{"kinesis": kinesis}})
			for _, p := range problems {
				if strings.HasPrefix(p, "error") {
					t.Fatal(problems)
				}
			}
			m := newMessage(string(c.PayloadBase64), "originalname", c.Filename)
			err := component.Apply(t.Context(), s, m)
			want, failed := c.expected(t)
			if (err != nil) != failed {
				t.Errorf("failed: %v; want failure %v", err, failed)
			}
			if diff := cmp.Diff(want, kinesis.records); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}
