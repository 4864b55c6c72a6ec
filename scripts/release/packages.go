package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/goreleaser/nfpm/v2"
	_ "github.com/goreleaser/nfpm/v2/apk" // registers the packager, as the next ones do
	_ "github.com/goreleaser/nfpm/v2/deb"
	nfpmfiles "github.com/goreleaser/nfpm/v2/files"
	_ "github.com/goreleaser/nfpm/v2/rpm"
)

// packaging is one kind of package.
type packaging struct {
	format string
	// completions are where its distributions keep those of zsh; the other shells' are in one place everywhere.
	zsh string
	// openRC says that services are started by OpenRC, not by systemd.
	openRC bool
}

var packagings = []packaging{
	{format: "deb", zsh: "usr/share/zsh/vendor-completions"},
	{format: "rpm", zsh: "usr/share/zsh/site-functions"},
	{format: "apk", zsh: "usr/share/zsh/site-functions", openRC: true},
}

const (
	summary     = "Interlok adapter documents into Amazon Kinesis Data Streams"
	description = "Reads an Adaptris Interlok adapter document and runs its channels into\nAmazon Kinesis Data Streams, without a JVM and without the native\nKinesis Producer Library."
)

// packages writes those of Linux.
func (r *release) packages(p platform, binary string, all files) error {
	if p.system != "linux" {
		return nil
	}
	for _, k := range packagings {
		if err := r.pack(k, p, binary, all); err != nil {
			return errors.Join(errors.New(k.format), err)
		}
	}
	return nil
}

