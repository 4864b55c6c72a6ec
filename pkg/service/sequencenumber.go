package service

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/message"
)

// nextNumberKey is the property that Interlok keeps the next number under.
const nextNumberKey = "SimpleSequenceNumberService.next"

// SequenceNumber sets metadata to the next number of a file. Interlok: SimpleSequenceNumberService, whose file it reads and writes. Two
// services must not share a file.
type SequenceNumber struct {
	component.ServiceBase
	NumberFormat  string `xml:"number-format" default:"0" example:"00000" doc:"pattern of Java's DecimalFormat"`
	AlwaysReplace bool   `xml:"always-replace-metadata" default:"true" doc:"false leaves a value alone that is there already, and uses no number"`
	MetadataKey   string `xml:"metadata-key,required" doc:"key of the metadata"`
	Overflow      string `xml:"overflow-behaviour" default:"Continue" enum:"Continue,ResetToOne" doc:"what comes when a number is longer than its format: longer numbers, or 1"`
	File          string `xml:"sequence-number-file,required" example:"/var/lib/adapterd/sequence.properties" doc:"file of the next number"`
	Maximum       int64  `xml:"maximum-sequence-number" min:"1" doc:"number after which 1 comes; without it there is none"`

	format *decimalFormat
	path   string
	// mu guards the file.
	mu sync.Mutex
}

// Check reads the format and finds the file's path.
func (s *SequenceNumber) Check(r *component.Report) {
	var err error
	if s.format, err = parseDecimalFormat(s.NumberFormat); err != nil {
		r.Errorf("number-format", "bad-value", "is %q: %v", s.NumberFormat, err)
	}
	if s.File == "" {
		return
	}
	if s.path, err = document.FilePath(s.File); err != nil {
		r.Errorf("sequence-number-file", "bad-value", ": %v", err)
	}
}

// Apply sets the metadata of m. The file has the next number before the message goes on.
func (s *SequenceNumber) Apply(_ context.Context, m *message.Message) error {
	if _, there := m.Metadata(s.MetadataKey); there && !s.AlwaysReplace {
		return nil
	}
	text, err := s.next()
	if err != nil {
		return fmt.Errorf("simple-sequence-number-service: %w", err)
	}
	m.SetMetadata(s.MetadataKey, text)
	return nil
}

func (s *SequenceNumber) next() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := os.ReadFile(s.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the next number cannot be read: %w", err)
	}
	items, err := decodeProperties(s.path, data)
	if err != nil {
		return "", fmt.Errorf("the next number cannot be read: %w", err)
	}
	number := int64(1)
	kept := make([]MetadataItem, 0, len(items)+1)
	for _, item := range items {
		if item.Key != nextNumberKey {
			kept = append(kept, item)
			continue
		}
		if number, err = strconv.ParseInt(item.Value, 10, 64); err != nil {
			return "", fmt.Errorf("%s has %s=%q, which is no number; correct it", s.path, nextNumberKey, item.Value)
		}
	}
	if s.beyond(number) {
		number = 1
	}
	text := s.format.write(number)
	if len(text) > len(s.NumberFormat) && s.Overflow == "ResetToOne" {
		number = 1
		text = s.format.write(number)
	}
	following := number + 1
	if s.beyond(following) {
		following = 1
	}
	kept = append(kept, MetadataItem{Key: nextNumberKey, Value: strconv.FormatInt(following, 10)})
	if err := replaceFile(s.path, encodeProperties(kept, time.Now())); err != nil {
		return "", fmt.Errorf("the next number cannot be written: %w", err)
	}
	return text, nil
}

func (s *SequenceNumber) beyond(n int64) bool { return s.Maximum > 0 && n > s.Maximum }

func init() {
	component.Register[SequenceNumber]("simple-sequence-number-service", "com.adaptris.core.services.metadata.SimpleSequenceNumberService",
		component.KindService, "sets metadata to the next number of a file")
}
