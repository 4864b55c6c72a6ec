package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

// FilenameCreator names a file for a message. Interlok: FileNameCreator. It is safe for concurrent use.
type FilenameCreator interface {
	Filename(m *message.Message) (string, error)
}

// MetadataFile is what the services have in common that keep metadata in files.
type MetadataFile struct {
	BaseURL  string          `xml:"base-url,required" example:"file:///var/lib/adapterd/metadata" doc:"directory of the files; file URL or path"`
	Filename FilenameCreator `xml:"filename-creator" doc:"name of the file; without it the message's id"`

	directory string
}

// Check finds the directory's path.
func (f *MetadataFile) Check(r *component.Report) {
	if f.BaseURL == "" {
		return
	}
	var err error
	if f.directory, err = document.FilePath(f.BaseURL); err != nil {
		r.Errorf("base-url", "bad-value", ": %v", err)
	}
}

// path is the file for m, which stands in the directory or below.
func (f *MetadataFile) path(m *message.Message) (string, error) {
	name := m.ID()
	if f.Filename != nil {
		var err error
		if name, err = f.Filename.Filename(m); err != nil {
			return "", fmt.Errorf("<filename-creator>: %w", err)
		}
	}
	local := filepath.FromSlash(name)
	if !filepath.IsLocal(local) || strings.ContainsRune(name, 0) || filepath.Clean(local) == "." {
		return "", fmt.Errorf("the file name %q leads out of the directory of <base-url>, or names no file there; a name must stay below it", name)
	}
	return filepath.Join(f.directory, local), nil
}

// WriteMetadata writes metadata to a file of properties. Interlok: WriteMetadataToFilesystem. The file appears when it is complete; the
// directory is made if need be.
type WriteMetadata struct {
	component.ServiceBase
	MetadataFile
	OutputStyle       string         `xml:"output-style" default:"Text" enum:"Text,XML" doc:"kind of Java properties file"`
	OverwriteIfExists bool           `xml:"overwrite-if-exists" default:"false" doc:"false fails when the file is there already"`
	Filter            MetadataFilter `xml:"metadata-filter" default:"no-op-metadata-filter" doc:"which metadata is written"`
}

// Apply writes the metadata of m.
func (s *WriteMetadata) Apply(_ context.Context, m *message.Message) error {
	if err := s.write(m); err != nil {
		return fmt.Errorf("write-metadata-to-filesystem: %w", err)
	}
	return nil
}

func (s *WriteMetadata) write(m *message.Message) error {
	path, err := s.path(m)
	if err != nil {
		return err
	}
	items, err := filterMetadata(s.Filter, m)
	if err != nil {
		return fmt.Errorf("<metadata-filter>: %w", err)
	}
	data := encodeProperties(items, time.Now())
	if s.OutputStyle == "XML" {
		if data, err = encodeXMLProperties(items); err != nil {
			return err
		}
	}
	if err := makeDirectory(filepath.Dir(path)); err != nil {
		return err
	}
	if s.OverwriteIfExists {
		return replaceFile(path, data)
	}
	err = createFile(path, data)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the file %s is there already; set <overwrite-if-exists> to true, or name files by something that no two messages have", path)
	}
	return err
}

// ReadMetadata sets metadata to what a file of properties has. Interlok: ReadMetadataFromFilesystem: as there, a file that is missing or
// cannot be read is logged, and the message goes on as it is.
type ReadMetadata struct {
	component.ServiceBase
	MetadataFile
	InputStyle        string `xml:"input-style" default:"Text" enum:"Text,XML" doc:"kind of Java properties file"`
	OverwriteExisting bool   `xml:"overwrite-existing-metadata" default:"false" doc:"true replaces metadata that the message has"`

	MetadataLogger MessageFormat `xml:"metadata-logger" effect:"none" doc:"accepted for compatibility: what is set is not logged"`
}

// Apply sets the metadata of m.
func (s *ReadMetadata) Apply(ctx context.Context, m *message.Message) error {
	items, err := s.read(m)
	if err != nil {
		component.Logger(ctx).Warn("read-metadata-from-filesystem: the metadata stay as they are because the file cannot be read", zap.String("service", s.UniqueID), idField(m), zap.Error(err))
		return nil
	}
	before := make(map[string]bool)
	for _, key := range m.MetadataKeys() {
		before[key] = true
	}
	for _, item := range items {
		if s.OverwriteExisting || !before[item.Key] {
			m.SetMetadata(item.Key, item.Value)
		}
	}
	return nil
}

func (s *ReadMetadata) read(m *message.Message) ([]MetadataItem, error) {
	path := s.directory
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // a base-url that is a file is the file
		if path, err = s.path(m); err != nil {
			return nil, err
		}
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if s.InputStyle == "XML" {
		items, err := decodeXMLProperties(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return items, nil
	}
	return decodeProperties(path, data)
}

func init() {
	component.Register[WriteMetadata]("write-metadata-to-filesystem", "com.adaptris.core.services.metadata.WriteMetadataToFilesystem", component.KindService,
		"writes metadata to a file of properties")
	component.Register[ReadMetadata]("read-metadata-from-filesystem", "com.adaptris.core.services.metadata.ReadMetadataFromFilesystem", component.KindService,
		"sets metadata to what a file of properties has")
}
