package adapter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// goldenCase is what the real Interlok did with one file; see testdata/README.md.
type goldenCase struct {
	Name          string `json:"name"`
	Services      string `json:"services"`
	Stream        string `json:"stream"`
	PartitionKey  string `json:"partition_key"`
	Sync          bool   `json:"sync"`
	Filename      string `json:"filename"`
	PayloadBase64 []byte `json:"payload_base64"`
	PayloadLen    int    `json:"payload_len"`
	PayloadRepeat string `json:"payload_repeat"`
	Interlok      struct {
		Failed  bool   `json:"failed"`
		Reason  string `json:"reason"`
		Records []struct {
			Stream       string `json:"stream"`
			PartitionKey string `json:"partition_key"`
			Data         string `json:"data"`
			DataBase64   []byte `json:"data_b64"`
			DataLen      int    `json:"data_len"`
		} `json:"records"`
	} `json:"interlok"`
	// Adapterd says what is different here on purpose.
	Adapterd *struct {
		Failed       bool   `json:"failed"`
		PartitionKey string `json:"partition_key"`
		Why          string `json:"why"`
	} `json:"adapterd"`
}

func (c *goldenCase) payload() []byte {
	if c.PayloadRepeat != "" {
		return bytes.Repeat([]byte(c.PayloadRepeat), c.PayloadLen)
	}
	return c.PayloadBase64
}

// arrival is a user record that arrived.
type arrival struct{ Stream, PartitionKey, Data string }

// want is what the case must yield here.
func (c *goldenCase) want() (failed bool, records []arrival) {
	if c.Adapterd != nil {
		if c.Adapterd.Failed {
			return true, nil
		}
		return false, []arrival{{strings.TrimSpace(c.Stream), c.Adapterd.PartitionKey, string(c.payload())}}
	}
	for _, r := range c.Interlok.Records {
		data := string(r.DataBase64)
		if r.Data == "the payload" {
			data = string(c.payload())
		}
		key := r.PartitionKey
		if key == "$HOME" {
			key = os.Getenv("HOME")
		}
		records = append(records, arrival{r.Stream, key, data})
	}
	return c.Interlok.Failed, records
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenCase
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 50 {
		t.Fatalf("only %d cases", len(cases))
	}
	return cases
}