func (r *release) pack(k packaging, p platform, binary string, all files) error {
	stage, err := os.MkdirTemp("", "adapterd-package-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	installed, err := r.installed(k, binary, all)
	if err != nil {
		return err
	}
	info := &nfpm.Info{
		Name: "adapterd", Arch: p.processor, Platform: p.system, Version: r.version.debian(r.at), VersionSchema: "none", Release: "1",
		Section: "net", Priority: "optional", Maintainer: "The adapterd authors <adapterd@localhost>",
		Description:     summary + "\n" + description,
		License:         all.licence(),
		DisableGlobbing: true, MTime: r.at,
	}
	info.Umask = 0o022
	switch k.format {
	case "deb":
		info.Recommends = []string{"ca-certificates"}
		info.Deb.Compression = "xz"
	case "rpm":
		info.Recommends = []string{"ca-certificates"}
		info.RPM.Summary, info.Description = summary, description
		info.RPM.Compression, info.RPM.BuildHost = "xz", "localhost"
	case "apk":
		info.Version, info.Release = r.version.alpine(r.at), "r0"
		info.Description = summary // apk reads a line
		info.Depends = []string{"ca-certificates-bundle"}
	}
	if err := r.scripts(k, info, stage); err != nil {
		return err
	}
	for _, f := range installed {
		source := filepath.Join(stage, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(source), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(source, f.content, f.mode); err != nil {
			return err
		}
		kind := nfpmfiles.TypeFile
		if strings.HasPrefix(f.path, "etc/") && !strings.HasPrefix(f.path, "etc/init.d/") {
			kind = nfpmfiles.TypeConfigNoReplace
		}
		info.Contents = append(info.Contents, &nfpmfiles.Content{
			Source: source, Destination: "/" + f.path, Type: kind, FileInfo: &nfpmfiles.ContentFileInfo{Mode: f.mode, Owner: "root", Group: "root", MTime: r.at},
		})
	}
	info.Contents = append(info.Contents, &nfpmfiles.Content{
		Destination: "/etc/adapterd", Type: nfpmfiles.TypeDir, FileInfo: &nfpmfiles.ContentFileInfo{Mode: 0o755, Owner: "root", Group: "root", MTime: r.at},
	})
	packager, err := nfpm.Get(k.format)
	if err != nil {
		return err
	}
	if err := nfpm.PrepareForPackager(info, k.format); err != nil {
		return err
	}
	return create(filepath.Join(r.out, packager.ConventionalFileName(info)), func(w io.Writer) error { return packager.Package(info, w) })
}

// installed are the files as they are in the file system.
func (r *release) installed(k packaging, binary string, all files) (files, error) {
	program, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	on := files{{"usr/bin/adapterd", 0o755, program}}
	for _, page := range all.under("man/man1") {
		short, err := compressed(page.content)
		if err != nil {
			return nil, err
		}
		on = append(on, file{"usr/share/man/man1/" + path.Base(page.path) + ".gz", 0o644, short})
	}
	for _, f := range all.under("examples") {
		on = append(on, file{"usr/share/doc/adapterd/" + f.path, 0o644, f.content})
	}
	for from, to := range map[string]string{
		"README.md": "usr/share/doc/adapterd/README.md", "CHANGELOG.md": "usr/share/doc/adapterd/CHANGELOG.md",
		"THIRD-PARTY-LICENSES.txt":  "usr/share/doc/adapterd/THIRD-PARTY-LICENSES.txt",
		"completions/adapterd.bash": "usr/share/bash-completion/completions/adapterd",
		"completions/_adapterd":     k.zsh + "/_adapterd",
		"completions/adapterd.fish": "usr/share/fish/vendor_completions.d/adapterd.fish",
	} {
		f, err := all.named(from)
		if err != nil {
			return nil, err
		}
		on = append(on, file{to, 0o644, f.content})
	}
	for i, f := range all.own() {
		name := f.path
		if k.format == "deb" && i == 0 { // where Debian looks for it
			name = "copyright"
		}
		on = append(on, file{"usr/share/doc/adapterd/" + name, 0o644, f.content})
	}
	service := []struct {
		from, to string
		mode     fs.FileMode
	}{
		{"systemd/adapterd.service", "usr/lib/systemd/system/adapterd.service", 0o644},
		{"systemd/adapterd.env", "etc/adapterd/adapterd.env", 0o600},
	}
	if k.openRC {
		service[0].from, service[0].to, service[0].mode = "openrc/adapterd.initd", "etc/init.d/adapterd", 0o755
		service[1].from, service[1].to = "openrc/adapterd.confd", "etc/conf.d/adapterd"
	}
	for _, s := range service {
		text, err := os.ReadFile(filepath.Join(r.root, "packaging", filepath.FromSlash(s.from)))
		if err != nil {
			return nil, err
		}
		on = append(on, file{s.to, s.mode, text})
	}
	return on, nil
}

// scripts are what runs when a package is installed, upgraded or removed. They are copied to the stage, since an apk tells the times of the files
// that they were, which are those of the checkout.
func (r *release) scripts(k packaging, info *nfpm.Info, stage string) error {
	var places map[string]*string
	switch k.format {
	case "deb":
		places = map[string]*string{"postinst": &info.Scripts.PostInstall, "prerm": &info.Scripts.PreRemove, "postrm": &info.Scripts.PostRemove}
	case "rpm":
		places = map[string]*string{"post": &info.Scripts.PostInstall, "preun": &info.Scripts.PreRemove, "postun": &info.Scripts.PostRemove}
	case "apk":
		places = map[string]*string{
			"pre-install": &info.Scripts.PreInstall, "post-install": &info.Scripts.PostInstall, "post-upgrade": &info.APK.Scripts.PostUpgrade, "pre-deinstall": &info.Scripts.PreRemove,
		}
	}
	for name, place := range places {
		text, err := os.ReadFile(filepath.Join(r.root, "packaging", k.format, name))
		if err != nil {
			return err
		}
		*place = filepath.Join(stage, "scripts", name)
		if err := os.MkdirAll(filepath.Dir(*place), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(*place, text, 0o755); err != nil {
			return err
		}
		if err := os.Chtimes(*place, r.at, r.at); err != nil {
			return err
		}
	}
	return nil
}

// compressed is a page as man finds it, the same for the same text.
func compressed(text []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
