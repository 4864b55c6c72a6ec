package adapter_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/adapterd/adapterd/configs"
	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// The examples read from messages/in and configs/ below the working directory, as their users have them.
func exampleDirectory(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	names, err := configs.Files.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := configs.Files.ReadFile(n.Name())
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join("configs", n.Name()), text)
	}
}

func TestExamplesDeliverWhatTheySay(t *testing.T) {
	for n, c := range []struct {
		name     string
		stream   func(i int) string
		key      string // the field whose value is the partition key
		messages int
	}{
		{"example1.xml", fixed("application-events"), "eventId", 40},
		{"example2.xml", fixed("user-activity"), "userId", 40},
		{"example3.xml", fixed("financial-transactions"), "transactionId", 10},
		{"example4.xml", func(i int) string { return []string{"click-events", "order-events", "login-events"}[i%3] }, "id", 40},
		{"example5.xml", fixed("high-throughput"), "deviceId", 40},
		{"example6.xml", fixed("test-stream"), "id", 40},
	} {
		t.Run(c.name, func(t *testing.T) {
			exampleDirectory(t)
			var want []arrival
			for i := range c.messages {
				stream := c.stream(i)
				id := fmt.Sprintf("%s-%d", c.key, i)
				body := fmt.Sprintf(`{"%s":%q,"eventType":%q,"n":%d}`, c.key, id, strings.TrimSuffix(stream, "-events"), i)
				write(t, fmt.Sprintf("messages/in/%03d.json", i), []byte(body))
				want = append(want, arrival{stream, id, body})
			}
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			a, problems := adapter.Load(t.Context(), filepath.Join("configs", c.name), adapter.Options{VariableFiles: []string{"configs/variables.properties"}})
			if a == nil {
				t.Fatal(problems)
			}
			checkWarnings(t, n+1, problems)
			a.Redirect(server.TLSURL())
			run(t, a)
			settle(t, a, int64(c.messages))
			got := userRecords(t, server, "")
			byData := func(a, b arrival) int { return strings.Compare(a.Stream+a.Data, b.Stream+b.Data) }
			slices.SortFunc(got, byData)
			slices.SortFunc(want, byData)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
			emptied(t, "messages/in")
		})
	}
}

func fixed(stream string) func(int) string { return func(int) string { return stream } }

// checkWarnings wants none but the one of Example 5, which asks for more records in a request than one can hold.
func checkWarnings(t *testing.T, example int, problems document.Problems) {
	t.Helper()
	warnings := problems.Warnings()
	if example != 5 {
		if len(warnings) > 0 {
			t.Errorf("warnings: %v", warnings)
		}
		return
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0].Message, "CollectionMaxCount=1000 is above the limit of 500 records in one request; 500 is used") || warnings[0].Pos.Line == 0 {
		t.Errorf("warnings: %v", warnings)
	}
}

func TestExample5SendsNoMoreThan500RecordsInARequest(t *testing.T) {
	exampleDirectory(t)
	const records = 1200
	for i := range records {
		// Each in an aggregate of its own, so that requests are filled by their count.
		write(t, fmt.Sprintf("messages/in/%04d.json", i), []byte(fmt.Sprintf(`{"deviceId":"d%d","pad":%q}`, i, strings.Repeat("x", 100))))
	}
	text, err := os.ReadFile("configs/example5.xml")
	if err != nil {
		t.Fatal(err)
	}
	single := strings.Replace(string(text), "<key>AggregationEnabled</key><value>true</value>", "<key>AggregationEnabled</key><value>false</value>", 1)
	if single == string(text) {
		t.Fatal("the example has changed")
	}
	write(t, "configs/example5.xml", []byte(single))
	server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
	a, problems := adapter.Load(t.Context(), "configs/example5.xml", adapter.Options{})
	if a == nil {
		t.Fatal(problems)
	}
	a.Redirect(server.URL())
	run(t, a)
	settle(t, a, records)
	byRequest := make(map[string]int)
	for _, r := range server.Records("") {
		byRequest[r.RequestID]++
	}
	most := 0
	for _, n := range byRequest {
		most = max(most, n)
	}
	if most > 500 || len(server.Records("")) != records {
		t.Errorf("the largest request had %d records; %d records arrived", most, len(server.Records("")))
	}
	if most < 100 {
		t.Errorf("the largest request had %d records only: this test shows nothing", most)
	}
}
