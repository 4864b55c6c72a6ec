package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// serviceLog is a file that is renamed when it is full, since a service has no console and nothing else takes its log.
type serviceLog struct {
	path string

	mu   sync.Mutex // guards the fields below
	file *os.File
	size int64
	// most is how large the file becomes.
	most int64
}

const (
	mostServiceLog = 64 << 20
	// keptServiceLogs are named .1, the latest, to .4.
	keptServiceLogs = 4
)

func openServiceLog(path string) (*serviceLog, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	l := &serviceLog{path: path, most: mostServiceLog}
	return l, l.open()
}

func (l *serviceLog) open() error {
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write takes whole lines. A file that can not be renamed, perhaps because it is being looked at, goes on to grow.
func (l *serviceLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size > 0 && l.size+int64(len(p)) > l.most {
		if err := l.file.Close(); err != nil {
			return 0, err
		}
		if err := l.shift(); err != nil {
			l.most += mostServiceLog // the next try
		} else {
			l.most = mostServiceLog
		}
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// shift renames .3 to .4 and so on, and the full file to .1.
func (l *serviceLog) shift() error {
	name := func(i int) string { return fmt.Sprintf("%s.%d", l.path, i) }
	for i := keptServiceLogs - 1; i > 0; i-- {
		if err := os.Rename(name(i), name(i+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return os.Rename(l.path, name(1))
}

// Close closes the file.
func (l *serviceLog) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
