// Package imports holds the plan of the packages: who may import whom.
package imports

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/adapterd/adapterd/"

// rooms are the packages that a program of this project is made of, each with those that it may import. A package that is not here is a
// room too many, or has to get its place.
var rooms = map[string][]string{
	"pkg/message":   {},
	"pkg/expr":      {"pkg/message"},
	"pkg/document":  {"pkg/message"},
	"pkg/component": {"pkg/document", "pkg/expr", "pkg/message"},
	// What speaks HTTP in consumers, services and producers.
	"pkg/web":               {"pkg/component", "pkg/document", "pkg/expr", "pkg/message"},
	"pkg/kpl/aggregation":   {},
	"pkg/kpl":               {"pkg/kpl/aggregation"},
	"pkg/kpl/kplprometheus": {"pkg/kpl"},
	"pkg/kpl/kplotel":       {"pkg/kpl"},
	"pkg/kinesislocal":      {},
	// What OpenTelemetry is told of messages; what sends it is known to the command only.
	"pkg/telemetry":          {"pkg/message"},
	"pkg/telemetry/otelsdk":  {"pkg/telemetry", "pkg/message"},
	"pkg/telemetry/otlptest": {},
	// What is kept with failed messages: producers write it, consumers leave it alone, and the command works on it.
	"pkg/failed": {"pkg/component", "pkg/document", "pkg/expr", "pkg/message"},
	// What keeps a log readable. It knows nothing but the log's library.
	"pkg/logging": {},
	// Consumers, services, producers and connections never import each other: a producer says what it needs of a connection, and the
	// channel hands it over.
	"pkg/consumer":   {"pkg/failed", "pkg/telemetry", "pkg/web", "pkg/component", "pkg/document", "pkg/expr", "pkg/message"},
	"pkg/service":    {"pkg/web", "pkg/component", "pkg/document", "pkg/expr", "pkg/message"},
	"pkg/producer":   {"pkg/failed", "pkg/web", "pkg/component", "pkg/document", "pkg/expr", "pkg/message", "pkg/kpl", "pkg/kpl/aggregation"},
	"pkg/connection": {"pkg/telemetry", "pkg/component", "pkg/document", "pkg/expr", "pkg/message", "pkg/kpl", "pkg/kpl/kplotel", "pkg/kpl/aggregation"},
	"pkg/workflow": {
		"pkg/telemetry", "pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection", "pkg/kpl", "pkg/component", "pkg/document", "pkg/expr", "pkg/message",
	},
	"pkg/channel": {
		"pkg/workflow", "pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection", "pkg/component", "pkg/document", "pkg/expr", "pkg/message",
	},
	"pkg/adapter": {
		"pkg/channel", "pkg/workflow", "pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection", "pkg/kpl", "pkg/component", "pkg/document", "pkg/expr", "pkg/message",
	},
	// The files of the status page.
	"pkg/admin/page": {},
	// What is plotted there.
	"pkg/admin/history": {"pkg/adapter", "pkg/kpl"},
	"pkg/admin": {
		"pkg/admin/page", "pkg/admin/history", "pkg/kpl/kplprometheus",
		"pkg/adapter", "pkg/channel", "pkg/workflow", "pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection", "pkg/component", "pkg/document", "pkg/expr",
		"pkg/message", "pkg/kpl", "pkg/kpl/aggregation",
	},
	// What check and explain know of a whole document. They look at adapters, and run none.
	"pkg/explain": {
		"pkg/adapter", "pkg/channel", "pkg/workflow", "pkg/component", "pkg/document", "pkg/expr", "pkg/message", "pkg/kpl", "pkg/kpl/aggregation",
	},
	// What a load asks of Kinesis, counted as explain counts for a message.
	"pkg/plan":   {"pkg/explain", "pkg/document", "pkg/kpl"},
	"pkg/checks": {"pkg/adapter", "pkg/channel", "pkg/workflow", "pkg/component", "pkg/document", "pkg/expr", "pkg/message", "pkg/kpl"},
	// What looks at a running adapterd from outside knows the shape of what the admin server tells, and nothing else of it.
	"pkg/top": {"pkg/adapter", "pkg/kpl"},
	"configs": {},
	// The command runs the endpoint and takes aggregated records apart, beside the adapter.
	"cmd/adapterd": {
		"configs", "pkg/logging", "pkg/failed", "pkg/telemetry", "pkg/telemetry/otelsdk", "pkg/checks", "pkg/explain", "pkg/plan", "pkg/top", "pkg/admin", "pkg/adapter", "pkg/channel", "pkg/workflow", "pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection", "pkg/component",
		"pkg/document", "pkg/expr", "pkg/message", "pkg/kpl", "pkg/kpl/aggregation", "pkg/kinesislocal",
	},
}

