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

// settle does with a file what its message's outcome asks for. log is that of the start in which the file was consumed.
func (f *FS) settle(log *zap.Logger, path string, outcome error) {
	name := f.shown(path)
	switch {
	case outcome == nil:
		if err := os.Remove(path + f.WIPSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Error("file was delivered but can not be deleted; delete it by hand, or reset-wip-files delivers it again", zap.String("file", name+f.WIPSuffix), zap.Error(err))
		}
	case errors.Is(outcome, component.ErrStopped):
		f.giveBack(log, path)
	default: // why, the workflow has told the log
		log.Error("file keeps its wip-suffix, because its message failed; give it its name back to try again", zap.String("file", name+f.WIPSuffix))
	}
}

// giveBack lets a file be consumed again, now or at the next start.
func (f *FS) giveBack(log *zap.Logger, path string) {
	name := f.shown(path)
	f.moving.Lock()
	err := renameNew(path+f.WIPSuffix, path)
	f.moving.Unlock()
	switch {
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
