package explain_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/explain"
	"github.com/adapterd/adapterd/pkg/message"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) {
	flag.Parse()
	goleak.VerifyTestMain(m)
}

func load(t *testing.T, path string) *adapter.Adapter {
	t.Helper()
	a, problems := adapter.Load(t.Context(), path, adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	return a
}

func loadText(t *testing.T, xml string) *adapter.Adapter {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.xml")
	if err := os.WriteFile(path, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, path)
}

func text(t *testing.T, r *explain.Report) string {
	t.Helper()
	var b strings.Builder
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func even(n int) func(context.Context, component.Connection, string) (explain.Stream, error) {
	return func(context.Context, component.Connection, string) (explain.Stream, error) {
		return explain.EvenShards(n), nil
	}
}

func TestWholeWay(t *testing.T) {
	for name, payload := range map[string]string{"good": `[{"id":"a"},{"id":"b"}]`, "bad": `[{"id":"a"},{"idx":"b"}]`} {
		t.Run(name, func(t *testing.T) {
			m := message.New([]byte(payload))
			m.SetID("7")
			if name == "good" {
				m.SetMetadata("type", "order")
			}
			r, err := explain.Message(t.Context(), load(t, "testdata/way.xml"), m, explain.Options{Stream: even(4)})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", text(t, r))
			whole, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".json", string(whole)+"\n")
			if keys := m.MetadataKeys(); slices.Contains(keys, "kind") || string(m.Payload()) != payload {
				t.Errorf("the message itself was changed: %v", keys)
			}
			for _, directory := range []string{"/var/failed", "/var/copies"} {
				if _, err := os.Stat(directory); err == nil {
					t.Errorf("%s was made", directory)
				}
			}
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test -update renews it):\n%s", name, diff)
	}
}

const twoWorkflows = `<adapter><unique-id>a</unique-id><message-error-handler class="null-processing-exception-handler"><always-handle-exception>true</always-handle-exception></message-error-handler><channel-list>
<channel><unique-id>c1</unique-id><workflow-list><standard-workflow><unique-id>w1</unique-id></standard-workflow><standard-workflow><unique-id>w2</unique-id>
 <service-collection class="service-list"><services><throw-exception-service><exception-generator class="configured-exception"><message>no</message></exception-generator></throw-exception-service></services></service-collection>
 <message-error-handler class="standard-processing-exception-handler"><processing-exception-service class="throw-exception-service"><exception-generator class="configured-exception"><message>neither</message></exception-generator></processing-exception-service></message-error-handler>
</standard-workflow></workflow-list></channel>
<channel><unique-id>c2</unique-id><workflow-list><standard-workflow/></workflow-list></channel></channel-list></adapter>`

func TestTheWorkflowMeantIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		o    explain.Options
		want string // of the error, or the workflow
	}{
		"named":               {explain.Options{Channel: "c1", Workflow: "w2"}, "w2"},
		"the only workflow":   {explain.Options{Channel: "c2"}, "workflow-1"},
		"several channels":    {explain.Options{}, "there are several channels, say which with --channel: c1, c2"},
		"several workflows":   {explain.Options{Channel: "c1"}, "there are several workflows, say which with --workflow: w1, w2"},
		"no such channel":     {explain.Options{Channel: "c3"}, `there is no channel "c3"; did you mean`},
		"no such workflow":    {explain.Options{Channel: "c2", Workflow: "x"}, `there is no workflow "x"`},
		"workflow of another": {explain.Options{Channel: "c2", Workflow: "w1"}, `there is no workflow "w1"`},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := explain.Message(t.Context(), loadText(t, twoWorkflows), message.New(nil), c.o)
			if err == nil {
				if r.Workflow != c.want {
					t.Errorf("found %s", r.Workflow)
				}
				return
			}
			if !errors.Is(err, explain.ErrChoice) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestFailureNamesAllHandlersThatWouldTakeIt(t *testing.T) {
	r, err := explain.Message(t.Context(), loadText(t, twoWorkflows), message.New(nil), explain.Options{Channel: "c1", Workflow: "w2"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Failure != "no" || len(r.Handlers) != 2 {
		t.Fatalf("failure %q, handlers %v", r.Failure, r.Handlers)
	}
	if h := r.Handlers[0]; h.Class != "standard-processing-exception-handler" || h.Failure != "neither" || len(h.Steps) != 1 {
		t.Errorf("the nearest: %+v", h)
	}
	if h := r.Handlers[1]; h.Class != "null-processing-exception-handler" || !strings.Contains(h.About, "dropped") {
		t.Errorf("the one around it: %+v", h)
	}
}

const producerOnly = `<channel><unique-id>c</unique-id><produce-connection class="aws-kinesis-kpl-inline-connection"><config><key-value-pair><key>Region</key><value>us-east-1</value></key-value-pair>%s</config></produce-connection>
<workflow><producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>%%message{key}</partition-key></producer></workflow></channel>`

func TestARecordThatKinesisWouldRefuseFailsTheMessage(t *testing.T) {
	for name, c := range map[string]struct {
		key  string
		data int
		want string
	}{
		"empty key": {"", 1, "<partition-key> %message{key} of aws-kinesis-stream-producer is empty for this message"},
		"long key":  {strings.Repeat("k", 257), 1, "got 257"},
		"too large": {"k", 2 << 20, "MaxUserRecordSize"},
	} {
		t.Run(name, func(t *testing.T) {
			m := message.New(make([]byte, c.data))
			m.SetMetadata("key", c.key)
			r, err := explain.Message(t.Context(), loadText(t, fmt.Sprintf(producerOnly, "")), m, explain.Options{})
			if err != nil || !strings.Contains(r.Failure, c.want) || len(r.Records()) != 0 {
				t.Errorf("%v, failure %q, %d records", err, r.Failure, len(r.Records()))
			}
		})
	}
}

func TestWhatIsKnownOfTheStreamDecidesOnShardAndAggregation(t *testing.T) {
	auto := `<key-value-pair><key>RecordDistributionStrategyDefault</key><value>AUTO</value></key-value-pair>`
	told := func(s explain.Stream, err error) func(context.Context, component.Connection, string) (explain.Stream, error) {
		return func(context.Context, component.Connection, string) (explain.Stream, error) { return s, err }
	}
	for name, c := range map[string]struct {
		config      string
		stream      func(context.Context, component.Connection, string) (explain.Stream, error)
		shard, note string
		aggregated  bool
	}{
		"nobody asked":       {"", nil, "", "--shards", true},
		"even shards":        {"", even(1), "shardId-000000000000", "of 1", true},
		"told to spread":     {"", told(explain.Stream{Spread: true, Note: "told"}, nil), "", "distributes", false},
		"assumed to spread":  {auto, nil, "", "distributes", false},
		"told otherwise":     {auto, even(1), "shardId-000000000000", "of 1", true},
		"nobody answers":     {"", told(explain.Stream{}, errors.New("no answer")), "", "no answer", true},
		"no shard has it":    {"", told(explain.Stream{Shards: []explain.Shard{{ID: "x"}}, Note: "told"}, nil), "", "told", true},
		"aggregation is off": {`<key-value-pair><key>AggregationEnabled</key><value>false</value></key-value-pair>`, even(1), "shardId-000000000000", "of 1", false},
	} {
		t.Run(name, func(t *testing.T) {
			m := message.New([]byte("x"))
			m.SetMetadata("key", "k")
			r, err := explain.Message(t.Context(), loadText(t, fmt.Sprintf(producerOnly, c.config)), m, explain.Options{Stream: c.stream})
			if err != nil || len(r.Records()) != 1 {
				t.Fatal(err, r)
			}
			got := r.Records()[0]
			if got.Shard != c.shard || !strings.Contains(got.ShardNote, c.note) || got.Cost.Aggregated != c.aggregated {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestOfManyPartsOnlyTheFirstAndTheFailedAreTold(t *testing.T) {
	xml := `<channel><unique-id>c</unique-id><workflow><service-collection class="service-list"><services>
<advanced-message-splitter-service><ignore-split-message-failures>true</ignore-split-message-failures><splitter class="json-array-splitter"/><service class="add-metadata-service"><metadata-element><key>id</key><value>%payload{jsonpath:$.id}</value></metadata-element></service></advanced-message-splitter-service>
</services></service-collection></workflow></channel>`
	var parts []string
	for i := range 50 {
		parts = append(parts, fmt.Sprintf(`{"id":%d}`, i))
	}
	parts[40] = `{}`
	r, err := explain.Message(t.Context(), loadText(t, xml), message.New([]byte("["+strings.Join(parts, ",")+"]")), explain.Options{})
	if err != nil || r.Failure != "" {
		t.Fatal(err, r.Failure)
	}
	told := r.Steps[0].Steps[0].Steps
	if len(told) != 11 || told[9].Part != 10 || told[10].Part != 41 || told[10].Status != explain.StatusIgnored || r.LeftOut != 39 {
		t.Errorf("%d parts told, %d left out", len(told), r.LeftOut)
	}
	if !strings.Contains(text(t, r), "39 steps more are not shown") {
		t.Errorf("nothing says what is left out:\n%s", text(t, r))
	}
}

func TestServicesThatDoNotEndAreGivenUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	xml := `<channel><unique-id>c</unique-id><workflow><service-collection class="service-list"><services>
<advanced-message-splitter-service><splitter class="json-array-splitter"/><service class="null-service"/></advanced-message-splitter-service></services></service-collection></workflow></channel>`
	r, err := explain.Message(ctx, loadText(t, xml), message.New([]byte(`[1]`)), explain.Options{})
	if err == nil && (r == nil || r.Failure == "") {
		t.Errorf("%v %+v", err, r)
	}
}

// Services that keep those inside them in other places than their fields are told, and what they must not do is not done, all the same.
func TestServicesThatAreChosenByNameAreTold(t *testing.T) {
	xml := `<channel><unique-id>c</unique-id><workflow><service-collection class="branching-service-collection"><first-service-id>choose</first-service-id><services>
<metadata-exists-branching-service><unique-id>choose</unique-id><metadata-key>k</metadata-key><default-service-id>wait</default-service-id><metadata-exists-service-id>stop</metadata-exists-service-id></metadata-exists-branching-service>
<wait-service><unique-id>wait</unique-id></wait-service>
<stop-processing-service><unique-id>stop</unique-id></stop-processing-service>
</services></service-collection><producer class="fs-producer"><base-directory-url>file:///var/copies</base-directory-url></producer></workflow></channel>`
	for key, want := range map[string][]string{
		"k":     {"stop-processing-service stop", "adpstopprocessing = true"},
		"other": {"wait-service wait", "not run: it waits", "fs-producer"},
	} {
		m := message.New(nil)
		m.SetMetadata(key, "1")
		r, err := explain.Message(t.Context(), loadText(t, xml), m, explain.Options{})
		if err != nil || r.Failure != "" {
			t.Fatal(err, r)
		}
		told := text(t, r)
		for _, w := range want {
			if !strings.Contains(told, w) {
				t.Errorf("%s: does not tell %q:\n%s", key, w, told)
			}
		}
		if strings.Contains(told, "fs-producer") != (key == "other") {
			t.Errorf("%s: the producer:\n%s", key, told)
		}
	}
}

// A service that holds others would start them, and with them a connection: it must not be started.
func TestNoConnectionIsStarted(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", "none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	const second = `<standalone-producer><connection class="aws-kinesis-kpl-inline-connection"/><producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>%message{k}</partition-key></producer></standalone-producer>`
	xml := `<channel><unique-id>c</unique-id><workflow><service-collection class="service-list"><services>
<if-then-otherwise><condition class="metadata"><metadata-key>k</metadata-key><operator class="not-null"/></condition><then><service class="service-list"><services>` + second + `</services></service></then></if-then-otherwise>
</services></service-collection></workflow></channel>`
	m := message.New(nil)
	m.SetMetadata("k", "1")
	r, err := explain.Message(t.Context(), loadText(t, xml), m, explain.Options{})
	if err != nil || r.Failure != "" || r.RecordCount != 1 {
		t.Errorf("%v %+v", err, r)
	}
}

// A pool works on the parts side by side, after the splitter has gone on.
func TestPartsOfAPoolAreToldWhereTheyBelong(t *testing.T) {
	xml := `<channel><unique-id>c</unique-id><workflow><service-collection class="service-list"><services>
<pooling-message-splitter-service><max-threads>4</max-threads><splitter class="json-array-splitter"/><service class="service-list"><services>
<add-metadata-service><metadata-element><key>id</key><value>%payload{jsonpath:$.id}</value></metadata-element></add-metadata-service><null-service/></services></service></pooling-message-splitter-service>
</services></service-collection></workflow></channel>`
	var parts []string
	for i := range 8 {
		parts = append(parts, fmt.Sprintf(`{"id":%d}`, i))
	}
	r, err := explain.Message(t.Context(), loadText(t, xml), message.New([]byte("["+strings.Join(parts, ",")+"]")), explain.Options{})
	if err != nil || r.Failure != "" {
		t.Fatal(err, r)
	}
	told := r.Steps[0].Steps[0].Steps
	if len(told) != 8 {
		t.Fatalf("%d parts are told:\n%s", len(told), text(t, r))
	}
	for _, part := range told {
		if part.Kind != explain.KindPart || len(part.Steps) != 1 || len(part.Steps[0].Steps) != 2 || *part.Steps[0].Steps[0].Metadata[0].After != fmt.Sprint(part.Part-1) {
			t.Errorf("part %d: %s", part.Part, text(t, r))
		}
	}
}

func TestServicesThatWriteToAFileAreNotRun(t *testing.T) {
	const from = `<input class="constant-data-input-parameter"><value>v</value></input>`
	for name, c := range map[string]struct{ services, notRun string }{
		"output":        {`<resolve-expression-service>` + from + `<output class="file-data-output-parameter"><url>FILE</url></output></resolve-expression-service>`, "resolve-expression-service"},
		"in a part":     {`<json-path-service><json-path-execution><source class="constant-data-input-parameter"><value>$.a</value></source><target class="file-data-output-parameter"><url>FILE</url></target></json-path-execution></json-path-service>`, "json-path-service"},
		"service in it": {`<service-list><services><yaml-to-json><target class="file-data-output-parameter"><url>FILE</url></target></yaml-to-json></services></service-list>`, "yaml-to-json"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kept.txt")
			if err := os.WriteFile(path, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
			const then = `<add-metadata-service><metadata-element><key>then</key><value>ran</value></metadata-element></add-metadata-service>`
			a := loadText(t, `<channel><unique-id>c</unique-id><workflow-list><standard-workflow><unique-id>w</unique-id><service-collection class="service-list"><services>`+
				strings.ReplaceAll(c.services, "FILE", path)+then+`</services></service-collection></standard-workflow></workflow-list></channel>`)
			r, err := explain.Message(t.Context(), a, message.New([]byte(`{"a":1}`)), explain.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != "kept" {
				t.Errorf("the file was replaced: %q, %v", got, err)
			}
			var notRun []string
			var walk func([]*explain.Step)
			walk = func(steps []*explain.Step) {
				for _, s := range steps {
					if s.Status == explain.StatusNotRun && s.Kind == explain.KindService {
						notRun = append(notRun, s.Class+": "+s.Why)
					}
					walk(s.Steps)
				}
			}
			walk(r.Steps)
			if want := []string{c.notRun + ": it writes to a file (file-data-output-parameter)"}; !slices.Equal(notRun, want) || r.End.Metadata["then"] != "ran" || r.Failure != "" {
				t.Errorf("not run %q\n%s", notRun, text(t, r))
			}
		})
	}
}
