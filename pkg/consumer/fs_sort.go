package consumer

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
)

// file is a file that a poll found. Its size and times are read when first asked for.
type file struct {
	name, directory string
	entry           fs.DirEntry
	at              *place
	stat            fs.FileInfo
}

func (f *file) path() string { return filepath.Join(f.directory, f.name) }

// isDirectory says whether it is one, or a symbolic link to one.
func (f *file) isDirectory() bool {
	if f.entry.Type()&fs.ModeSymlink == 0 {
		return f.entry.IsDir()
	}
	info, err := f.info()
	return err == nil && info.IsDir()
}

// info describes the file, or the one that a symbolic link leads to.
func (f *file) info() (fs.FileInfo, error) {
	if f.stat != nil {
		return f.stat, nil
	}
	var info fs.FileInfo
	var err error
	if f.entry.Type()&fs.ModeSymlink != 0 {
		info, err = os.Stat(f.path())
	} else {
		info, err = f.entry.Info()
	}
	if err != nil {
		return nil, err
	}
	f.stat = info
	return info, nil
}

// fileSorter puts the files of a poll into order. It leaves out those that vanished meanwhile.
type fileSorter interface{ sort([]file) []file }

// SortNone is Interlok's NoSorting: the order of the directory.
type SortNone struct{}

func (*SortNone) sort(files []file) []file { return files }

// SortAlphabetic and SortAlphabeticDescending order by name, byte by byte.
type (
	SortAlphabetic           struct{}
	SortAlphabeticDescending struct{}
)

func (*SortAlphabetic) sort(files []file) []file           { return byName(files, 1) }
func (*SortAlphabeticDescending) sort(files []file) []file { return byName(files, -1) }

func byName(files []file, sign int) []file {
	slices.SortFunc(files, func(a, b file) int { return sign * strings.Compare(a.name, b.name) })
	return files
}

// SortLastModified and SortLastModifiedDescending order by the time of the last modification; the oldest, or the newest, comes first.
type (
	SortLastModified           struct{}
	SortLastModifiedDescending struct{}
)

func modified(i fs.FileInfo) int64                           { return i.ModTime().UnixNano() }
func (*SortLastModified) sort(files []file) []file           { return byNumber(files, 1, modified) }
func (*SortLastModifiedDescending) sort(files []file) []file { return byNumber(files, -1, modified) }

// SortSize and SortSizeDescending order by size; the smallest, or the largest, comes first.
type (
	SortSize           struct{}
	SortSizeDescending struct{}
)

func (*SortSize) sort(files []file) []file           { return byNumber(files, 1, fs.FileInfo.Size) }
func (*SortSizeDescending) sort(files []file) []file { return byNumber(files, -1, fs.FileInfo.Size) }

// byNumber orders by a number of each file's; files alike stand in the order of their names, so that the order is always the same.
func byNumber(files []file, sign int, number func(fs.FileInfo) int64) []file {
	there := files[:0]
	for _, f := range files {
		if _, err := f.info(); err == nil {
			there = append(there, f)
		}
	}
	slices.SortFunc(there, func(a, b file) int {
		return cmp.Or(sign*cmp.Compare(number(a.stat), number(b.stat)), strings.Compare(a.name, b.name))
	})
	return there
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.fs.enhanced."
	component.Register[SortNone]("fs-sort-none", pkg+"NoSorting", kind, "takes files in the order of the directory")
	component.Register[SortAlphabetic]("fs-sort-alphabetic", pkg+"AlphabeticAscending", kind, "takes files by name")
	component.Register[SortAlphabeticDescending]("fs-sort-alphabetic-descending", pkg+"AlphabeticDescending", kind, "takes files by name, the last first")
	component.Register[SortLastModified]("fs-sort-last-modified", pkg+"LastModifiedAscending", kind, "takes the file first that was modified longest ago")
	component.Register[SortLastModifiedDescending]("fs-sort-last-modified-descending", pkg+"LastModifiedDescending", kind, "takes the file first that was modified last")
	component.Register[SortSize]("fs-sort-size", pkg+"SizeAscending", kind, "takes the smallest file first")
	component.Register[SortSizeDescending]("fs-sort-size-descending", pkg+"SizeDescending", kind, "takes the largest file first")
}
