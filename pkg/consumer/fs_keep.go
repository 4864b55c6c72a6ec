package consumer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// NonDeletingFS is Interlok's NonDeletingFsConsumer: each file of a directory is a message, and stays there. It is consumed again when its
// size or its time of modification has changed since.
//
// A file is remembered when its message is delivered or an error handler has taken it. When the message failed and nobody took it, the file
// is left alone until it changes or the consumer starts anew. A consumer that a reload puts in the place of this one remembers the same. What a
// cache remembers outlives the program only if it has a file for it: after a crash files may come again that came since the last poll.
type NonDeletingFS struct {
	fileSource
	Cache itemCache `xml:"processed-item-cache" default:"fs-inline-processed-item-cache" doc:"where it is remembered which files have been consumed"`

	// before is the consumer that this one replaces, until Init takes over what it remembers.
	before *NonDeletingFS

	// delivered is what is done before a file is remembered, with what was delivered of it; nil for nothing.
	delivered func(path string, content []byte, info fs.FileInfo) error

	// mu guards the fields below, and the cache.
	mu sync.Mutex
	// underWay are the files whose message has no outcome yet, by their canonical path.
	underWay map[string]bool
	// failed are the files whose message failed, and the last pass that saw each; pass counts them.
	failed map[string]failedItem
	pass   int
}

type failedItem struct {
	item
	pass int
}

// Check implements component.Checker.
func (f *NonDeletingFS) Check(r *component.Report) { f.check(r, "non-deleting-fs-consumer") }

