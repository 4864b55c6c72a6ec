package consumer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// FS is Interlok's FsConsumer: each file of a directory is a message.
//
// While a file is under way it has the wip-suffix. It is deleted when its message is delivered or an error handler has taken it. When the
// message failed and nobody took it, the file keeps the suffix, so that it is not consumed over and over; give it its name back, or use
// reset-wip-files, to try again. When the program stops first, the file gets its name back. After a crash files that were under way have
// the suffix: with reset-wip-files they are consumed again at the next start, so nothing is lost, and what was on its way may come twice.
// No file ever replaces another one: a file waits while one of its name has the suffix, and one whose name is taken meanwhile keeps it.
type FS struct {
	polling
	BaseDirectory string             `xml:"base-directory-url,required" example:"file://localhost/./messages/in" doc:"the directory, as a file URL or a path; relative to the working directory"`
	Filter        string             `xml:"filter-expression" doc:"which files to take, in the language of file-filter-imp; all by default"`
	FilterClass   string             `xml:"file-filter-imp" default:"org.apache.commons.io.filefilter.RegexFileFilter" doc:"Java class of the filter: by default a regular expression for the whole name"`
	Sorter        fileSorter         `xml:"file-sorter" default:"fs-sort-none" doc:"the order of the files of one poll"`
	WIPSuffix     string             `xml:"wip-suffix,required" default:".wip" doc:"what a file's name ends with while it is under way"`
	ResetWIP      bool               `xml:"reset-wip-files" default:"false" doc:"true gives files with the wip-suffix their name back at the start"`
	QuietInterval component.Interval `xml:"quiet-interval" default:"0s" doc:"how long a file must not have been modified"`
	CreateDirs    bool               `xml:"create-dirs" default:"false" doc:"true makes the directory if it is not there"`
	LogAll        bool               `xml:"log-all-exceptions" default:"true" doc:"true logs why a directory could not be listed, false only that"`

	directory string
	filter    fileFilter
	// locationURL and parentName are metadata that are the same for all files.
	locationURL, parentName string
	log                     *zap.Logger
	// told are the files that can not be consumed, and why, as far as the log was told. The polling goroutine owns it.
	told map[string]string
	// moving keeps the end of one message and the beginning of another one from renaming the same file.
	moving sync.Mutex
}

// Check implements component.Checker.
func (f *FS) Check(r *component.Report) {
	if f.BaseDirectory != "" {
		path, err := document.FilePath(f.BaseDirectory)
		if err != nil {
			r.Errorf("base-directory-url", "bad-value", "is %q: %v", f.BaseDirectory, err)
		}
		f.directory = path
	}
	if strings.ContainsAny(f.WIPSuffix, `/\`) || strings.ContainsRune(f.WIPSuffix, 0) {
		r.Errorf("wip-suffix", "bad-value", "is %q, which no file name can end with; use one such as .wip", f.WIPSuffix)
	}
	var err error
	if f.filter, err = newFileFilter(f.FilterClass, f.Filter); err != nil {
		element := "filter-expression"
		if filterClasses[strings.TrimSpace(f.FilterClass)] == nil {
			element = "file-filter-imp"
		}
		r.Errorf(element, "bad-value", ": %v", err)
	}
}

// Init implements component.Lifecycle: the directory must be there and writable, since files are renamed and deleted.
func (f *FS) Init(ctx context.Context) error {
	log := component.Logger(ctx).With(zap.String("directory", f.directory))
	if f.CreateDirs {
		if err := os.MkdirAll(f.directory, 0o777); err != nil { // the umask decides, as for any directory that a user makes
			return fmt.Errorf("fs-consumer can not make its directory: %w; check the path and its permissions", err)
		}
	}
	if err := f.writable(); err != nil {
		return err
	}
	absolute, err := filepath.Abs(f.directory)
	if err != nil {
		return fmt.Errorf("fs-consumer: %w", err)
	}
	slashed := filepath.ToSlash(absolute)
	if !strings.HasPrefix(slashed, "/") { // a drive of Windows
		slashed = "/" + slashed
	}
	f.locationURL = (&url.URL{Path: strings.TrimSuffix(slashed, "/") + "/"}).EscapedPath()
	f.parentName = filepath.Base(absolute)
	return f.findWIP(log)
}

func (f *FS) writable() error {
	info, err := os.Stat(f.directory)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("fs-consumer: the directory %s does not exist; make it, or set create-dirs to true", f.directory)
	case err != nil:
		return fmt.Errorf("fs-consumer: %w", err)
	case !info.IsDir():
		return fmt.Errorf("fs-consumer: %s is no directory; base-directory-url names one", f.directory)
	}
	// Other consumers of the directory leave a file with the suffix alone.
	probe, err := os.CreateTemp(f.directory, ".adapterd-*"+f.WIPSuffix)
	if err != nil {
		return fmt.Errorf("fs-consumer: the directory %s is not writable, but files in it have to be renamed and deleted: %w", f.directory, err)
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// Start implements component.Lifecycle.
func (f *FS) Start(ctx context.Context) error {
	f.log = component.Logger(ctx).With(zap.String("directory", f.directory))
	f.told = make(map[string]string)
	return f.start(ctx, f.poll)
}

func init() {
	component.Register[FS]("fs-consumer", "com.adaptris.core.fs.FsConsumer", component.KindConsumer, "makes a message of each file in a directory, and deletes the file when the message is done")
}
