package failed

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// Text is a string that JSON keeps as it is: one that is not valid UTF-8, as names of files and metadata may be, stands there as
// {"base64":"…"}.
type Text string

type encodedText struct {
	Base64 *[]byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (t Text) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // people read it; who wants that escaped has it done around this
	if utf8.ValidString(string(t)) {
		err := e.Encode(string(t))
		return b.Bytes(), err
	}
	raw := []byte(t)
	err := e.Encode(encodedText{&raw})
	return b.Bytes(), err
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var e encodedText
		if err := json.Unmarshal(data, &e); err != nil {
			return err
		}
		if e.Base64 == nil {
			return errors.New(`a text is a string, or an object with "base64"`)
		}
		*t = Text(*e.Base64)
		return nil
	}
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	*t = Text(s)
	return nil
}