// Init implements component.Lifecycle: the directory must be there, and what was remembered must be readable.
func (f *NonDeletingFS) Init(ctx context.Context) error {
	if err := f.prepare(); err != nil {
		return err
	}
	if _, err := f.list(f.directory); err != nil {
		return fmt.Errorf("%s can not list its directory: %w; check its permissions", f.alias, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.Cache.load(component.Logger(ctx)); err != nil {
		return fmt.Errorf("<processed-item-cache> of %s: %w", f.alias, err)
	}
	if f.before != nil {
		f.takeOver(f.before)
		f.before = nil
	}
	return nil
}

// Inherit goes on with what a consumer remembers that this one replaces, so that a reload does not bring its files again; another kind of
// consumer remembers nothing. It is called at most once, before Init, by which the other one has stopped.
func (f *NonDeletingFS) Inherit(from component.Consumer) {
	k, ok := from.(interface{ keeping() *NonDeletingFS })
	if !ok {
		return
	}
	f.before = k.keeping()
	if earlier := f.before.before; earlier != nil { // it never began, so it knows nothing of its own
		f.before = earlier
	}
}

func (f *NonDeletingFS) keeping() *NonDeletingFS { return f }

// takeOver is called with mu held, when what the cache has a file for was read.
func (f *NonDeletingFS) takeOver(old *NonDeletingFS) {
	old.mu.Lock() // for outcomes that come too late for its stop
	defer old.mu.Unlock()
	mine := f.Cache.known()
	for path, i := range old.Cache.known() {
		if stored, ok := mine[path]; !ok || stored.Processed < i.Processed {
			f.Cache.put(i)
		}
	}
}

// Start implements component.Lifecycle.
func (f *NonDeletingFS) Start(ctx context.Context) error {
	f.mu.Lock()
	if f.underWay == nil {
		f.underWay = make(map[string]bool)
	}
	f.failed = make(map[string]failedItem)
	f.mu.Unlock()
	return f.begin(ctx, f.poll)
}

// Stop implements component.Lifecycle.
func (f *NonDeletingFS) Stop(ctx context.Context) error {
	err := f.polling.Stop(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if saveErr := f.Cache.save(); saveErr != nil {
		err = errors.Join(err, fmt.Errorf("%s can not keep what it remembers, so files come again at the next start: %w", f.alias, saveErr))
	}
	return err
}

func (f *NonDeletingFS) poll(ctx context.Context, limit int) (worked bool) {
	f.mu.Lock()
	f.pass++
	f.mu.Unlock()
	worked, all := f.look(ctx, limit, f.consume)
	f.mu.Lock()
	defer f.mu.Unlock()
	if all { // else files that are still there may not have been seen
		f.Cache.evict(time.Now())
		for path, failed := range f.failed {
			if failed.pass != f.pass && !f.underWay[path] {
				delete(f.failed, path)
			}
		}
	}
	if err := f.Cache.save(); err != nil {
		f.log.Warn("what was consumed can not be kept; the next poll tries again, and until then files would come again after a restart", zap.Error(err))
	}
	return worked
}

// consume offers a file, if it is another than before.
func (f *NonDeletingFS) consume(ctx context.Context, c *file) bool {
	path := c.canonical()
	info, err := c.info()
	if err != nil || !f.changed(itemOf(path, info)) {
		return false
	}
	content, err := read(c.path()) // all of it: nothing keeps others from changing the file
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false
	case err != nil:
		f.complain(c.path(), err.Error())
		return false
	}
	delete(f.told, c.path())
	now := itemOf(path, content.info)
	f.mu.Lock()
	f.underWay[path] = true
	f.mu.Unlock()
	m := c.describe(content.message(), content.info)
	log := f.log.WithLazy(zap.String("message", m.ID()), zap.String("file", f.shown(c.path())))
	copied := func() error { return nil }
	if f.delivered != nil { // else the content must not be kept until the outcome is known
		copied = func() error { return f.delivered(c.path(), content.payload, content.info) }
	}
	f.offer(ctx, m, func(err error) { f.settle(log, now, copied, err) })
	return true
}

// changed says whether a file is to be consumed.
func (f *NonDeletingFS) changed(now item) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.underWay[now.Path] {
		return false
	}
	if before, ok := f.failed[now.Path]; ok && before.same(now) {
		f.failed[now.Path] = failedItem{before.item, f.pass}
		return false
	}
	return !f.Cache.has(now)
}

// settle remembers a file as its message's outcome asks for.
func (f *NonDeletingFS) settle(log *zap.Logger, now item, copied func() error, outcome error) {
	if outcome == nil {
		if err := copied(); err != nil {
			log.Error("file was delivered, but not copied to the processed-path; copy it by hand", zap.Error(err))
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.underWay, now.Path)
	switch {
	case outcome == nil:
		delete(f.failed, now.Path)
		now.Processed = time.Now().UnixMilli()
		f.Cache.put(now)
	case errors.Is(outcome, component.ErrStopped):
	default: // why, the workflow has told the log
		f.failed[now.Path] = failedItem{now, f.pass}
		log.Error("file is left alone until it changes or the consumer starts anew, because its message failed")
	}
}

// canonical is the file's path without links and relative parts, as Interlok remembers it.
func (f *file) canonical() string {
	if f.entry.Type()&fs.ModeSymlink == 0 {
		return filepath.Join(f.at.canonical(), f.name)
	}
	if real, err := filepath.EvalSymlinks(f.path()); err == nil {
		return real
	}
	return filepath.Join(f.at.canonical(), f.name)
}

// MovingFS is Interlok's MovingNonDeletingFsConsumer: a non-deleting-fs-consumer that copies each file to another directory when its
// message is delivered. A file that is there already stays as it is.
type MovingFS struct {
	NonDeletingFS
	ProcessedPath string `xml:"processed-path,required" default:"proc" doc:"the directory for the copies, as a file URL or a path; made if it is not there"`

	processed string
}

// Check implements component.Checker.
func (f *MovingFS) Check(r *component.Report) {
	f.check(r, "moving-non-deleting-fs-consumer")
	f.processed = pathOf(r, "processed-path", f.ProcessedPath)
	f.delivered = f.copy
	if same, err := filepath.Rel(f.directory, f.processed); err == nil && same == "." && f.directory != "" {
		r.Errorf("processed-path", "bad-value", "is the base-directory-url; the copies must stand in another directory")
	}
}

// copy makes a copy that appears only when it is complete and on disk. It has what was delivered, whatever the file has become since.
func (f *MovingFS) copy(path string, content []byte, info fs.FileInfo) error {
	if err := os.MkdirAll(f.processed, 0o777); err != nil {
		return err
	}
	target := filepath.Join(f.processed, filepath.Base(path))
	temporary, err := os.CreateTemp(f.processed, ".adapterd-*.wip")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // it is gone when all went well
	err = copyInto(temporary, content, info)
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err := renameNew(temporary.Name(), target); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("there is a file %s already, which stays as it is", target)
		}
		return err
	}
	return nil
}

func init() {
	const kind, pkg = component.KindConsumer, "com.adaptris.core.fs."
	component.Register[NonDeletingFS]("non-deleting-fs-consumer", pkg+"NonDeletingFsConsumer", kind, "makes a message of each file in a directory that is new or has changed, and leaves it there")
	component.Register[MovingFS]("moving-non-deleting-fs-consumer", pkg+"MovingNonDeletingFsConsumer", kind, "makes a message of each file in a directory that is new or has changed, and copies it elsewhere when the message is done")
}
