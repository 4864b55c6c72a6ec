package failed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Desk is where single messages are looked at, retried and dropped. Two that work on the same message at the same time, in this process or
// another, never both succeed. The zero value is ready; it is safe for concurrent use.
type Desk struct {
	locks locks
}

// Show returns a message and the first bytes of its payload, head of them at most. The error wraps ErrNoMessage if there is none of that name.
func (*Desk) Show(_ context.Context, directory, name string, head int) (Message, []byte, error) {
	root, m, err := find(&Message{Directory: directory, Name: name})
	if err != nil {
		return Message{}, nil, err
	}
	defer root.Close()
	f, err := m.open(root)
	if err != nil {
		return Message{}, nil, err
	}
	defer f.Close()
	payload, err := io.ReadAll(io.LimitReader(f, int64(head)))
	if err != nil {
		return Message{}, nil, fmt.Errorf("%s can not be read: %w", filepath.Join(directory, name), err)
	}
	return m, payload, nil
}

// Drop deletes a message and its details for good, and returns what it was.
func (k *Desk) Drop(ctx context.Context, directory, name string) (Message, error) {
	return k.DropListed(ctx, &Message{Directory: directory, Name: name})
}

// DropListed is Drop for a message that was listed, which is found faster, or shown.
func (k *Desk) DropListed(_ context.Context, listed *Message) (Message, error) {
	root, m, release, err := k.take(listed)
	if err != nil {
		return Message{}, err
	}
	defer root.Close()
	defer release()
	return m, m.remove(root)
}

// take is find, with the message kept from others until release.
func (k *Desk) take(listed *Message) (root *os.Root, m Message, release func(), err error) {
	root, err = listed.root()
	if err != nil {
		return nil, Message{}, nil, err
	}
	if _, err = listed.stat(root); err == nil { // or a lock would be made where there is nothing
		release, err = k.locks.take(root, listed.Directory, listed.Name)
	}
	if err == nil {
		// Somebody may have had it until now.
		if m, err = listed.look(root); err == nil {
			return root, m, release, nil
		}
		release()
	}
	_ = root.Close() // it was only opened
	if errors.Is(err, ErrBusy) {
		err = fmt.Errorf("%s: %w", filepath.Join(listed.Directory, listed.Name), err)
	}
	return nil, Message{}, nil, err
}

// find looks at a message of which at least directory and name are known.
func find(listed *Message) (*os.Root, Message, error) {
	root, err := listed.root()
	if err != nil {
		return nil, Message{}, err
	}
	m, err := listed.look(root)
	if err != nil {
		_ = root.Close() // it was only opened
		return nil, Message{}, err
	}
	return root, m, nil
}

func (m *Message) root() (*os.Root, error) {
	if err := checkName(m.Name); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(m.Directory)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noMessage(m.Directory, m.Name)
	}
	if err != nil {
		return nil, unreadable(m.Directory, err)
	}
	return root, nil
}

func (m *Message) stat(root *os.Root) (fs.FileInfo, error) {
	info, err := root.Lstat(m.Name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, noMessage(m.Directory, m.Name)
	}
	if err != nil {
		return nil, unreadable(m.Directory, err)
	}
	return info, nil
}

// look is the message as it is now.
func (m *Message) look(root *os.Root) (Message, error) {
	info, err := m.stat(root)
	if err != nil {
		return Message{}, err
	}
	now := Message{Directory: m.Directory, Name: m.Name, At: info.ModTime(), Bytes: info.Size(), info: info}
	if m.info != nil && os.SameFile(m.info, info) {
		// Where its details are is known already. To look through all that there are for each of thousands of messages would take long.
		now.explain(root, index{keyOf(m.Name): m.keptIn})
		return now, nil
	}
	x, err := indexOf(root)
	if err != nil {
		return Message{}, unreadable(m.Directory, err)
	}
	if !isMessage(m.Name, len(x[keyOf(m.Name)]) > 0) {
		return Message{}, noMessage(m.Directory, m.Name)
	}
	now.explain(root, x)
	return now, nil
}

func noMessage(directory, name string) error {
	return fmt.Errorf("%w: %s", ErrNoMessage, filepath.Join(directory, name))
}

// open opens the payload, if it is still the one that was looked at.
func (m *Message) open(root *os.Root) (*os.File, error) {
	f, info, err := openRegular(root, m.Name)
	if err == nil && !os.SameFile(info, m.info) {
		err = errors.Join(fs.ErrNotExist, f.Close())
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotRegular) {
		return nil, noMessage(m.Directory, m.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s can not be read: %w", filepath.Join(m.Directory, m.Name), err)
	}
	return f, nil
}

// remove deletes the payload, then its details. Another file that has its name by now stays: the error handler may have written the same
// message again.
func (m *Message) remove(root *os.Root) error {
	now, err := root.Lstat(m.Name)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it was moved, or somebody was faster
	case err == nil && !os.SameFile(now, m.info):
		return nil
	case err == nil:
		var other bool
		if other, err = m.unlink(root); other {
			return err
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s can not be deleted: %w", filepath.Join(m.Directory, m.Name), err)
	}
	syncDirectory(root, ".")
	for _, file := range m.keptIn {
		_ = root.Remove(filepath.Join(Subdirectory, file)) // what stays is swept
	}
	return nil
}

// unlink deletes the payload. Its name could be given to another file between a look and the deletion, so it is set aside first and looked
// at there; other says that it was another file, which has its name again.
func (m *Message) unlink(root *os.Root) (other bool, err error) {
	aside := filepath.Join(Subdirectory, rand.Text()+asideSuffix)
	if err := root.Rename(m.Name, aside); err != nil {
		return false, err
	}
	if now, err := root.Lstat(aside); err != nil || os.SameFile(now, m.info) {
		return false, root.Remove(aside)
	}
	// A link replaces nothing: whatever has the name by now would have replaced this one.
	if err := root.Link(aside, m.Name); err != nil && !errors.Is(err, fs.ErrExist) {
		return true, root.Rename(aside, m.Name) // a file system without links
	}
	return true, root.Remove(aside)
}
