package service

import (
	"fmt"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// defaultBatch is how many objects a part has when the document gives no number, or one below 1 (Interlok: BatchedJsonArraySplitter).
const defaultBatch = 10

// JSONBatches makes an array of every so many objects of a JSON array. Interlok: BatchedJsonArraySplitter. Parts are compact JSON, with
// numbers as they are written. Anything but an array of objects fails before the first part; an empty one has no parts.
type JSONBatches struct {
	splittingObjects
	BatchSize int `xml:"batch-size" default:"10" doc:"objects in a part; a number below 1 means 10"`
}

// Split implements component.Splitter.
func (s *JSONBatches) Split(m *message.Message, yield func(*message.Message) error) error {
	origin, array, err := s.objects(m)
	if err != nil {
		return fmt.Errorf("batched-json-array-splitter: %w", err)
	}
	size := s.BatchSize
	if size < 1 {
		size = defaultBatch
	}
	batch, n := []byte{'['}, 0
	end := func() error {
		batch[len(batch)-1] = ']' // in place of the last comma
		part := origin.Child(batch)
		batch, n = make([]byte, 1, len(batch)), 0
		batch[0] = '['
		return yield(part)
	}
	err = eachElement(array, func(element []byte, compact bool) error {
		batch = appendValue(batch, element, compact, ',')
		if n++; n < size {
			return nil
		}
		return end()
	})
	if err != nil || n == 0 {
		return err
	}
	return end()
}

// JSONMetadata makes an empty part with metadata of every object in a JSON array. Interlok: JsonMetadataSplitter. Members that are texts
// become metadata of the part, the others do not; where the message has the same key, its value counts. Anything but an array of objects
// fails before the first part.
type JSONMetadata struct {
	splittingObjects
}

// Split implements component.Splitter.
func (s *JSONMetadata) Split(m *message.Message, yield func(*message.Message) error) error {
	origin, array, err := s.objects(m)
	if err != nil {
		return fmt.Errorf("json-metadata-splitter: %w", err)
	}
	return eachElement(array, func(element []byte, _ bool) error {
		part := origin.Child(nil)
		err := eachMember(element, func(quoted, value []byte, _ bool) error {
			if value[0] != '"' {
				return nil
			}
			key, err := textOfJSON(quoted)
			if err != nil {
				return err
			}
			text, err := textOfJSON(value)
			if err != nil {
				return err
			}
			if _, there := origin.Metadata(key); !there {
				part.SetMetadata(key, text)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("json-metadata-splitter: %w", err)
		}
		return yield(part)
	})
}

// textOfJSON is the text of a JSON string.
func textOfJSON(quoted []byte) (string, error) {
	value, err := expr.ParseJSONBytes(quoted)
	if err != nil {
		return "", err
	}
	text, _ := value.(string)
	return text, nil
}

func init() {
	component.Register[JSONBatches]("batched-json-array-splitter", "com.adaptris.core.services.splitter.json.BatchedJsonArraySplitter",
		component.KindSplitter, "makes an array of every so many objects of a JSON array")
	component.Register[JSONMetadata]("json-metadata-splitter", "com.adaptris.core.services.splitter.json.JsonMetadataSplitter", component.KindSplitter,
		"makes an empty part with metadata of every object in a JSON array")
}
