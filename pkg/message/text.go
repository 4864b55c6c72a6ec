package message

import (
	"fmt"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"
)

// IsUTF8 says that the payload's bytes are its text, as far as the source knows: it named no character set, or UTF-8, or its subset ASCII.
func (m *Message) IsUTF8() bool { return IsUTF8(m.encoding) }

// IsUTF8 says that bytes in the character set of that name are UTF-8: no name, a name of UTF-8, or one of its subset ASCII.
func IsUTF8(charset string) bool {
	if charset == "" {
		return true
	}
	for _, name := range []string{"utf-8", "utf8", "us-ascii", "ascii"} {
		if strings.EqualFold(charset, name) {
			return true
		}
	}
	return false
}

// Text is the payload as text: UTF-8 unless the message names another character set. Bytes that are not UTF-8 stay as they are.
func (m *Message) Text() (string, error) {
	if m.IsUTF8() {
		return string(m.Payload()), nil
	}
	charset, err := charsetOf(m.encoding)
	if err != nil {
		return "", err
	}
	text, err := charset.NewDecoder().Bytes(m.Payload())
	if err != nil {
		return "", fmt.Errorf("the payload is not valid %s: %w", m.encoding, err)
	}
	return string(text), nil
}

// KnownCharset returns an error if no payload can be read in the character set of that name.
func KnownCharset(name string) error {
	_, err := charsetOf(name)
	return err
}

func charsetOf(name string) (encoding.Encoding, error) {
	charset, err := ianaindex.IANA.Encoding(name)
	if err != nil || charset == nil {
		return nil, fmt.Errorf("the payload's character set %q is not known; use a name of the IANA registry such as ISO-8859-1", name)
	}
	return charset, nil
}
