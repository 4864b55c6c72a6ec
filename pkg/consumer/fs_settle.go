package consumer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
)

// settle does with a file what its message's outcome asks for. log is that of the start in which the file was consumed, consumed the file
// as it was then.
func (f *FS) settle(log *zap.Logger, path string, consumed fs.FileInfo, outcome error) {
	name := f.shown(path)
	switch {
	case outcome == nil:
		f.remove(log, path, consumed)
	case errors.Is(outcome, component.ErrStopped):
		f.giveBack(log, path, consumed)
	default: // why, the workflow has told the log
		log.Error("file keeps its wip-suffix, because its message failed; give it its name back to try again", zap.String("file", name+f.WIPSuffix))
	}
}

// remove deletes a file that was delivered, and no other: an outcome that comes after the end of its consumer may find a file there that
// another consumer of the directory has under way, and somebody may have written more into the file since it was read.
func (f *FS) remove(log *zap.Logger, path string, consumed fs.FileInfo) {
	wip := path + f.WIPSuffix
	now, err := os.Stat(wip)
	switch {
	case err != nil:
	case !os.SameFile(now, consumed):
		log.Warn("file was delivered and is gone; another one that stands in its place is left alone", zap.String("file", f.shown(wip)))
		return
	case now.Size() != consumed.Size() || !now.ModTime().Equal(consumed.ModTime()):
		log.Error("file was delivered as it was when it was read, and has changed since, so it is not deleted; delete it by hand, or give it its name back to deliver it as it is now; a quiet-interval keeps files from being read while they are written",
			zap.String("file", f.shown(wip)))
		return
	default:
		err = os.Remove(wip)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		log.Error("file was delivered but can not be deleted; delete it by hand, or reset-wip-files delivers it again", zap.String("file", f.shown(wip)), zap.Error(err))
	}
}

// giveBack lets a file be consumed again, now or at the next start. Another one that stands in its place is left alone; consumed is nil
// for a file that could not be read.
func (f *FS) giveBack(log *zap.Logger, path string, consumed fs.FileInfo) {
	name := f.shown(path)
	f.moving.Lock()
	now, err := os.Stat(path + f.WIPSuffix)
	other := consumed != nil && err == nil && !os.SameFile(now, consumed)
	if !other {
		err = renameNew(path+f.WIPSuffix, path)
	}
	f.moving.Unlock()
	switch {
	case other:
		log.Warn("file can not get its name back, because another one stands in its place", zap.String("file", name+f.WIPSuffix))
	case errors.Is(err, fs.ErrExist):
		log.Warn("file keeps its wip-suffix, because another file has its name now", zap.String("file", name+f.WIPSuffix))
	case err != nil:
		log.Error("file can not get its name back", zap.String("file", name+f.WIPSuffix), zap.Error(err))
	}
}

// halfWritten are the names of files that an fs-producer of this program has not finished writing; whole files do not have them.
var halfWritten = regexp.MustCompile(`^\.[A-Z2-7]{26}\.wip$`)

// findWIP looks for files that were under way when the program ended, and with reset-wip-files gives them their names back.
func (f *FS) findWIP(log *zap.Logger) error {
	left := 0
	for i, directory := range f.directories() {
		entries, err := f.list(directory)
		if err != nil {
			if i > 0 && errors.Is(err, fs.ErrNotExist) {
				continue // somebody removed it
			}
			return fmt.Errorf("%s can not list its directory: %w", f.alias, err)
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), f.WIPSuffix)
			if !ok || name == "" || e.IsDir() || halfWritten.MatchString(e.Name()) {
				continue
			}
			if !f.ResetWIP {
				left++
				continue
			}
			if err := f.reset(log, filepath.Join(directory, name)); err != nil {
				return err
			}
		}
	}
	if left > 0 {
		log.Warn("files were under way or had failed when the program ended last time; they are left alone, because reset-wip-files is not set",
			zap.Int("files", left), zap.String("suffix", f.WIPSuffix))
	}
	return nil
}

// reset gives one file its name back.
func (f *FS) reset(log *zap.Logger, path string) error {
	err := renameNew(path+f.WIPSuffix, path)
	switch {
	case errors.Is(err, fs.ErrExist):
		log.Warn("file keeps its wip-suffix, because another file has its name now", zap.String("file", f.shown(path)+f.WIPSuffix))
	case errors.Is(err, fs.ErrNotExist): // another consumer of the directory was faster
	case err != nil:
		return fmt.Errorf("%s can not reset its %s files: %w", f.alias, f.WIPSuffix, err)
	default:
		log.Info("file was under way or had failed when the program ended last time; it is consumed again", zap.String("file", f.shown(path)))
	}
	return nil
}