// goldenDocument is one document with a channel for each case, as the cases were recorded.
func goldenDocument(cases []goldenCase, directory, endpoint string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<adapter><unique-id>golden</unique-id><shared-components><connections><aws-kinesis-kpl-inline-connection>
  <unique-id>kinesis</unique-id>
  <credentials class="aws-static-credentials-builder"><authentication class="aws-keys-authentication"><access-key>x</access-key><secret-key>y</secret-key></authentication></credentials>
  <config>
    <key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair>
    <key-value-pair><key>KinesisEndpoint</key><value>%s</value></key-value-pair>
    <key-value-pair><key>VerifyCertificate</key><value>false</value></key-value-pair>
    <key-value-pair><key>MetricsLevel</key><value>none</value></key-value-pair>
    <key-value-pair><key>RecordMaxBufferedTime</key><value>50</value></key-value-pair>
  </config>
</aws-kinesis-kpl-inline-connection></connections></shared-components>
<channel-list>`, endpoint)
	for _, c := range cases {
		producer := "aws-kinesis-stream-producer"
		if c.Sync {
			producer = "aws-kinesis-synchronous-stream-producer"
		}
		fmt.Fprintf(&b, `
<channel><unique-id>%s</unique-id>
  <consume-connection class="null-connection"/>
  <produce-connection class="shared-connection"><lookup-name>kinesis</lookup-name></produce-connection>
  <message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="standalone-producer">
    <connection class="null-connection"/>
    <producer class="fs-producer"><base-directory-url>file://localhost/%s/%s/failed</base-directory-url><create-dirs>true</create-dirs></producer>
  </processing-exception-service></message-error-handler>
  <workflow-list><standard-workflow><unique-id>wf</unique-id>
    <consumer class="fs-consumer"><base-directory-url>file://localhost/%s/%s/in</base-directory-url>
      <poller class="fixed-interval-poller"><poll-interval><unit>MILLISECONDS</unit><interval>100</interval></poll-interval></poller></consumer>
    <service-collection class="service-list"><services>%s</services></service-collection>
    <producer class="%s"><stream>%s</stream><partition-key>%s</partition-key></producer>
  </standard-workflow></workflow-list>
</channel>`, c.Name, directory, c.Name, directory, c.Name, c.Services, producer, c.Stream, c.PartitionKey)
	}
	b.WriteString("\n</channel-list></adapter>\n")
	return b.String()
}

// load loads a document that must be free of errors.
func load(t *testing.T, document string, o adapter.Options) *adapter.Adapter {
	t.Helper()
	path := filepath.Join(t.TempDir(), "adapter.xml")
	write(t, path, []byte(document))
	a, problems := adapter.Load(t.Context(), path, o)
	if a == nil {
		t.Fatalf("the document does not load:\n%v", problems)
	}
	return a
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	to := path
	if _, err := os.Stat(path); err != nil { // it appears whole: who polls the directory must not find half of it
		to = filepath.Join(filepath.Dir(filepath.Dir(path)), ".new-"+filepath.Base(path))
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if to != path {
		if err := os.Rename(to, path); err != nil {
			t.Fatal(err)
		}
	}
}

// run starts an adapter and stops it at the end of the test.
func run(t *testing.T, a *adapter.Adapter) {
	t.Helper()
	ctx := context.Background()
	if err := a.Start(ctx); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
}

// settle waits until so many messages were consumed and each has its outcome.
func settle(t *testing.T, a *adapter.Adapter, consumed int64) {
	t.Helper()
	await(t, func() bool {
		n := a.Counts()
		return n.Consumed >= consumed && n.InFlight == 0
	})
}

// emptied waits until nothing is left in a directory: a message has its outcome before its file is deleted.
func emptied(t *testing.T, directory string) {
	t.Helper()
	await(t, func() bool {
		left, err := os.ReadDir(directory)
		if err != nil {
			t.Fatal(err)
		}
		return len(left) == 0
	})
}

// await looks until something that can not be waited for has come true.
func await(t *testing.T, holds func() bool) {
	t.Helper()
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-limit.C:
			t.Fatal("waited 30 s in vain")
		}
	}
}

// userRecords takes everything that arrived apart, in order of arrival.
func userRecords(t *testing.T, s *kinesislocal.Server, stream string) []arrival {
	t.Helper()
	var out []arrival
	for _, r := range s.Records(stream) {
		inner, aggregated, err := aggregation.Decode(r.Data)
		if err != nil {
			t.Fatal(err)
		}
		if !aggregated {
			inner = []aggregation.Record{{PartitionKey: r.PartitionKey, Data: r.Data}}
		}
		for _, u := range inner {
			out = append(out, arrival{r.Stream, u.PartitionKey, string(u.Data)})
		}
	}
	return out
}

func TestDocumentsDoWhatInterlokDoes(t *testing.T) {
	cases := goldenCases(t)
	directory := filepath.ToSlash(t.TempDir())
	for _, c := range cases {
		write(t, filepath.Join(directory, c.Name, "in", c.Filename), c.payload())
	}
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true, DefaultShards: 4})
	// The endpoint of the recording took 1 MiB of data and a key; the service does so only for streams that allow larger records.
	largeRecords(t, server, "case-payload-1mib")
	a := load(t, goldenDocument(cases, directory, server.TLSURL()), adapter.Options{})
	run(t, a)
	settle(t, a, int64(len(cases)))

	byCase := make(map[string][]arrival)
	for _, r := range userRecords(t, server, "") {
		name := strings.TrimSuffix(strings.TrimPrefix(r.Stream, "case-"), "-part")
		byCase[name] = append(byCase[name], r)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			wantFailed, want := c.want()
			got := byCase[strings.TrimPrefix(strings.TrimSpace(c.Stream), "case-")]
			// Records of different streams travel in requests of their own, so only the order within a stream counts.
			slices.SortStableFunc(got, func(a, b arrival) int { return strings.Compare(a.Stream, b.Stream) })
			slices.SortStableFunc(want, func(a, b arrival) int { return strings.Compare(a.Stream, b.Stream) })
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			// Beside the files that Interlok writes there is only the directory of what is known of them.
			saved, err := os.ReadDir(filepath.Join(directory, c.Name, "failed"))
			saved = slices.DeleteFunc(saved, func(e os.DirEntry) bool { return e.Name() == failed.Subdirectory && e.IsDir() })
			if (err == nil && len(saved) == 1) != wantFailed {
				t.Errorf("failed files: %v (%v); want a failure: %v", saved, err, wantFailed)
			}
			if wantFailed && len(saved) == 1 {
				if m, _, err := new(failed.Desk).Show(t.Context(), filepath.Join(directory, c.Name, "failed"), saved[0].Name(), 0); err != nil || m.Details == nil || m.Details.Reason == "" {
					t.Errorf("nothing is known of the failed file: %+v, %v", m, err)
				}
				payload, err := os.ReadFile(filepath.Join(directory, c.Name, "failed", saved[0].Name()))
				if err != nil || !bytes.Equal(payload, c.payload()) {
					t.Errorf("the failed file holds %d bytes (%v), want the original payload", len(payload), err)
				}
			}
			emptied(t, filepath.Join(directory, c.Name, "in"))
		})
	}
}

// largeRecords makes a stream that takes records of up to 10 MiB.
func largeRecords(t *testing.T, server *kinesislocal.Server, name string) {
	t.Helper()
	client := kinesis.New(kinesis.Options{Region: "us-east-1", BaseEndpoint: aws.String(server.URL()), Credentials: credentials.NewStaticCredentialsProvider("x", "y", "")})
	_, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &name, ShardCount: aws.Int32(1), MaxRecordSizeInKiB: aws.Int32(10240)})
	if err != nil {
		t.Fatal(err)
	}
}
