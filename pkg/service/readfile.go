package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"os"
	"path/filepath"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// ReadFile makes the content of a file the payload. Interlok: ReadFileService. The payload's character set stays as it was named.
type ReadFile struct {
	component.ServiceBase
	FilePath               *expr.Template `xml:"file-path,required" example:"/var/messages/%message{originalname}" doc:"path or file URL of the file"`
	ContentTypeMetadataKey string         `xml:"content-type-metadata-key" doc:"key of the metadata that gets the media type, by the file's name; without it none is set"`

	place filePlace
}

// Check learns what the document says of the place, before a message does.
func (s *ReadFile) Check(r *component.Report) { s.place.learn(s.FilePath, r) }

// Apply replaces the payload of m.
func (s *ReadFile) Apply(_ context.Context, m *message.Message) error {
	path, err := s.place.path(s.FilePath, m)
	if err != nil {
		return fmt.Errorf("read-file-service: <file-path>: %w", err)
	}
	// A pipe or a device could be read for ever.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("read-file-service: %s is no regular file; name one", path)
	}
	payload, err := os.ReadFile(path)
	if err != nil {
		var perr *fs.PathError // repeats the path
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return fmt.Errorf("read-file-service: %s cannot be read: %w", path, err)
	}
	m.SetPayload(payload)
	if s.ContentTypeMetadataKey != "" {
		m.SetMetadata(s.ContentTypeMetadataKey, mediaType(path))
	}
	return nil
}

// mediaType is the media type that belongs to a file name, without parameters; empty if none does.
func mediaType(path string) string {
	media, _, err := mime.ParseMediaType(mime.TypeByExtension(filepath.Ext(path)))
	if err != nil {
		return ""
	}
	return media
}

func init() {
	component.Register[ReadFile]("read-file-service", "com.adaptris.core.services.ReadFileService", component.KindService,
		"makes the content of a file the payload")
}
