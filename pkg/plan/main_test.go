package plan

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/adapterd/adapterd/pkg/kpl"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
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

// load is one that a test changes.
func load(change ...func(*Load)) Load {
	l := Load{
		RecordsPerSecond: 5000, SizeBytes: 400, KeyBytes: 36, Streams: 1, Producers: 1, Burst: 1, HeadroomPercent: 20,
		RequestTime: 30 * time.Millisecond, Retention: LeastRetention,
	}
	for _, f := range change {
		f(&l)
	}
	return l
}

// made is the plan of a load under the default configuration, as changed.
func made(t testing.TB, l Load, change ...func(*kpl.Config)) *Plan {
	t.Helper()
	c := kpl.DefaultConfig()
	for _, f := range change {
		f(&c)
	}
	p, err := Make(l, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
