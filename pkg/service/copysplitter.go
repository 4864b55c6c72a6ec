package service

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// MetadataCopies makes as many copies of a message as a metadata value says. Interlok: MetadataDocumentCopier. Without the metadata, and
// with an empty value, there are none; a fraction is cut off. Copies share the payload.
type MetadataCopies struct {
	splitting
	MetadataKey      string `xml:"metadata-key,required" example:"copies" doc:"key of the metadata that holds the number"`
	IndexMetadataKey string `xml:"index-metadata-key" doc:"key of the metadata of a copy that says which it is, from 0"`
}

// Split implements component.Splitter.
func (s *MetadataCopies) Split(m *message.Message, yield func(*message.Message) error) error {
	value, _ := m.Metadata(s.MetadataKey)
	n, err := copies(value)
	if err != nil {
		return fmt.Errorf("metadata-document-copier: metadata %q %w", s.MetadataKey, err)
	}
	origin := s.origin(m)
	for i := range n {
		part := origin.Child(m.Payload())
		if s.IndexMetadataKey != "" {
			part.SetMetadata(s.IndexMetadataKey, strconv.Itoa(i))
		}
		if err := yield(part); err != nil {
			return err
		}
	}
	return nil
}

// copies reads how many copies are wanted.
func copies(value string) (int, error) {
	text := strings.TrimSpace(value)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n > math.MaxInt32 {
		return 0, fmt.Errorf("is %q; a number of copies from 0 to %d is needed", value, math.MaxInt32)
	}
	return max(int(n), 0), nil
}

// XPathCopies makes as many copies of a message as an XPath says. Interlok: XpathDocumentCopier. An XPath that finds nothing makes none;
// a fraction is cut off. Copies share the payload.
type XPathCopies struct {
	splitting
	xmlReading
	XPath string `xml:"xpath,required" example:"count(/orders/order)" doc:"the number of copies"`

	path *expr.XPath
}

// Check compiles the XPath.
func (s *XPathCopies) Check(r *component.Report) { s.path = s.checkXPath(r, "xpath", s.XPath) }

// Split implements component.Splitter.
func (s *XPathCopies) Split(m *message.Message, yield func(*message.Message) error) error {
	path, err := s.pathFor(m, s.path)
	if err != nil {
		return fmt.Errorf("xpath-document-copier: %w", err)
	}
	value, err := xpathText(path, m)
	if err != nil {
		return fmt.Errorf("xpath-document-copier: %w", err)
	}
	n, err := copies(value)
	if err != nil {
		return fmt.Errorf("xpath-document-copier: xpath %s %w", s.XPath, err)
	}
	origin := s.origin(m)
	for range n {
		if err := yield(origin.Child(m.Payload())); err != nil {
			return err
		}
	}
	return nil
}

// MetadataSplitter makes a copy of a message for every piece of a metadata value. Interlok: SplitByMetadata. Empty pieces at the end do
// not count. Without the metadata, and with an empty value, the message is one part as it is. Copies share the payload.
type MetadataSplitter struct {
	splitting
	Separator        *regexp.Regexp `xml:"separator,required" default:"," doc:"regular expression of what stands between the pieces"`
	MetadataKey      string         `xml:"metadata-key,required" example:"recipients" doc:"key of the metadata that is cut"`
	SplitMetadataKey string         `xml:"split-metadata-key,required" example:"recipient" doc:"key of the metadata of a copy that gets its piece"`
}

// Split implements component.Splitter.
func (s *MetadataSplitter) Split(m *message.Message, yield func(*message.Message) error) error {
	value, _ := m.Metadata(s.MetadataKey)
	if value == "" {
		whole := m.Clone()
		if s.CopyObjectMetadata {
			whole.PassObjects()
		}
		return yield(whole.Child(m.Payload()))
	}
	pieces := s.Separator.Split(value, -1)
	if len(pieces) > 1 {
		for len(pieces) > 0 && pieces[len(pieces)-1] == "" {
			pieces = pieces[:len(pieces)-1]
		}
	}
	origin := s.origin(m)
	for _, piece := range pieces {
		part := origin.Child(m.Payload())
		part.SetMetadata(s.SplitMetadataKey, piece)
		if err := yield(part); err != nil {
			return err
		}
	}
	return nil
}

func init() {
	component.Register[MetadataCopies]("metadata-document-copier", "com.adaptris.core.services.splitter.MetadataDocumentCopier", component.KindSplitter,
		"makes as many copies as a metadata value says")
	component.Register[XPathCopies]("xpath-document-copier", "com.adaptris.core.services.splitter.XpathDocumentCopier", component.KindSplitter,
		"makes as many copies as an XPath says")
	component.Register[MetadataSplitter]("split-by-metadata", "com.adaptris.core.services.splitter.SplitByMetadata", component.KindSplitter,
		"makes a copy for every piece of a metadata value")
}
