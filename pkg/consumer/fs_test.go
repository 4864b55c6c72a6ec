package consumer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/adapterd/adapterd/pkg/component"
)

// fsConsumer decodes a consumer of a directory that polls when the test says so.
func fsConsumer(t testing.TB, dir, fields string) *FS {
	t.Helper()
	return decode[*FS](t, `<fs-consumer><base-directory-url>`+dir+`</base-directory-url><poller class="test-never-poller"/>`+fields+`</fs-consumer>`)
}

func startFS(t testing.TB, dir, fields string) (*FS, *taker) {
	t.Helper()
	f, k := fsConsumer(t, dir, fields), new(taker)
	start(t, f, k.handle)
	return f, k
}

// write makes files; a name with "=" brings its content.
func write(t testing.TB, dir string, files ...string) {
	t.Helper()
	for _, name := range files {
		name, content, ok := strings.Cut(name, "=")
		if !ok {
			content = name
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// files lists a directory in order, each as name=content.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			content = []byte("(" + e.Type().String() + ")")
		}
		out = append(out, e.Name()+"="+string(content))
	}
	return out
}

func wantFiles(t testing.TB, dir string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// observed lets a test read the log.
func observed(t testing.TB) (context.Context, *observer.ObservedLogs) {
	core, logs := observer.New(zapcore.DebugLevel)
	return component.WithLogger(t.Context(), zap.New(core)), logs
}

func TestFSDecodesAllFields(t *testing.T) {
	f := decode[*FS](t, `<fs-consumer>
		<unique-id>in</unique-id>
		<base-directory-url>file://localhost/./messages/in</base-directory-url>
		<poller class="quartz-cron-poller"><cron-expression>0 0 * * * ?</cron-expression></poller>
		<max-messages-per-poll>7</max-messages-per-poll>
		<filter-expression>.*\.xml</filter-expression>
		<file-filter-imp>org.apache.commons.io.filefilter.RegexFileFilter</file-filter-imp>
		<file-sorter class="fs-sort-size-descending"/>
		<wip-suffix>.busy</wip-suffix>
		<reset-wip-files>true</reset-wip-files>
		<quiet-interval><unit>MINUTES</unit><interval>2</interval></quiet-interval>
		<create-dirs>true</create-dirs>
		<log-all-exceptions>false</log-all-exceptions>
		<reacquire-lock-between-messages>true</reacquire-lock-between-messages>
		<encoder class="whatever"/>
		<is-tracking-endpoint>true</is-tracking-endpoint>
		<message-factory class="whatever"/>
	</fs-consumer>`)
	got := fmt.Sprint(f.UniqueID, filepath.ToSlash(filepath.Clean(f.directory)), component.AliasOf(f.Poller), f.MaxPerPoll, f.Filter, component.AliasOf(f.Sorter), f.WIPSuffix, f.ResetWIP, f.QuietInterval.Duration, f.CreateDirs, f.LogAll)
	want := fmt.Sprint("in", "messages/in", "quartz-cron-poller", 7, `.*\.xml`, "fs-sort-size-descending", ".busy", true, 2*time.Minute, true, false)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestFSDefaults(t *testing.T) {
	f := decode[*FS](t, `<fs-consumer><base-directory-url>in</base-directory-url></fs-consumer>`)
	if component.AliasOf(f.Poller) != "fixed-interval-poller" || f.MaxPerPoll != 0 || component.AliasOf(f.Sorter) != "fs-sort-none" || f.WIPSuffix != ".wip" || f.ResetWIP || f.QuietInterval.Duration != 0 || f.CreateDirs || !f.LogAll {
		t.Errorf("defaults: %+v", f)
	}
}

func TestFSRefuses(t *testing.T) {
	const base = `<base-directory-url>in</base-directory-url>`
	for name, c := range map[string]struct{ fields, want string }{
		"no directory":     {``, "has no <base-directory-url>"},
		"http":             {`<base-directory-url>http://x/y</base-directory-url>`, "<base-directory-url> of fs-consumer"},
		"blank suffix":     {base + `<wip-suffix> </wip-suffix>`, "<wip-suffix> of fs-consumer is blank"},
		"suffix with path": {base + `<wip-suffix>/wip</wip-suffix>`, "no file name can end with"},
		"limit":            {base + `<max-messages-per-poll>0</max-messages-per-poll>`, "at least 1"},
		"filter class":     {base + `<file-filter-imp>org.example.Mine</file-filter-imp>`, "<file-filter-imp> of fs-consumer \"org.example.Mine\" is no file filter that is supported here"},
		"expression":       {base + `<filter-expression>(</filter-expression>`, "<filter-expression> of fs-consumer \"(\" is no regular expression"},
		"sorter":           {base + `<file-sorter class="fs-sort-alphabetical"/>`, "did you mean fs-sort-alphabetic"},
		"other consumer":   {base + `<poller class="jms-poller"/>`, "known to Interlok, not supported here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := decodeAny[*FS](t, `<fs-consumer>`+c.fields+`</fs-consumer>`)
			if !strings.Contains(problems, c.want) {
				t.Errorf("got %s\nwant %s", problems, c.want)
			}
		})
	}
}

func TestDirectoryMustBeThere(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "file")
	for name, c := range map[string]struct{ dir, fields, want string }{
		"missing":              {filepath.Join(dir, "x", "y"), "", "does not exist; make it, or set create-dirs to true"},
		"a file":               {filepath.Join(dir, "file"), "", "is no directory"},
		"made":                 {filepath.Join(dir, "made", "of", "several"), "<create-dirs>true</create-dirs>", ""},
		"can not be made":      {filepath.Join(dir, "file", "x"), "<create-dirs>true</create-dirs>", "can not make its directory"},
		"there already":        {dir, "<create-dirs>true</create-dirs>", ""},
		"there without asking": {dir, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := fsConsumer(t, c.dir, c.fields).Init(t.Context())
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error: %v", err)
			}
		})
	}
	wantFiles(t, dir, "file=file", "made=(d---------)")
}
