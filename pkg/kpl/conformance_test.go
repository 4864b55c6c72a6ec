package kpl

import (
	"context"
	"crypto/md5"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/adapterd/adapterd/pkg/kpl/aggregation"
)

// The tests TestC01… to TestC102… are one for each thing that a drop-in for the KPL must do as the KPL does, or says why it does not;
// docs/conformance.md is their table. "T" in their comments is RecordMaxBufferedTime.

const conformancePage = "../../docs/conformance.md"

// conformanceChecks are the numbers of all checks, from first to last of each group.
var conformanceChecks = [][2]int{{1, 13}, {20, 23}, {30, 38}, {40, 48}, {50, 54}, {60, 67}, {70, 82}, {90, 96}, {100, 102}}

var (
	checkRow  = regexp.MustCompile(`(?m)^\|\s*C(\d+)\s*\|.*$`)
	checkName = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z]\w*`)
)

func TestConformanceTableNamesEveryCheck(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(conformancePage)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range tableProblems(string(page), testNames(t)) {
		t.Error(problem)
	}
}

// tableProblems says what is wrong with the rows of a table, which begin with the number of a check and name its tests.
func tableProblems(page string, exists map[string]bool) (problems []string) {
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	rows := map[string][]string{} // names of tests by number of the check
	for _, row := range checkRow.FindAllStringSubmatch(page, -1) {
		check, names := "C"+row[1], checkName.FindAllString(row[0], -1)
		rows[check] = append(rows[check], names...)
		for _, name := range names {
			if !exists[name] {
				say("the row of %s names %s, which does not exist", check, name)
			}
		}
	}
	for _, group := range conformanceChecks {
		for n := group[0]; n <= group[1]; n++ {
			check := fmt.Sprintf("C%02d", n)
			own := regexp.MustCompile("^Test" + check + `\D`)
			if !slices.ContainsFunc(rows[check], own.MatchString) {
				say("%s has no row that names a test of its own, only %q", check, rows[check])
			}
			delete(rows, check)
		}
	}
	for check := range rows {
		say("there is a row for %s, which is no check", check)
	}
	return problems
}

// testNames are the tests and fuzz targets of this package, by its sources.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && checkName.FindString(f.Name.Name) == f.Name.Name {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

// onReadyMap runs a check in virtual time on a stream s of so many even shards whose map the producer has; time counts from then on.
func onReadyMap(t *testing.T, shards int, change func(*Config), check func(t *testing.T, f *fakeKinesis, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(shards)
		c := testConfig(f)
		if change != nil {
			change(&c)
		}
		b := start(t, c)
		defer b.close() // a check that gives up must not leave goroutines in the bubble
		b.warm(f, "s")
		check(t, f, b)
	})
}

// putOne puts a record of a partition key k into s.
func (b *bench) putOne(name, explicitHashKey string, size int) {
	b.t.Helper()
	b.put(name, Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: explicitHashKey, Data: make([]byte, size)})
}

// usersOf are the user records of a Kinesis record, and whether it is an aggregate.
func usersOf(t testing.TB, data []byte) (users []aggregation.Record, aggregated bool) {
	t.Helper()
	users, aggregated, err := aggregation.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return users, aggregated
}

// onTransport is the client that the producer makes for itself, only that its requests are answered by something that is no network.
func onTransport(c Config, answers http.RoundTripper) API {
	client := kinesis.New(kinesis.Options{
		Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider("id", "secret", "token"), Retryer: skewRetryer{},
		HTTPClient: &http.Client{
			Transport:     newUnsaid(wholeBody{answers}, c),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})
	return &boundedAPI{api: client, slots: make(chan struct{}, c.MaxConnections), timeout: c.RequestTimeout}
}

// flushed flushes.
func (b *bench) flushed() {
	b.t.Helper()
	if err := b.Flush(context.Background()); err != nil {
		b.t.Error(err)
	}
}

// mustRefuse puts a record that is refused at the call: with those words, and without a request.
func (b *bench) mustRefuse(f *fakeKinesis, r Record, words string) {
	b.t.Helper()
	before := len(f.sizes())
	err := b.Put(context.Background(), r, func(r Result) { b.t.Errorf("a record that was refused has the result %+v", r) })
	if err == nil || !strings.Contains(err.Error(), words) {
		b.t.Errorf("error %v, want one with %q", err, words)
	}
	b.flushed()
	if n := len(f.sizes()); n != before {
		b.t.Errorf("%d requests for a record that was refused", n-before)
	}
}

// readIndependently takes an aggregated record apart by the words of its definition, with another library than the producer's own reader.
func readIndependently(t *testing.T, message protoreflect.MessageDescriptor, data []byte) (users []string) {
	t.Helper()
	body, sum := data[4:len(data)-16], md5.Sum(data[4:len(data)-16])
	if string(data[:4]) != "\xf3\x89\x9a\xc2" || string(sum[:]) != string(data[len(data)-16:]) {
		t.Fatalf("no aggregated record: %x", data)
	}
	m := dynamicpb.NewMessage(message)
	if err := (proto.UnmarshalOptions{DiscardUnknown: false}).Unmarshal(body, m); err != nil {
		t.Fatal(err)
	}
	if len(m.GetUnknown()) > 0 {
		t.Errorf("unknown fields %x", m.GetUnknown())
	}
	field := func(m protoreflect.Message, number protoreflect.FieldNumber) protoreflect.Value {
		return m.Get(m.Descriptor().Fields().ByNumber(number))
	}
	records := field(m, 3).List()
	for i := range records.Len() {
		r := records.Get(i).Message()
		key, hash := field(m, 1).List().Get(int(field(r, 1).Uint())).String(), ""
		if f := r.Descriptor().Fields().ByNumber(2); r.Has(f) {
			hash = field(m, 2).List().Get(int(r.Get(f).Uint())).String()
		}
		users = append(users, userText(key, hash, field(r, 3).Bytes()))
	}
	return users
}

func userText(partitionKey, explicitHashKey string, data []byte) string {
	return fmt.Sprintf("%s|%s|%x", partitionKey, explicitHashKey, md5.Sum(data))
}

// aggregatedRecord is the message's definition.
func aggregatedRecord(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	type descriptor = descriptorpb.FieldDescriptorProto
	field := func(name string, number int32, label descriptorpb.FieldDescriptorProto_Label, kind descriptorpb.FieldDescriptorProto_Type) *descriptor {
		return &descriptor{Name: &name, Number: &number, Label: &label, Type: &kind}
	}
	const (
		optional, required = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REQUIRED
		repeated           = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		str, number        = descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_UINT64
		raw, message       = descriptorpb.FieldDescriptorProto_TYPE_BYTES, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	)
	records := field("records", 3, repeated, message)
	records.TypeName = proto.String(".Record")
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("aggregated.proto"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("AggregatedRecord"), Field: []*descriptor{
				field("partition_key_table", 1, repeated, str), field("explicit_hash_key_table", 2, repeated, str), records,
			}},
			{Name: proto.String("Record"), Field: []*descriptor{
				field("partition_key_index", 1, required, number), field("explicit_hash_key_index", 2, optional, number), field("data", 3, required, raw),
			}},
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().ByName("AggregatedRecord")
}
