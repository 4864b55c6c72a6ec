package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// FileInput is the content of a file, read anew for every message. Interlok: FileDataInputParameter, FileInputMessageWrapper. In Interlok
// the URL may also be one of a server; here, only files are read.
type FileInput struct {
	URL *expr.Template `xml:"url,required" example:"file:///etc/adapterd/orders.schema.json" doc:"path or file URL of the file, or an expression for it"`

	place filePlace
}

// Check refuses a place that is no file.
func (f *FileInput) Check(r *component.Report) {
	f.place.learn(f.URL, r)
	text, ok := constantText(f.URL)
	if !ok || text == "" {
		return
	}
	if _, err := document.FilePath(text); err != nil {
		r.Errorf("url", "bad-value", ": %v", err)
	}
}

// Read implements DataInput. The file must be in UTF-8.
func (f *FileInput) Read(m *message.Message) (string, error) {
	data, err := f.ReadBytes(m)
	return string(data), err
}

// ReadBytes implements ByteSource.
func (f *FileInput) ReadBytes(m *message.Message) ([]byte, error) {
	path, err := f.place.path(f.URL, m)
	if err != nil {
		return nil, fmt.Errorf("<url>: %w", err)
	}
	// A pipe or a device could be read for ever.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file; name one", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		var perr *fs.PathError // repeats the path
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	return data, nil
}

// FileBytes is a FileInput under the name that it has where Interlok wraps messages. Interlok: FileInputMessageWrapper.
type FileBytes struct{ FileInput }

// FileStream is a FileInput under the name that it has where Interlok reads streams. Interlok: FileInputStreamDataInputParameter.
type FileStream struct{ FileInput }

// PayloadStream is the payload, to be read. Interlok: PayloadStreamInputParameter.
type PayloadStream struct{ PayloadBytes }

// MetadataStream is a metadata value, to be read. Interlok: MetadataStreamInputParameter.
type MetadataStream struct{ MetadataBytes }

func init() {
	const pkg = "com.adaptris.core.common."
	component.Register[FileInput]("file-data-input-parameter", pkg+"FileDataInputParameter", component.KindPart, "the content of a file")
	component.Register[FileBytes]("file-input-message-wrapper", pkg+"FileInputMessageWrapper", component.KindPart, "the content of a file, to be read")
	component.Register[FileStream]("file-input-stream-data-input-parameter", pkg+"FileInputStreamDataInputParameter", component.KindPart, "the content of a file, to be read")
	component.Register[PayloadStream]("stream-payload-input-parameter", pkg+"PayloadStreamInputParameter", component.KindPart, "the payload, to be read")
	component.Register[MetadataStream]("metadata-stream-input-parameter", pkg+"MetadataStreamInputParameter", component.KindPart, "the value of a metadata key, to be read")
}
