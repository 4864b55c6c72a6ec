package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var some = files{{"b", 0o755, []byte("program")}, {"a/c", 0o644, []byte("text\n")}}

func sample(t *testing.T) (*release, string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	v, err := parseVersion("v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "adapterd")
	if err := os.WriteFile(binary, bytes.Repeat([]byte("program"), 1000), 0o755); err != nil {
		t.Fatal(err)
	}
	return &release{root: root, out: t.TempDir(), version: v, at: at}, binary
}

// documents are those of a release, as far as packages want them.
func documents() files {
	all := files{{"man/man1/adapterd.1", 0o644, []byte(".TH ADAPTERD 1\n")}, {"examples/adapter.xml", 0o644, []byte("<adapter/>\n")}, {"LICENSE", 0o644, []byte("mine\n")}}
	for _, name := range []string{"README.md", "CHANGELOG.md", "THIRD-PARTY-LICENSES.txt"} {
		all = append(all, file{name, 0o644, []byte(name)})
	}
	for _, c := range completions {
		all = append(all, file{"completions/" + c.name, 0o644, []byte(c.shell)})
	}
	return all
}

func TestArchivesAreTheSameEachTime(t *testing.T) {
	for name, write := range map[string]func(io.Writer, string, files) error{
		"tar.gz": func(w io.Writer, d string, f files) error { return writeTar(w, d, f, at) },
		"zip":    func(w io.Writer, d string, f files) error { return writeZip(w, d, f, at) },
	} {
		var first, second bytes.Buffer
		if err := errors.Join(write(&first, "adapterd_1", some), write(&second, "adapterd_1", some)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%s: not the same", name)
		}
	}
}

func TestAnArchiveHasOneDirectoryAndFixedTimes(t *testing.T) {
	r, binary := sample(t)
	for _, p := range []platform{{"linux", "amd64"}, {"windows", "arm64"}} {
		if err := r.archive(p, binary, documents()); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Open(filepath.Join(r.out, "adapterd_1.2.3_linux_amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil || !z.ModTime.IsZero() || z.Name != "" {
		t.Fatalf("%v %q, %v", z.ModTime, z.Name, err)
	}
	var names []string
	for entries := tar.NewReader(z); ; {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Uname != "root" {
			t.Errorf("%+v", h)
		}
		if want := int64(0o644); h.Name != "adapterd_1.2.3_linux_amd64/adapterd" && h.Mode != want {
			t.Errorf("%s has mode %o", h.Name, h.Mode)
		}
		names = append(names, h.Name)
	}
	if !slices.IsSorted(names) || !slices.Contains(names, "adapterd_1.2.3_linux_amd64/systemd/adapterd.service") {
		t.Errorf("%q", names)
	}
	w, err := zip.OpenReader(filepath.Join(r.out, "adapterd_1.2.3_windows_arm64.zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, e := range w.File {
		if !e.Modified.Equal(at) || !strings.HasPrefix(e.Name, "adapterd_1.2.3_windows_arm64/") {
			t.Errorf("%+v", e.FileHeader)
		}
	}
}

func TestPackagesAreTheSameEachTime(t *testing.T) {
	r, binary := sample(t)
	other := *r
	other.out, other.root = t.TempDir(), t.TempDir()
	// A checkout elsewhere, at another time.
	if err := os.CopyFS(filepath.Join(other.root, "packaging"), os.DirFS(filepath.Join(r.root, "packaging"))); err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Glob(filepath.Join(other.root, "packaging", "*", "*"))
	if err != nil || len(scripts) < 10 {
		t.Fatal(scripts, err)
	}
	for _, path := range scripts {
		if err := os.Chtimes(path, at.Add(-time.Hour), at.Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	for _, one := range []*release{r, &other} {
		for _, p := range []platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}} {
			if err := one.packages(p, binary, documents()); err != nil {
				t.Fatal(err)
			}
		}
		if err := one.sums(); err != nil {
			t.Fatal(err)
		}
	}
	sums, err := os.ReadFile(filepath.Join(r.out, sumsName))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"adapterd_1.2.3-1_amd64.deb", "adapterd_1.2.3-1_arm64.deb", "adapterd-1.2.3-1.x86_64.rpm", "adapterd-1.2.3-1.aarch64.rpm",
		"adapterd_1.2.3-r0_x86_64.apk", "adapterd_1.2.3-r0_aarch64.apk",
	} {
		if !strings.Contains(string(sums), "  "+name+"\n") {
			t.Errorf("there is no %s:\n%s", name, sums)
		}
	}
	if again, err := os.ReadFile(filepath.Join(other.out, sumsName)); err != nil || !bytes.Equal(sums, again) || bytes.Count(sums, []byte("\n")) != 6 {
		t.Errorf("%v:\n%s\n%s", err, sums, again)
	}
}

func TestPackagesSayWhatTheLicenceIs(t *testing.T) {
	r, binary := sample(t)
	with := documents()
	without := append(slices.DeleteFunc(documents(), func(f file) bool { return f.path == "LICENSE" }), noLicence)
	for name, c := range map[string]struct {
		all           files
		format        string
		licence, want string
		text          []byte
	}{
		"deb":         {with, "deb", "LicenseRef-adapterd", "copyright", []byte("mine\n")},
		"rpm":         {with, "rpm", "LicenseRef-adapterd", "LICENSE", []byte("mine\n")},
		"deb without": {without, "deb", "NONE", "copyright", noLicence.content},
		"apk without": {without, "apk", "NONE", "NO-LICENSE.txt", noLicence.content},
	} {
		on, err := r.installed(packaging{format: c.format}, binary, c.all)
		if err != nil {
			t.Fatal(err)
		}
		f, err := on.named("usr/share/doc/adapterd/" + c.want)
		if got := c.all.licence(); err != nil || got != c.licence || !bytes.Equal(f.content, c.text) {
			t.Errorf("%s: %s, %q, %v", name, got, f.content, err)
		}
	}
}

// An apk's description is a line: what follows in a second one would be read as another field.
func TestApksAreDescribedInALine(t *testing.T) {
	r, binary := sample(t)
	if err := r.packages(platform{"linux", "amd64"}, binary, documents()); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(r.out, "adapterd_1.2.3-r0_x86_64.apk"))
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	for entries := tar.NewReader(z); ; {
		h, err := entries.Next()
		if err != nil {
			t.Fatal(err)
		}
		if h.Name != ".PKGINFO" {
			continue
		}
		text, err := io.ReadAll(entries)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.SplitSeq(strings.TrimSpace(string(text)), "\n") {
			if !strings.HasPrefix(line, "#") && !strings.Contains(line, " = ") {
				t.Errorf("%q is no field", line)
			}
		}
		return
	}
}

func TestAProgramIsSmall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adapterd")
	if err := os.WriteFile(path, nil, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := small(path); err != nil {
		t.Error(err)
	}
	if err := os.Truncate(path, mostBytes+1); err != nil {
		t.Fatal(err)
	}
	if err := small(path); err == nil {
		t.Error("one that is too large was taken")
	}
}

func TestOnlyAReleaseIsReplacedByAnother(t *testing.T) {
	r := &release{out: t.TempDir()}
	for _, name := range []string{"adapterd_1.tar.gz", sumsName} {
		if err := os.WriteFile(filepath.Join(r.out, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.clear(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(r.out); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	for _, name := range []string{"adapterd_1.tar.gz", "thesis.tex"} {
		if err := os.WriteFile(filepath.Join(r.out, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.clear(); err == nil || !strings.Contains(err.Error(), "thesis.tex") {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(r.out); len(left) != 2 {
		t.Errorf("%v", left)
	}
}

func TestTheTimeOfABuild(t *testing.T) {
	for name, c := range map[string]struct {
		epoch string
		bad   bool
	}{
		"a commit's":  {epoch: "1795523405"},
		"before zip":  {epoch: "0", bad: true},
		"after gzip":  {epoch: "4294967296", bad: true},
		"no number":   {epoch: "today", bad: true},
		"of a commit": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SOURCE_DATE_EPOCH", c.epoch)
			if c.epoch == "" {
				if _, err := os.Stat("../../.git"); err != nil {
					t.Skip("this is no clone")
				}
			}
			got, err := buildTime(t.Context(), "../..")
			if (err != nil) != c.bad || err == nil && c.epoch != "" && !got.Equal(at) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

func TestAModuleWithoutALicenceIsNotReleased(t *testing.T) {
	r, _ := sample(t)
	dir := t.TempDir()
	if _, err := r.licences([]module{{"example.com/a", "v1.0.0", dir}}); err == nil || !strings.Contains(err.Error(), "example.com/a v1.0.0 has no file with its licence") {
		t.Errorf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "LICENSE.md"), []byte("Do what you like.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := r.licences([]module{{"example.com/a", "v1.0.0", dir}})
	if err != nil || !strings.Contains(string(text), "example.com/a v1.0.0: LICENSE.md\n\nDo what you like.\n") {
		t.Errorf("%s, %v", text, err)
	}
}
