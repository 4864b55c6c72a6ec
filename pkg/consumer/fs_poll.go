package consumer

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata of a consumed file (Interlok's CoreConstants).
const (
	metadataName       = "originalname"
	metadataModified   = "lastmodified" // milliseconds since 1970
	metadataSize       = "fsFileSize"
	metadataDirectory  = "fsConsumeDir" // as the path of a URL, with a slash at its end
	metadataParentName = "fsParentDir"
)

// pass is one look at the directories.
type pass struct {
	limit int
	take  func(ctx context.Context, c *file) bool
	now   time.Time
	taken int
	// later says that there are files that are not quiet yet, cut that the limit or a stop ended the pass before it had seen all.
	later, cut bool
}

// look gives the files that are there to take, in the sorter's order, until limit of them are taken. It says whether there was work, and
// whether all files have been seen.
func (s *fileSource) look(ctx context.Context, limit int, take func(ctx context.Context, c *file) bool) (worked, all bool) {
	s.forget()
	p := &pass{limit: limit, take: take, now: time.Now()}
	var chain []fs.FileInfo
	if s.deep {
		chain = s.above(nil, s.directory)
	}
	if err := s.directoryOf(ctx, p, s.directory, chain); err != nil {
		log := s.log
		if s.LogAll {
			log = log.With(zap.Error(err))
		}
		log.Warn("directory can not be listed; the next poll tries again")
		return true, false
	}
	return p.later || p.cut || p.taken > 0, !p.cut
}

// directoryOf is the part of a pass in one directory, and those below it. chain are the directories that it stands in.
func (s *fileSource) directoryOf(ctx context.Context, p *pass, directory string, chain []fs.FileInfo) error {
	entries, err := s.list(directory)
	if err != nil {
		return err
	}
	files := make([]file, 0, len(entries))
	at := placeOf(directory)
	for _, e := range entries {
		c := file{name: e.Name(), directory: directory, entry: e, at: at}
		if s.deep && c.isDirectory() {
			if c.name != failed.Subdirectory { // what is in there are no messages
				files = append(files, c)
			}
			continue
		}
		take, later := s.takes(&c, p.now)
		p.later = p.later || later
		if take {
			files = append(files, c)
		}
	}
	s.waiting.listed(len(files))
	for _, c := range s.Sorter.sort(files) {
		if ctx.Err() != nil || p.limit > 0 && p.taken == p.limit {
			p.cut = true
			return nil
		}
		if s.deep && c.isDirectory() {
			inner := s.above(chain, c.path())
			if inner == nil {
				continue
			}
			if err := s.directoryOf(ctx, p, c.path(), inner); err != nil && !errors.Is(err, fs.ErrNotExist) {
				s.complain(c.path(), err.Error())
			}
			if p.cut {
				return nil
			}
			continue
		}
		s.waiting.tried()
		if p.take(ctx, &c) {
			p.taken++
		}
	}
	return nil
}

// takes says whether a file is to be consumed, now or later. Files that vanish meanwhile are nothing that anybody needs to hear of.
func (s *fileSource) takes(c *file, now time.Time) (take, later bool) {
	kind := c.entry.Type()
	if kind.IsDir() || s.ignores != nil && s.ignores(c.name) {
		return false, false
	}
	if kind&fs.ModeSymlink != 0 {
		info, err := c.info()
		if err != nil || info.IsDir() {
			return false, false
		}
		kind = info.Mode().Type()
	}
	if ok, err := s.filter.accepts(c, now); err != nil || !ok {
		return false, false
	}
	if !kind.IsRegular() { // opening a pipe would wait for ever
		s.complain(c.path(), "it is no regular file")
		return false, false
	}
	if s.QuietInterval.Duration > 0 {
		info, err := c.info()
		if err != nil {
			return false, false
		}
		if now.Sub(info.ModTime()) < s.QuietInterval.Duration {
			return false, true
		}
	}
	return true, false
}

// complain says once why a file can not be consumed, and again when the reason changes.
func (s *fileSource) complain(path, reason string) {
	if s.told[path] == reason {
		return
	}
	s.told[path] = reason
	s.log.Warn("file is not consumed; each poll tries again", zap.String("file", s.shown(path)), zap.String("reason", reason))
}

// shown is what the log calls a file: its name, with those of the directories below the consumer's own.
func (s *fileSource) shown(path string) string {
	if name, err := filepath.Rel(s.directory, path); err == nil {
		return filepath.ToSlash(name)
	}
	return path
}

// forget drops complaints about files that are gone.
func (s *fileSource) forget() {
	for path := range s.told {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			delete(s.told, path)
		}
	}
}

// describe tells the message of a file where it comes from.
func (f *file) describe(m *message.Message, info fs.FileInfo) *message.Message {
	m.SetMetadata(metadataName, f.name)
	m.SetMetadata(metadataModified, strconv.FormatInt(info.ModTime().UnixMilli(), 10))
	m.SetMetadata(metadataSize, strconv.FormatInt(info.Size(), 10))
	m.SetMetadata(metadataDirectory, f.at.url)
	m.SetMetadata(metadataParentName, f.at.name)
	return m
}
