package service

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/adapterd/adapterd/pkg/message"
)

// isUTF8 is what messages say of their own character set, so that a text is written as it is read.
func isUTF8(charset string) bool { return message.IsUTF8(charset) }

// keepsLineEnds says that in a character set a byte below 0x80 always is the ASCII character, so that lines can be found in bytes.
func keepsLineEnds(charset string) bool {
	lower := strings.ToLower(charset)
	return isUTF8(charset) || strings.HasPrefix(lower, "iso-8859-") || strings.HasPrefix(lower, "windows-125")
}

// sameCharset says that two names mean one character set.
func sameCharset(a, b string) bool {
	return strings.EqualFold(a, b) || isUTF8(a) && isUTF8(b)
}

func charsetOf(name string) (encoding.Encoding, error) {
	e, err := ianaindex.IANA.Encoding(name)
	if err != nil || e == nil {
		return nil, fmt.Errorf("the character set %q is not known; use a name of the IANA registry such as UTF-8 or ISO-8859-1", name)
	}
	return e, nil
}

// setText makes text the payload of m, in the character set that m names. A character that the set does not have becomes a question
// mark, as in Java.
func setText(m *message.Message, text string) error {
	if isUTF8(m.Encoding()) {
		m.SetPayload([]byte(text))
		return nil
	}
	charset, err := charsetOf(m.Encoding())
	if err != nil {
		return err
	}
	payload, err := charset.NewEncoder().Bytes([]byte(text))
	if err != nil {
		payload, err = encodeRunes(charset, text)
	}
	if err != nil {
		return fmt.Errorf("the new payload cannot be written as %s: %w", m.Encoding(), err)
	}
	m.SetPayload(payload)
	return nil
}

// encodeRunes encodes one character after the other, with question marks for those that the character set does not have.
func encodeRunes(charset encoding.Encoding, text string) ([]byte, error) {
	var out []byte
	for _, r := range text {
		encoded, err := charset.NewEncoder().String(string(r))
		if err != nil {
			if encoded, err = charset.NewEncoder().String("?"); err != nil {
				return nil, err
			}
		}
		out = append(out, encoded...)
	}
	return out, nil
}
