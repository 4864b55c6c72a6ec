package producer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/failed"
	"github.com/adapterd/adapterd/pkg/message"
)

// Metadata of a message that was written to a file (Interlok: CoreConstants).
const (
	metadataProducedName = "producedname"
	metadataProduceDir   = "fsProduceDir"
)

// FS writes each message's payload to a file. The file appears under its name only when it is complete and on disk. What a message
// brings, its metadata or payload, can choose directories and names only below what the document says: ".." in it is refused.
type FS struct {
	fileTarget
	Worker FSWorker `xml:"fs-worker" default:"fs-nio-worker" doc:"what happens when there is a file of that name"`
}

// LargeFS is Interlok's LargeFsProducer, which copies the file that holds a large message. Here messages are in memory, and it is an
// fs-producer that replaces files of the same name, as a copy does.
type LargeFS struct {
	fileTarget
	Worker FSWorker `xml:"fs-worker" default:"fs-overwrite-file" doc:"what happens when there is a file of that name; it is replaced by default"`

	UseRename bool `xml:"use-rename-to" default:"false" effect:"none" doc:"accepted for compatibility: messages are in memory, and there is no file to rename"`
}

// fileTarget is what producers of files share.
type fileTarget struct {
	identity
	BaseDirectoryURL *expr.Template  `xml:"base-directory-url,required" example:"file:///var/messages/out" doc:"directory to write to, a path or file: URL; resolved per message"`
	CreateDirs       bool            `xml:"create-dirs" default:"false" doc:"make directories that do not exist"`
	TempDirectory    string          `xml:"temp-directory" doc:"directory where files are written before they get their name; beside the file, ending in .wip, when not given"`
	FilenameCreator  FilenameCreator `xml:"filename-creator" default:"formatted-filename-creator" doc:"how the file is called"`

	MessageFactory string `xml:"message-factory" effect:"none" doc:"accepted for compatibility: only an encoder would use it"`

	alias  string
	worker FSWorker
	// directory is the base directory if it is the same for every message, temporary the temp-directory's path.
	directory, temporary string
	// sweeper removes what was kept with failed messages that are gone.
	sweeper failed.Sweeper
}

// FilenameCreator is what <filename-creator> takes. It is safe for concurrent use.
type FilenameCreator interface {
	// filename names the file for a message, as a path below the base directory.
	filename(m *message.Message) (string, error)
}

// Check refuses directories that can not be paths, and what contradicts.
func (p *FS) Check(r *component.Report) { p.check(r, "fs-producer", p.Worker) }

// Check refuses directories that can not be paths, and what contradicts.
func (p *LargeFS) Check(r *component.Report) { p.check(r, "large-fs-producer", p.Worker) }

func (p *fileTarget) check(r *component.Report, alias string, worker FSWorker) {
	p.alias, p.worker = alias, worker
	if p.BaseDirectoryURL != nil {
		if text, constant := p.BaseDirectoryURL.Constant(); constant {
			var err error
			if p.directory, err = document.FilePath(text); err != nil {
				r.Errorf("base-directory-url", "bad-value", "is no directory: %v", err)
			}
		}
	}
	if p.TempDirectory == "" {
		return
	}
	var err error
	if p.temporary, err = document.FilePath(p.TempDirectory); err != nil {
		r.Errorf("temp-directory", "bad-value", "is no directory: %v", err)
	}
	if _, appends := worker.(*FSAppend); appends {
		r.Warnf("temp-directory", "without-effect", "has no effect with fs-append-file, which adds to the file itself; remove one of the two")
	}
}

// Init makes directories that are known already, if asked to.
func (p *fileTarget) Init(context.Context) error {
	for _, dir := range []string{p.directory, p.temporary} {
		if dir == "" || !p.CreateDirs {
			continue
		}
		if err := os.MkdirAll(dir, 0o777); err != nil { // the process's umask says who may
			return fmt.Errorf("%s can not make the directory %s: %w", p.alias, dir, err)
		}
	}
	return nil
}

// Start does nothing.
func (p *fileTarget) Start(context.Context) error { return nil }

// Stop does nothing.
func (p *fileTarget) Stop(context.Context) error { return nil }

// Produce writes the file and tells the message where.
func (p *fileTarget) Produce(ctx context.Context, m *message.Message) error {
	target, err := p.target(m)
	if err != nil {
		return err
	}
	dir := filepath.Dir(target)
	if p.CreateDirs {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return fmt.Errorf("%s can not make the directory %s: %w", p.alias, dir, err)
		}
	}
	m.SetMetadata(metadataProducedName, filepath.Base(target))
	m.SetMetadata(metadataProduceDir, canonical(dir))
	undo := p.keepDetails(ctx, target, m)
	if err := p.worker.write(target, p.temporary, m.Payload()); err != nil {
		undo()
		if !p.CreateDirs && errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%s can not write %s: %w; make the directory, or set <create-dirs>true</create-dirs>", p.alias, target, err)
		}
		return fmt.Errorf("%s can not write %s: %w", p.alias, target, err)
	}
	component.Logger(ctx).Debug("message written to file", zap.String("message", m.ID()), zap.String("file", target))
	return nil
}

// target is the path of the file for a message.
func (p *fileTarget) target(m *message.Message) (string, error) {
	dir, err := p.base(m)
	if err != nil {
		return "", err
	}
	name, err := p.FilenameCreator.filename(m)
	if err != nil {
		return "", fmt.Errorf("<filename-creator> of %s: %w", p.alias, err)
	}
	if name == "" {
		return "", fmt.Errorf("<filename-creator> of %s gives an empty file name for this message; use a format or metadata that is never empty", p.alias)
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(name, 0) || filepath.Clean(name) == "." {
		return "", fmt.Errorf("<filename-creator> of %s gives the file name %q, which leads out of the base directory or names no file there; a name must stay below it", p.alias, name)
	}
	return filepath.Join(dir, filepath.FromSlash(name)), nil
}

func (p *fileTarget) base(m *message.Message) (string, error) {
	if p.directory != "" {
		return p.directory, nil
	}
	text, err := p.BaseDirectoryURL.Resolve(m)
	if err != nil {
		return "", fmt.Errorf("<base-directory-url> of %s: %w", p.alias, err)
	}
	dir, err := document.FilePath(text)
	if err != nil {
		return "", fmt.Errorf("<base-directory-url> %s of %s: %w", p.BaseDirectoryURL.Text(), p.alias, err)
	}
	// The document's own ".." stay; a value must not bring more.
	if parents(dir) > parents(p.BaseDirectoryURL.Text()) {
		return "", fmt.Errorf("<base-directory-url> %s of %s leads to %q for this message, and \"..\" may come from the document only", p.BaseDirectoryURL.Text(), p.alias, dir)
	}
	return dir, nil
}

// parents counts the segments of a path that are "..".
func parents(path string) int {
	n := 0
	for segment := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '/' || r == '\\' || r == ':' }) {
		if segment == ".." {
			n++
		}
	}
	return n
}

// canonical is dir without links and relative parts, as far as it exists.
func canonical(dir string) string {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir
}

func init() {
	component.Register[FS]("fs-producer", "com.adaptris.core.fs.FsProducer", component.KindProducer,
		"writes messages to files")
	component.Register[LargeFS]("large-fs-producer", "com.adaptris.core.lms.LargeFsProducer", component.KindProducer,
		"writes messages to files, and replaces those that are there")
}