// planned are rooms that may still be empty.
var planned []string

// tested are what the tests of a package may import besides what it may import itself. Tests of the adapter's rooms may use the endpoint
// and whole documents; those of the library and of the endpoint must show that these stand alone.
var tested = map[string][]string{
	"pkg/kpl":               {"pkg/kinesislocal"},
	"pkg/kpl/aggregation":   {},
	"pkg/kpl/kplprometheus": {"pkg/kinesislocal"},
	"pkg/kpl/kplotel":       {"pkg/kinesislocal"},
	"pkg/kinesislocal":      {},
}

// ofKPL are the only modules that whoever imports pkg/kpl takes in. zap is the interface of its log.
var ofKPL = []string{"github.com/aws/aws-sdk-go-v2", "github.com/aws/smithy-go", "go.uber.org/zap", "google.golang.org/protobuf"}

type listed struct {
	ImportPath   string
	Imports      []string
	TestImports  []string
	XTestImports []string
	Standard     bool
	Module       *struct{ Path string }
}

// list is what the go command knows of packages. Files for other systems than this one are not in it.
func list(t *testing.T, arguments ...string) map[string]listed {
	t.Helper()
	command := exec.Command("go", append([]string{"list", "-json=ImportPath,Imports,TestImports,XTestImports,Standard,Module"}, arguments...)...)
	command.Dir = root(t)
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list %v: %v", arguments, err)
	}
	packages := make(map[string]listed)
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// root is where go.mod stands.
func root(t *testing.T) string {
	t.Helper()
	directory, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return directory
}

// ours leaves out the packages of others.
func ours(imports []string) []string {
	var out []string
	for _, i := range imports {
		if name, ok := strings.CutPrefix(i, module); ok {
			out = append(out, name)
		}
	}
	return out
}

// forbidden are those of imports that a package may not have.
func forbidden(name string, imports []string) []string {
	var out []string
	for _, i := range ours(imports) {
		if i != name && !slices.Contains(rooms[name], i) {
			out = append(out, i)
		}
	}
	return out
}

func TestPackagesImportOnlyWhatIsBelowThem(t *testing.T) {
	packages := list(t, "./cmd/...", "./pkg/...", "./configs/...")
	seen := make(map[string]bool)
	for path, p := range packages {
		name := strings.TrimPrefix(path, module)
		seen[name] = true
		if _, known := rooms[name]; !known {
			t.Errorf("%s has no place in the plan of the packages", name)
			continue
		}
		if wrong := forbidden(name, p.Imports); len(wrong) > 0 {
			t.Errorf("%s imports %s, which is not below it", name, strings.Join(wrong, " and "))
		}
		if more, alone := tested[name]; alone {
			wrong := forbidden(name, append(slices.Clone(p.TestImports), p.XTestImports...))
			wrong = slices.DeleteFunc(wrong, func(i string) bool { return slices.Contains(more, i) })
			if len(wrong) > 0 {
				t.Errorf("the tests of %s import %s; they must show that it stands alone", name, strings.Join(wrong, " and "))
			}
		}
	}
	for name := range rooms {
		if !seen[name] && !slices.Contains(planned, name) {
			t.Errorf("%s is in the plan of the packages, but there is none", name)
		}
	}
}

// Tests, scripts and tools may import any room, but no room may import them, and programs do not import each other.
func TestNothingImportsTestsAndTools(t *testing.T) {
	for path, p := range list(t, "./...") {
		name := strings.TrimPrefix(path, module)
		all := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
		for _, i := range ours(all) {
			if i == name {
				continue
			}
			if top, _, _ := strings.Cut(i, "/"); top != "pkg" && top != "configs" {
				t.Errorf("%s imports %s; only packages of pkg and configs are there to be imported", name, i)
			}
		}
	}
}

