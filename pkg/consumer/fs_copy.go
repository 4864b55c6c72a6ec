package consumer

import (
	"io/fs"
	"os"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// copyInto writes the content, the permissions and the time of modification that a file had to out, and sees to it that they are on disk.
func copyInto(out *os.File, content []byte, info fs.FileInfo) error {
	if _, err := out.Write(content); err != nil {
		return err
	}
	_ = out.Chmod(info.Mode().Perm()) // not every file system knows them
	if err := os.Chtimes(out.Name(), time.Time{}, info.ModTime()); err != nil {
		return err
	}
	return out.Sync()
}

// pathOf is the path that an element names, by a file URL or as it is.
func pathOf(r *component.Report, element, text string) string {
	if text == "" {
		return ""
	}
	path, err := document.FilePath(text)
	if err != nil {
		r.Errorf(element, "bad-value", "is %q: %v", text, err)
	}
	return path
}
