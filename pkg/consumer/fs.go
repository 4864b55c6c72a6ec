package consumer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// FS is Interlok's FsConsumer: each file of a directory is a message. The content of a large file stays in it until a component wants all
// of it; those that can do with a part at a time, such as line-count-splitter, never have all of it in memory.
//
// While a file is under way it has the wip-suffix. It is deleted when its message is delivered or an error handler has taken it. When the
// message failed and nobody took it, the file keeps the suffix, so that it is not consumed over and over; give it its name back, or use
// reset-wip-files, to try again. When the program stops first, the file gets its name back. After a crash files that were under way have
// the suffix: with reset-wip-files they are consumed again at the next start, so nothing is lost, and what was on its way may come twice.
// No file ever replaces another one: a file waits while one of its name has the suffix, and one whose name is taken meanwhile keeps it.
type FS struct {
	fileSource
	WIPSuffix string `xml:"wip-suffix,required" default:".wip" doc:"what a file's name ends with while it is under way"`
	ResetWIP  bool   `xml:"reset-wip-files" default:"false" doc:"true gives files with the wip-suffix their name back at the start"`

	// moving keeps the end of one message and the beginning of another one from renaming the same file.
	moving sync.Mutex
}

// TraversingFS is Interlok's TraversingFsConsumer: an fs-consumer that takes the files of all directories below its own too. Files keep
// their place while they are under way. The sorter orders the files and directories of each directory. A symbolic link to a directory is
// followed, unless it leads back to one that it stands in.
type TraversingFS struct{ FS }

// LargeFS is Interlok's LargeFsConsumer, which leaves the content of a file on disk. Here it is an fs-consumer, which does so too until a
// component wants all of it: most do, and then it is read into memory, up to what a message can have.
type LargeFS struct{ FS }

// Check implements component.Checker.
func (f *FS) Check(r *component.Report) { f.check(r, "fs-consumer") }

// Check implements component.Checker.
func (f *TraversingFS) Check(r *component.Report) {
	f.deep = true
	f.check(r, "traversing-fs-consumer")
}

// Check implements component.Checker.
func (f *LargeFS) Check(r *component.Report) {
	r.Notef("", "without-effect", "files are read into memory, as fs-consumer does; there must be room for the largest of them")
	f.check(r, "large-fs-consumer")
}

func (f *FS) check(r *component.Report, alias string) {
	if strings.ContainsAny(f.WIPSuffix, `/\`) || strings.ContainsRune(f.WIPSuffix, 0) {
		r.Errorf("wip-suffix", "bad-value", "is %q, which no file name can end with; use one such as .wip", f.WIPSuffix)
	}
	f.ignores = func(name string) bool { return strings.HasSuffix(name, f.WIPSuffix) }
	f.fileSource.check(r, alias)
}

// Init implements component.Lifecycle: the directory must be there and writable, since files are renamed and deleted.
func (f *FS) Init(ctx context.Context) error {
	if err := f.prepare(); err != nil {
		return err
	}
	if err := f.writable(); err != nil {
		return err
	}
	return f.findWIP(component.Logger(ctx).With(zap.String("directory", f.directory)))
}

func (f *FS) writable() error {
	// Other consumers of the directory leave a file with the suffix alone.
	probe, err := os.CreateTemp(f.directory, ".adapterd-*"+f.WIPSuffix)
	if err != nil {
		return fmt.Errorf("%s: the directory %s is not writable, but files in it have to be renamed and deleted: %w", f.alias, f.directory, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Start implements component.Lifecycle.
func (f *FS) Start(ctx context.Context) error { return f.begin(ctx, f.poll) }

func (f *FS) poll(ctx context.Context, limit int) (worked bool) {
	worked, _ = f.look(ctx, limit, f.consume)
	return worked
}

// consume offers one file and says whether it did.
func (f *FS) consume(ctx context.Context, c *file) bool {
	path := c.path()
	wip := path + f.WIPSuffix
	f.moving.Lock()
	err := renameNew(path, wip)
	f.moving.Unlock()
	switch {
	case errors.Is(err, fs.ErrExist):
		f.complain(path, "a file of the same name is under way or has failed; remove "+c.name+f.WIPSuffix+" or give it another name")
		return false
	case errors.Is(err, fs.ErrNotExist): // somebody else took it
		return false
	case err != nil:
		f.complain(path, err.Error())
		return false
	}
	content, err := open(wip, readAtOnce)
	if err != nil {
		f.complain(path, err.Error())
		f.giveBack(f.log, path, nil)
		return false
	}
	delete(f.told, path)
	m := c.describe(content.message(), content.info)
	log := f.log.WithLazy(zap.String("message", m.ID()))
	f.offer(ctx, m, func(err error) {
		content.close()
		f.settle(log, path, content.info, err)
	})
	return true
}

func init() {
	const kind, pkg = component.KindConsumer, "com.adaptris.core."
	component.Register[FS]("fs-consumer", pkg+"fs.FsConsumer", kind, "makes a message of each file in a directory, and deletes the file when the message is done")
	component.Register[TraversingFS]("traversing-fs-consumer", pkg+"fs.TraversingFsConsumer", kind, "makes a message of each file in a directory and those below it, and deletes the file when the message is done")
	component.Register[LargeFS]("large-fs-consumer", pkg+"lms.LargeFsConsumer", kind, "makes a message of each file in a directory, as fs-consumer does")
}
