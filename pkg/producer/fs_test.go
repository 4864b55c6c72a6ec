package producer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

func fsProducer(t testing.TB, dir, more string) *FS {
	t.Helper()
	p := mustDecode[component.Producer](t, `<producer class="fs-producer"><base-directory-url>`+dir+`</base-directory-url>`+more+`</producer>`)
	if err := component.Init(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	return p.(*FS)
}

// files lists what is in a directory, with content, whatever its depth.
func files(t testing.TB, dir string) string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		out = append(out, filepath.ToSlash(name)+"="+string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

const named = `<filename-creator class="metadata-file-name-creator"><metadata-key>name</metadata-key></filename-creator>`

func TestFSProducerWritesFiles(t *testing.T) {
	for name, c := range map[string]struct {
		base, more string // of the directory
		before     string // content of a file out.txt that is there already
		metadata   []string
		want       string
		err        string
	}{
		"named by id":                {"", "", "", nil, "id-1=data", ""},
		"named by metadata":          {"", named, "", []string{"name", "out.txt"}, "out.txt=data", ""},
		"default name":               {"", named, "", []string{"name", ""}, "MetadataFileNameCreator_default=data", ""},
		"standard worker refuses":    {"", named + `<fs-worker class="fs-standard-worker"/>`, "old", []string{"name", "out.txt"}, "out.txt=old", "there is a file of that name"},
		"default worker refuses":     {"", named, "old", []string{"name", "out.txt"}, "out.txt=old", "there is a file of that name"},
		"overwrite":                  {"", named + `<fs-worker class="com.adaptris.fs.OverwriteIfExistsWorker"/>`, "old", []string{"name", "out.txt"}, "out.txt=data", ""},
		"append":                     {"", named + `<fs-worker class="fs-append-file"/>`, "old", []string{"name", "out.txt"}, "out.txt=olddata", ""},
		"append to nothing":          {"", named + `<fs-worker class="fs-append-file"/>`, "", []string{"name", "out.txt"}, "out.txt=data", ""},
		"directory by metadata":      {"/%message{day}", "<create-dirs>true</create-dirs>" + named, "", []string{"day", "mon/am", "name", "a"}, "mon/am/a=data", ""},
		"below the directory":        {"", "<create-dirs>true</create-dirs>" + named, "", []string{"name", "sub/a"}, "sub/a=data", ""},
		"no such directory":          {"/none", named, "", []string{"name", "a"}, "", "set <create-dirs>true</create-dirs>"},
		"name leads out":             {"", named, "", []string{"name", "../a"}, "", "leads out of the base directory"},
		"name leads out in a detour": {"", named, "", []string{"name", "x/../../a"}, "", "leads out of the base directory"},
		"absolute name":              {"", named, "", []string{"name", "/tmp/a"}, "", "leads out of the base directory"},
		"name is the directory":      {"", named, "", []string{"name", "x/.."}, "", "leads out of the base directory"},
		"name with a zero":           {"", named, "", []string{"name", "a\x00b"}, "", "leads out of the base directory"},
		"directory leads out":        {"/%message{day}", named, "", []string{"day", "../..", "name", "a"}, "", `".." may come from the document only`},
		"encoded directory":          {"/%message{day}", named, "", []string{"day", "%2e%2e/x", "name", "a"}, "", `".." may come from the document only`},
		"backslash directory":        {"/%message{day}", named, "", []string{"day", `..\x`, "name", "a"}, "", `".." may come from the document only`},
		"missing metadata":           {"/%message{day}", named, "", []string{"name", "a"}, "", "<base-directory-url> of fs-producer"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			dir := filepath.Join(root, "out")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if c.before != "" {
				if err := os.WriteFile(filepath.Join(dir, "out.txt"), []byte(c.before), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			p := fsProducer(t, "file://"+filepath.ToSlash(dir)+c.base, c.more)
			m := testMessage(c.metadata...)
			m.SetPayload([]byte("data"))
			m.SetID("id-1")
			err := p.Produce(t.Context(), m)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("got %v, want %q", err, c.err)
			}
			if got := files(t, dir); got != c.want {
				t.Errorf("files %q, want %q", got, c.want)
			}
			if got := files(t, root); c.want == "" && got != "" {
				t.Errorf("files outside: %q", got)
			}
			if c.err == "" {
				wantName, _, _ := strings.Cut(filepath.Base(c.want), "=")
				if got, _ := m.Metadata("producedname"); got != wantName {
					t.Errorf("producedname %q, want %q", got, wantName)
				}
				got, _ := m.Metadata("fsProduceDir")
				if want, _ := filepath.EvalSymlinks(filepath.Dir(filepath.Join(dir, strings.Split(c.want, "=")[0]))); got != want {
					t.Errorf("fsProduceDir %q, want %q", got, want)
				}
			}
		})
	}
}

func TestFSProducerRefusesWhatCanNotWork(t *testing.T) {
	for name, c := range map[string]struct{ xml, want string }{
		"no directory": {`<producer class="fs-producer"/>`, "fs-producer has no <base-directory-url>, which it needs; add it, such as <base-directory-url>file:///var/messages/out</base-directory-url>"},
		"other URL":    {`<producer class="fs-producer"><base-directory-url>ftp://x/y</base-directory-url></producer>`, "<base-directory-url> of fs-producer is no directory: ftp://x/y is no file"},
		"format":       {`<producer class="fs-producer"><base-directory-url>x</base-directory-url><filename-creator class="formatted-filename-creator"><filename-format>%9$s</filename-format></filename-creator></producer>`, `<filename-format> of formatted-filename-creator is "%9$s": %9$s: there is no such argument`},
		"append":       {`<producer class="fs-producer"><base-directory-url>x</base-directory-url><temp-directory>t</temp-directory><fs-worker class="fs-append-file"/></producer>`, "<temp-directory> of fs-producer has no effect with fs-append-file"},
		"default":      {`<producer class="fs-producer"><base-directory-url>x</base-directory-url><filename-creator class="metadata-file-name-creator"><metadata-key>k</metadata-key><default-name> </default-name></filename-creator></producer>`, "<default-name> of metadata-file-name-creator is blank"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, problems := decode[component.Producer](t, c.xml); !strings.Contains(problems, c.want) {
				t.Errorf("got  %s\nwant %s", problems, c.want)
			}
		})
	}
}

func TestFSProducerUsesTheTemporaryDirectory(t *testing.T) {
	root := t.TempDir()
	p := fsProducer(t, filepath.Join(root, "out"), "<create-dirs>true</create-dirs><temp-directory>"+filepath.Join(root, "temporary")+"</temp-directory>"+named)
	if err := p.Produce(t.Context(), testMessage("name", "a")); err != nil {
		t.Fatal(err)
	}
	if got := files(t, root); got != `out/a={"id":"7"}` {
		t.Errorf("files %q", got)
	}
	if err := os.RemoveAll(filepath.Join(root, "temporary")); err != nil {
		t.Fatal(err)
	}
	if err := p.Produce(t.Context(), testMessage("name", "b")); err == nil {
		t.Error("wrote without the temporary directory")
	}
}

// A temporary directory on another file system can not be moved from; then the file is copied. The move that fails once stands for it.
func TestFilesFromAnotherFileSystemAreCopied(t *testing.T) {
	root, moves := t.TempDir(), 0
	err := writeThen(filepath.Join(root, "a"), t.TempDir(), []byte("data"), func(from, to string) error {
		if moves++; moves == 1 {
			return &os.LinkError{Op: "rename", Err: errors.New("invalid cross-device link")}
		}
		return publish(from, to)
	})
	if got := files(t, root); err != nil || got != "a=data" {
		t.Errorf("%v, files %q", err, got)
	}
}

func TestOneOfManyWritersOfANameWins(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named)
	var wg sync.WaitGroup
	won := make(chan int, 16)
	for i := range cap(won) {
		wg.Go(func() {
			m := message.New(fmt.Appendf(nil, "%d", i))
			m.SetMetadata("name", "same")
			if p.Produce(t.Context(), m) == nil {
				won <- i
			}
		})
	}
	wg.Wait()
	close(won)
	if len(won) != 1 {
		t.Fatalf("%d writers won", len(won))
	}
	if got, want := files(t, dir), fmt.Sprintf("same=%d", <-won); got != want {
		t.Errorf("files %q, want %q", got, want)
	}
}

