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
func (f *FS) settle(log *zap.Logger, name string, outcome error) {
	switch {
	case outcome == nil:
		if err := os.Remove(filepath.Join(f.directory, name) + f.WIPSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Error("file was delivered but can not be deleted; delete it by hand, or reset-wip-files delivers it again", zap.String("file", name+f.WIPSuffix), zap.Error(err))
		}
	case errors.Is(outcome, component.ErrStopped):
		f.giveBack(log, name)
	default: // why, the workflow has told the log
		log.Error("file keeps its wip-suffix, because its message failed; give it its name back to try again", zap.String("file", name+f.WIPSuffix))
	}
}

// giveBack lets a file be consumed again, now or at the next start.
func (f *FS) giveBack(log *zap.Logger, name string) {
	path := filepath.Join(f.directory, name)
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
	entries, err := f.list()
	if err != nil {
		return fmt.Errorf("fs-consumer can not list its directory: %w", err)
	}
	left := 0
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), f.WIPSuffix)
		if !ok || name == "" || e.IsDir() || halfWritten.MatchString(e.Name()) {
			continue
		}
		if !f.ResetWIP {
			left++
			continue
		}
		err := renameNew(filepath.Join(f.directory, e.Name()), filepath.Join(f.directory, name))
		switch {
		case errors.Is(err, fs.ErrExist):
			log.Warn("file keeps its wip-suffix, because another file has its name now", zap.String("file", e.Name()))
		case errors.Is(err, fs.ErrNotExist): // another consumer of the directory was faster
		case err != nil:
			return fmt.Errorf("fs-consumer can not reset its %s files: %w", f.WIPSuffix, err)
		default:
			log.Info("file was under way or had failed when the program ended last time; it is consumed again", zap.String("file", name))
		}
	}
	if left > 0 {
		log.Warn("files were under way or had failed when the program ended last time; they are left alone, because reset-wip-files is not set",
			zap.Int("files", left), zap.String("suffix", f.WIPSuffix))
	}
	return nil
}
