package service

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// FileOutput replaces the content of a file, in the message's character set. Interlok: FileDataOutputParameter. The folder must be there.
// Messages that go side by side need files of their own.
type FileOutput struct {
	URL *expr.Template `xml:"url,required" example:"file:///var/messages/%message{originalname}.id" doc:"path or file URL of the file, or an expression for it"`

	place filePlace
}

// Check learns what the document says of the place, before a message does.
func (f *FileOutput) Check(r *component.Report) { f.place.learn(f.URL, r) }

// Write implements DataOutput.
func (f *FileOutput) Write(m *message.Message, text string) error {
	path, err := f.place.path(f.URL, m)
	if err != nil {
		return fmt.Errorf("<url>: %w", err)
	}
	data, err := encodeText(m.Encoding(), text)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		var perr *fs.PathError // repeats the path
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

func init() {
	component.Register[FileOutput]("file-data-output-parameter", "com.adaptris.core.common.FileDataOutputParameter", component.KindPart,
		"replaces the content of a file")
}
