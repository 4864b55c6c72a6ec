package consumer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

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

// largestFile is about what a byte array of Java's can hold: no larger file can come from Interlok either.
const largestFile = math.MaxInt32 - 8

// poll offers the files that are there, in the sorter's order.
func (f *FS) poll(ctx context.Context, limit int) (worked bool) {
	entries, err := f.list()
	if err != nil {
		log := f.log
		if f.LogAll {
			log = log.With(zap.Error(err))
		}
		log.Warn("directory can not be listed; the next poll tries again")
		return true
	}
	f.forget(entries)
	files := make([]file, 0, len(entries))
	now := time.Now()
	for _, e := range entries {
		c := file{name: e.Name(), directory: f.directory, entry: e}
		take, later := f.takes(&c, now)
		worked = worked || later
		if take {
			files = append(files, c)
		}
	}
	taken := 0
	for _, c := range f.Sorter.sort(files) {
		if ctx.Err() != nil || limit > 0 && taken == limit {
			return true
		}
		if f.consume(ctx, &c) {
			taken++
		}
	}
	return worked || taken > 0
}

// list reads the directory in its own order; sorting is the sorter's matter.
func (f *FS) list() ([]fs.DirEntry, error) {
	d, err := os.Open(f.directory)
	if errors.Is(err, fs.ErrNotExist) && f.CreateDirs {
		return nil, os.MkdirAll(f.directory, 0o777) // somebody removed it
	}
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.ReadDir(-1)
}

// takes says whether a file is to be consumed, now or later. Files that vanish meanwhile are nothing that anybody needs to hear of.
func (f *FS) takes(c *file, now time.Time) (take, later bool) {
	kind := c.entry.Type()
	if kind.IsDir() || strings.HasSuffix(c.name, f.WIPSuffix) {
		return false, false
	}
	if kind&fs.ModeSymlink != 0 {
		info, err := c.info()
		if err != nil || info.IsDir() {
			return false, false
		}
		kind = info.Mode().Type()
	}
	if ok, err := f.filter.accepts(c, now); err != nil || !ok {
		return false, false
	}
	if !kind.IsRegular() { // opening a pipe would wait for ever
		f.complain(c.name, "it is no regular file")
		return false, false
	}
	if f.QuietInterval.Duration > 0 {
		info, err := c.info()
		if err != nil {
			return false, false
		}
		if now.Sub(info.ModTime()) < f.QuietInterval.Duration {
			return false, true
		}
	}
	return true, false
}

// complain says once why a file can not be consumed, and again when the reason changes.
func (f *FS) complain(name, reason string) {
	if f.told[name] == reason {
		return
	}
	f.told[name] = reason
	f.log.Warn("file is not consumed; each poll tries again", zap.String("file", name), zap.String("reason", reason))
}

// forget drops complaints about files that are gone.
func (f *FS) forget(entries []fs.DirEntry) {
	if len(f.told) == 0 {
		return
	}
	there := make(map[string]bool, len(entries))
	for _, e := range entries {
		there[e.Name()] = true
	}
	for name := range f.told {
		if !there[name] {
			delete(f.told, name)
		}
	}
}

// consume offers one file and says whether it did.
func (f *FS) consume(ctx context.Context, c *file) bool {
	wip := c.path() + f.WIPSuffix
	f.moving.Lock()
	err := renameNew(c.path(), wip)
	f.moving.Unlock()
	switch {
	case errors.Is(err, fs.ErrExist):
		f.complain(c.name, "a file of the same name is under way or has failed; remove "+c.name+f.WIPSuffix+" or give it another name")
		return false
	case errors.Is(err, fs.ErrNotExist): // somebody else took it
		return false
	case err != nil:
		f.complain(c.name, err.Error())
		return false
	}
	payload, info, err := read(wip)
	if err != nil {
		f.complain(c.name, err.Error())
		f.giveBack(f.log, c.name)
		return false
	}
	delete(f.told, c.name)
	m := message.New(payload)
	m.SetMetadata(metadataName, c.name)
	m.SetMetadata(metadataModified, strconv.FormatInt(info.ModTime().UnixMilli(), 10))
	m.SetMetadata(metadataSize, strconv.FormatInt(info.Size(), 10))
	m.SetMetadata(metadataDirectory, f.locationURL)
	m.SetMetadata(metadataParentName, f.parentName)
	log, name := f.log.With(zap.String("message", m.ID())), c.name
	f.offer(ctx, m, func(err error) { f.settle(log, name, err) })
	return true
}

func read(path string) ([]byte, fs.FileInfo, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return nil, nil, err
	}
	if info.Size() > largestFile {
		return nil, nil, fmt.Errorf("%s has %d bytes, and a message can have %d", path, info.Size(), largestFile)
	}
	payload := make([]byte, 0, info.Size()+1) // one more, so that the end is seen without growing
	for {
		n, err := in.Read(payload[len(payload):cap(payload)])
		payload = payload[:len(payload)+n]
		switch {
		case errors.Is(err, io.EOF):
			return payload, info, nil
		case err != nil:
			return nil, nil, err
		case len(payload) > largestFile:
			return nil, nil, fmt.Errorf("%s grew beyond the %d bytes that a message can have", path, largestFile)
		case len(payload) == cap(payload):
			payload = append(payload, 0)[:len(payload)]
		}
	}
}
