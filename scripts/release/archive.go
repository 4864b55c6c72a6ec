package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// name is what the files of a platform are called, without the ending.
func (r *release) name(p platform) string {
	return "adapterd_" + r.version.file() + "_" + p.system + "_" + p.processor
}

// archive writes the program and what comes beside it: zip for Windows, tar.gz for others.
func (r *release) archive(p platform, binary string, all files) error {
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	all = append(all.clone(), file{filepath.Base(binary), 0o755, program})
	if p.system == "linux" {
		unit, err := os.ReadFile(filepath.Join(r.root, "packaging", "systemd", "adapterd.service"))
		if err != nil {
			return err
		}
		all = append(all, file{"systemd/adapterd.service", 0o644, unit})
	}
	slices.SortFunc(all, func(a, b file) int { return strings.Compare(a.path, b.path) })
	write, ending := writeTar, ".tar.gz"
	if p.system == "windows" {
		write, ending = writeZip, ".zip"
	}
	return create(filepath.Join(r.out, r.name(p)+ending), func(w io.Writer) error { return write(w, r.name(p), all, r.at) })
}

// create writes a file; one that could not be written to its end is removed.
func create(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// writeTar writes files of root, who owns nothing on the machine where they are unpacked by another.
func writeTar(w io.Writer, directory string, all files, at time.Time) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range all {
		if err := t.WriteHeader(&tar.Header{
			Typeflag: tar.TypeReg, Name: directory + "/" + f.path, Size: int64(len(f.content)), Mode: int64(f.mode), ModTime: at, Uname: "root", Gname: "root", Format: tar.FormatUSTAR,
		}); err != nil {
			return err
		}
		if _, err := t.Write(f.content); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}

func writeZip(w io.Writer, directory string, all files, at time.Time) error {
	z := zip.NewWriter(w)
	for _, f := range all {
		h := &zip.FileHeader{Name: directory + "/" + f.path, Method: zip.Deflate, Modified: at}
		h.SetMode(f.mode)
		entry, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := entry.Write(f.content); err != nil {
			return err
		}
	}
	return z.Close()
}