// The plan itself must say what the house is: that it has no circle, and that what must not know each other does not.
func TestThePlanIsLayered(t *testing.T) {
	var reaches func(from, to string, seen map[string]bool) bool
	reaches = func(from, to string, seen map[string]bool) bool {
		for _, i := range rooms[from] {
			if i == to {
				return true
			}
			if !seen[i] {
				seen[i] = true
				if reaches(i, to, seen) {
					return true
				}
			}
		}
		return false
	}
	for name, below := range rooms {
		if reaches(name, name, map[string]bool{}) {
			t.Errorf("%s may import itself by way of others", name)
		}
		for _, i := range below {
			if _, known := rooms[i]; !known {
				t.Errorf("%s may import %s, which is in no place of the plan", name, i)
			}
		}
	}
	siblings := []string{"pkg/consumer", "pkg/service", "pkg/producer", "pkg/connection"}
	for _, a := range siblings {
		for _, b := range siblings {
			if reaches(a, b, map[string]bool{}) {
				t.Errorf("%s may import %s", a, b)
			}
		}
	}
	for _, alone := range []string{"pkg/kpl", "pkg/kinesislocal"} {
		for _, other := range []string{"pkg/kpl", "pkg/kinesislocal", "pkg/component", "pkg/message", "pkg/document"} {
			if other != alone && reaches(alone, other, map[string]bool{}) {
				t.Errorf("%s may import %s", alone, other)
			}
		}
	}
}

// Whoever imports pkg/kpl takes in its dependencies, so they are few.
func TestTheProducerLibraryDependsOnLittle(t *testing.T) {
	modules := make(map[string][]string)
	packages := list(t, "-deps", "./pkg/kpl", "./pkg/kpl/aggregation")
	for path, p := range packages {
		if p.Standard || strings.HasPrefix(path, module) {
			continue
		}
		if p.Module == nil {
			t.Errorf("%s is of no module", path)
			continue
		}
		modules[p.Module.Path] = append(modules[p.Module.Path], path)
	}
	if len(modules) < 4 {
		t.Fatalf("only %v found: this test shows nothing", slices.Sorted(maps.Keys(modules)))
	}
	direct := make(map[string]bool)
	for path, p := range packages {
		if !strings.HasPrefix(path, module+"pkg/kpl") {
			continue
		}
		for _, i := range p.Imports {
			if q := packages[i]; q.Module != nil && !strings.HasPrefix(i, module) {
				direct[q.Module.Path] = true
			}
		}
	}
	for _, m := range slices.Sorted(maps.Keys(direct)) {
		if !allowed(m) {
			t.Errorf("pkg/kpl imports the module %s (%s); only %s may be", m, strings.Join(modules[m], ", "), strings.Join(ofKPL, ", "))
		}
	}
	for _, m := range slices.Sorted(maps.Keys(modules)) {
		// What those modules need themselves is theirs to say; zap has multierr.
		if !allowed(m) && m != "go.uber.org/multierr" {
			t.Errorf("pkg/kpl takes in the module %s (%s)", m, strings.Join(modules[m], ", "))
		}
	}
}

// allowed says whether a module is one of ofKPL, or of the many that the AWS SDK is cut into.
func allowed(path string) bool {
	return slices.ContainsFunc(ofKPL, func(m string) bool { return path == m || strings.HasPrefix(path, m+"/") })
}

func TestForbiddenFindsWhatIsNotBelow(t *testing.T) {
	for _, c := range []struct {
		from, to string
		wrong    bool
	}{
		{"pkg/producer", "pkg/kpl", false},
		{"pkg/producer", "pkg/connection", true},
		{"pkg/consumer", "pkg/kpl", true},
		{"pkg/kpl", "pkg/component", true},
		{"pkg/component", "pkg/workflow", true},
		{"cmd/adapterd", "pkg/adapter", false},
	} {
		if got := forbidden(c.from, []string{module + c.to, "fmt"}); (len(got) > 0) != c.wrong {
			t.Errorf("%s imports %s: found %v", c.from, c.to, got)
		}
	}
}