func TestAppendedMessagesDoNotMix(t *testing.T) {
	dir := t.TempDir()
	p := fsProducer(t, dir, named+`<fs-worker class="fs-append-file"/>`)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m := message.New([]byte(strings.Repeat(string(rune('a'+i)), 1000) + "\n"))
			m.SetMetadata("name", "log")
			if err := p.Produce(t.Context(), m); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	data, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(data))
	if len(lines) != 8 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if strings.Trim(line, line[:1]) != "" || len(line) != 1000 {
			t.Errorf("mixed line %q", line)
		}
	}
}

// Whatever a message says, its file is below the base directory.
func TestFilesNeverLeaveTheBaseDirectory(t *testing.T) {
	root := t.TempDir()
	base := filepath.Join(root, "base")
	p := fsProducer(t, base+"/%message{dir}", "<create-dirs>true</create-dirs>"+named)
	segment := rapid.SampledFrom([]string{"..", ".", "/", "\\", "a", "%2e", "%2e%2e", ":", "~", "\x00", "file:", "C:"})
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) string {
			return strings.Join(rapid.SliceOfN(segment, 0, 6).Draw(t, name), rapid.SampledFrom([]string{"", "/"}).Draw(t, "between"))
		}
		target, err := p.target(testMessage("dir", text("dir"), "name", text("name")))
		if err != nil {
			return
		}
		if inside, err := filepath.Rel(base, target); err != nil || !filepath.IsLocal(inside) {
			t.Fatalf("%s is outside", target)
		}
	})
}
