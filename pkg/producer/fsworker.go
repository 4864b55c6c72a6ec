package producer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/adapterd/adapterd/pkg/component"
)

// FSWorker is what <fs-worker> takes: how a file comes to be, and what happens to one that has the name already.
type FSWorker interface {
	// write stores data as the file target and returns when it is on disk. temporary is where to write first; empty: beside target.
	write(target, temporary string, data []byte) error
}

// FSStandard leaves a file that exists alone and fails. In Interlok it may still be replaced when there is a temp-directory; not here.
type FSStandard struct{}

// FSNio is FSStandard under another name.
type FSNio struct{}

// FSOverwrite replaces a file that exists, at once: who reads it sees the old or the new content.
type FSOverwrite struct{}

// FSAppend adds to the end of a file that exists.
type FSAppend struct {
	// mu keeps two messages of one producer from mixing when the system writes in pieces.
	mu sync.Mutex
}

func (*FSStandard) write(target, temporary string, data []byte) error {
	return writeNew(target, temporary, data)
}

func (*FSNio) write(target, temporary string, data []byte) error {
	return writeNew(target, temporary, data)
}

func (*FSOverwrite) write(target, temporary string, data []byte) error {
	return writeThen(target, temporary, data, os.Rename)
}

func (w *FSAppend) write(target, _ string, data []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, err := os.OpenFile(target, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666) // the process's umask says who may
	if err != nil {
		return bare(err)
	}
	return fill(f, data)
}

func writeNew(target, temporary string, data []byte) error {
	if _, err := os.Lstat(target); err == nil {
		return errExists
	}
	return writeThen(target, temporary, data, publish)
}

var errExists = errors.New("there is a file of that name; use a name that differs for each message, or <fs-worker class=\"fs-overwrite-file\"/>")

// writeThen writes a temporary file and moves it to target.
func writeThen(target, temporary string, data []byte, move func(from, to string) error) error {
	if temporary != "" {
		err := writeVia(temporary, target, data, move)
		if err == nil || errors.Is(err, errExists) || !errors.Is(err, errMove) {
			return err
		}
		// The directory is on another file system, and only a copy gets there.
	}
	return writeVia(filepath.Dir(target), target, data, move)
}

// errMove says that a complete temporary file could not be moved.
var errMove = errors.New("moving it to its place failed")

func writeVia(dir, target string, data []byte, move func(from, to string) error) error {
	// fs-consumer, ours and Interlok's, leaves files alone whose name ends in .wip.
	temporary := filepath.Join(dir, "."+rand.Text()+".wip")
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return bare(err)
	}
	if err := fill(f, data); err != nil {
		_ = os.Remove(temporary) // the error that counts is the first
		return err
	}
	if err := move(temporary, target); err != nil {
		_ = os.Remove(temporary)
		if errors.Is(err, os.ErrExist) {
			return errExists
		}
		return fmt.Errorf("%w: %w", errMove, bare(err))
	}
	syncDir(filepath.Dir(target))
	return nil
}

// fill writes and closes f. The data is on disk when it returns nil: the source of the message is acknowledged after that.
func fill(f *os.File, data []byte) error {
	_, err := f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return bare(errors.Join(err, f.Close()))
}

// publish moves a file to a name that must be free. A rename would replace what is there; a link does not. Where the file system has no
// links, the name is taken by an empty file first, which others may see for a moment.
func publish(from, to string) error {
	err := os.Link(from, to)
	if err == nil {
		return os.Remove(from)
	}
	if errors.Is(err, os.ErrExist) {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		_ = os.Remove(to) // the empty one
		return err
	}
	return nil
}

// syncDir makes a new name last. Not every system can, and the content is safe already: an error changes nothing.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// bare is a file's error without the path of the temporary file, which says nothing to anybody.
func bare(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

func init() {
	component.Register[FSStandard]("fs-standard-worker", "com.adaptris.fs.StandardWorker", component.KindPart, "writes new files only")
	component.Register[FSNio]("fs-nio-worker", "com.adaptris.fs.NioWorker", component.KindPart, "writes new files only")
	component.Register[FSOverwrite]("fs-overwrite-file", "com.adaptris.fs.OverwriteIfExistsWorker", component.KindPart, "replaces files that exist")
	component.Register[FSAppend]("fs-append-file", "com.adaptris.fs.AppendingFsWorker", component.KindPart, "adds to files that exist")
}
