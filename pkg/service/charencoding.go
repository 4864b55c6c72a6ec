package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// ChangeEncoding says which character set the payload's bytes are in, and leaves the bytes as they are. Interlok:
// ChangeCharEncodingService.
type ChangeEncoding struct {
	component.ServiceBase
	CharEncoding string `xml:"char-encoding" example:"ISO-8859-1" doc:"the character set; without it none is named, which means UTF-8"`
}

// Check refuses a character set that nobody knows.
func (s *ChangeEncoding) Check(r *component.Report) { checkCharset(r, "char-encoding", s.CharEncoding) }

// Apply names the character set of m.
func (s *ChangeEncoding) Apply(_ context.Context, m *message.Message) error {
	m.SetEncoding(s.CharEncoding)
	return nil
}

// RemoveBOM takes a byte order mark of UTF-8 off the payload. Interlok: Utf8BomRemover.
type RemoveBOM struct {
	component.ServiceBase
}

// Apply changes the payload of m if it begins with the mark.
func (*RemoveBOM) Apply(_ context.Context, m *message.Message) error {
	if rest, there := bytes.CutPrefix(m.Payload(), byteOrderMark); there {
		m.SetPayload(rest)
	}
	return nil
}

// EncodingFromXML names the payload's character set as its XML declaration does; one that does not leaves it as it was. Interlok:
// UseXmlCharsetAsEncodingService. A payload that does not begin as XML does fails.
type EncodingFromXML struct {
	component.ServiceBase
}

// xmlDeclaration finds the character set in an XML declaration at the beginning.
var xmlDeclaration = regexp.MustCompile(`^<\?xml\s[^>]*?\sencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]*)["'][^>]*\?>`)

// maxDeclarationBytes is as far as an XML declaration is looked for.
const maxDeclarationBytes = 1024

// Apply names the character set of m.
func (*EncodingFromXML) Apply(_ context.Context, m *message.Message) error {
	begin, err := xmlBeginning(m.Payload())
	if err != nil {
		return fmt.Errorf("use-xml-charset-as-encoding: %w", err)
	}
	declared := xmlDeclaration.FindSubmatch(begin)
	if declared == nil {
		return nil
	}
	name := string(declared[1])
	if err := message.KnownCharset(name); err != nil {
		return fmt.Errorf("use-xml-charset-as-encoding: %w", err)
	}
	m.SetEncoding(name)
	return nil
}

// xmlBeginning is the first part of an XML text as ASCII: of UTF-16 every other byte, for a declaration has nothing but ASCII.
func xmlBeginning(payload []byte) ([]byte, error) {
	begin := payload[:min(len(payload), 2*maxDeclarationBytes)]
	rest, _ := bytes.CutPrefix(begin, byteOrderMark)
	switch {
	case bytes.HasPrefix(begin, []byte{0xFE, 0xFF}):
		rest = everyOther(begin[2:], 1)
	case bytes.HasPrefix(begin, []byte{0xFF, 0xFE}):
		rest = everyOther(begin[2:], 0)
	case bytes.HasPrefix(begin, []byte{0, '<'}):
		rest = everyOther(begin, 1)
	case bytes.HasPrefix(begin, []byte{'<', 0}):
		rest = everyOther(begin, 0)
	}
	if !bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte("<")) {
		return nil, errors.New("the payload is no XML: it does not begin with <")
	}
	return rest, nil
}

func everyOther(data []byte, from int) []byte {
	out := make([]byte, 0, len(data)/2)
	for i := from; i < len(data); i += 2 {
		out = append(out, data[i])
	}
	return out
}

func init() {
	component.Register[ChangeEncoding]("change-char-encoding-service", "com.adaptris.core.services.ChangeCharEncodingService", component.KindService,
		"says which character set the payload is in")
	component.Register[RemoveBOM]("utf8-bom-remover", "com.adaptris.core.services.Utf8BomRemover", component.KindService,
		"takes a UTF-8 byte order mark off the payload")
	component.Register[EncodingFromXML]("use-xml-charset-as-encoding", "com.adaptris.core.services.UseXmlCharsetAsEncodingService", component.KindService,
		"names the payload's character set as its XML declaration does")
}
