package consumer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/failed"
)

// fileSource is what consumers of files share (Interlok: FsConsumerImpl): which files there are, and which of them are to be consumed.
type fileSource struct {
	polling
	BaseDirectory string             `xml:"base-directory-url,required" example:"file://localhost/./messages/in" doc:"the directory, as a file URL or a path; relative to the working directory"`
	Filter        string             `xml:"filter-expression" doc:"which files to take, in the language of file-filter-imp; all by default"`
	FilterClass   string             `xml:"file-filter-imp" default:"org.apache.commons.io.filefilter.RegexFileFilter" doc:"Java class of the filter: by default a regular expression for the whole name"`
	Sorter        fileSorter         `xml:"file-sorter" default:"fs-sort-none" doc:"the order of the files of one poll"`
	QuietInterval component.Interval `xml:"quiet-interval" default:"0s" doc:"how long a file must not have been modified"`
	CreateDirs    bool               `xml:"create-dirs" default:"false" doc:"true makes the directory if it is not there"`
	LogAll        bool               `xml:"log-all-exceptions" default:"true" doc:"true logs why a directory could not be listed, false only that"`

	alias     string
	directory string
	filter    fileFilter
	// deep says that the directories below count too.
	deep bool
	// ignores says which names are never looked at; nil for none.
	ignores func(name string) bool
	waiting waiting
	log     *zap.Logger
	// told are the paths of files that can not be consumed, and why, as far as the log was told. The polling goroutine owns it.
	told map[string]string
}

func (s *fileSource) check(r *component.Report, alias string) {
	s.alias = alias
	if s.BaseDirectory != "" {
		path, err := document.FilePath(s.BaseDirectory)
		if err != nil {
			r.Errorf("base-directory-url", "bad-value", "is %q: %v", s.BaseDirectory, err)
		}
		s.directory = path
	}
	var err error
	if s.filter, err = newFileFilter(s.FilterClass, s.Filter); err != nil {
		element := "filter-expression"
		if filterClasses[strings.TrimSpace(s.FilterClass)] == nil {
			element = "file-filter-imp"
		}
		r.Errorf(element, "bad-value", ": %v", err)
	}
	if p, ok := s.Poller.(*EventPoller); ok {
		if s.QuietInterval.Duration <= 0 {
			r.Errorf("quiet-interval", "missing-element", "is needed with fs-immediate-event-poller, or a file would be taken as soon as somebody begins to write it; give the time after which a file is complete, such as 1 second")
		}
		p.directories, p.ignores = s.directories, s.ignores
	}
}

// prepare makes the directory if it may, and says what is wrong with it.
func (s *fileSource) prepare() error {
	if s.CreateDirs {
		if err := os.MkdirAll(s.directory, 0o777); err != nil { // the umask decides, as for any directory that a user makes
			return fmt.Errorf("%s can not make its directory: %w; check the path and its permissions", s.alias, err)
		}
	}
	info, err := os.Stat(s.directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: the directory %s does not exist; make it, or set create-dirs to true", s.alias, s.directory)
	case err != nil:
		return fmt.Errorf("%s: %w", s.alias, err)
	case !info.IsDir():
		return fmt.Errorf("%s: %s is no directory; base-directory-url names one", s.alias, s.directory)
	}
	return nil
}

// begin starts to poll.
func (s *fileSource) begin(ctx context.Context, poll func(ctx context.Context, limit int) (worked bool)) error {
	s.log = component.Logger(ctx).With(zap.String("directory", s.directory))
	s.told = make(map[string]string)
	return s.start(ctx, poll)
}

// list reads a directory in its own order; sorting is the sorter's matter.
func (s *fileSource) list(directory string) ([]fs.DirEntry, error) {
	d, err := os.Open(directory)
	if errors.Is(err, fs.ErrNotExist) && s.CreateDirs && directory == s.directory {
		return nil, os.MkdirAll(directory, 0o777) // somebody removed it
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.ReadDir(-1)
}

// directories are those that files may come from, the first being the consumer's own.
func (s *fileSource) directories() []string {
	all := []string{s.directory}
	if !s.deep {
		return all
	}
	for i, chains := 0, [][]fs.FileInfo{s.above(nil, s.directory)}; i < len(all); i++ {
		entries, err := s.list(all[i])
		if err != nil {
			continue // it is gone, or the next poll tells
		}
		for _, e := range entries {
			path := filepath.Join(all[i], e.Name())
			if e.Type()&(fs.ModeDir|fs.ModeSymlink) == 0 || e.Name() == failed.Subdirectory {
				continue
			}
			if chain := s.above(chains[i], path); chain != nil {
				all, chains = append(all, path), append(chains, chain)
			}
		}
	}
	return all
}

// above is chain, the directories that a directory stands in, and the directory at path; nil if there is none, or if it is one of those
// that it stands in: a symbolic link to it would be followed for ever.
func (s *fileSource) above(chain []fs.FileInfo, path string) []fs.FileInfo {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil
	}
	for _, parent := range chain {
		if os.SameFile(parent, info) {
			return nil
		}
	}
	return append(chain[:len(chain):len(chain)], info)
}

// place is where files stand: metadata that is the same for all of a directory.
type place struct {
	// url is the directory as the path of a URL, name its own name.
	url, name string
	// path is absolute, and real the same without links, once it was asked for.
	path, real string
}

func (p *place) canonical() string {
	if p.real == "" {
		p.real = p.path
		if real, err := filepath.EvalSymlinks(p.path); err == nil {
			p.real = real
		}
	}
	return p.real
}

func placeOf(directory string) *place {
	absolute, err := filepath.Abs(directory)
	if err != nil {
		absolute = directory // the working directory is gone
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // a drive of Windows
		slashed = "/" + slashed
	}
	return &place{path: absolute, url: (&url.URL{Path: strings.TrimSuffix(slashed, "/") + "/"}).EscapedPath(), name: filepath.Base(absolute)}
}
