package document

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret is a text that no formatter shows: not fmt, JSON, slog or zap, also when it stands in a struct. Only Reveal does.
// The zero Secret is empty.
type Secret struct {
	// reveal hides the text from printers that look into structs.
	reveal func() string
}

// hidden is what a secret looks like.
const hidden = "***"

// NewSecret keeps a text secret.
func NewSecret(text string) Secret { return Secret{reveal: func() string { return text }} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsEmpty says whether there is no text.
func (s Secret) IsEmpty() bool { return s.Reveal() == "" }

// String is ***.
func (s Secret) String() string { return hidden }

// GoString is ***.
func (s Secret) GoString() string { return hidden }

// Format writes *** for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// MarshalJSON writes "***".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }

// MarshalText writes ***.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue is ***, for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// SeedProperty is the system property that names the seed file of SEED: secrets.
const SeedProperty = "interlok.password.seed"

// The forms of an encoded secret, as their prefixes.
const (
	FormPW   = "PW:"
	FormGCM  = "AES_GCM:"
	FormSeed = "SEED:"
)

// DecodeSecret reads the text of a secret field: %env{NAME} and %sysprop{name} are replaced first; then PW:, AES_GCM: and SEED: are
// decoded as Interlok encoded them, and any other text is the secret itself. No error holds any of the text.
func DecodeSecret(text string, lookup Lookup) (Secret, error) {
	text, missing := resolveExternal(text, lookup)
	if missing != "" {
		return Secret{}, fmt.Errorf("the secret refers to %s, which is not set", missing)
	}
	encoded := strings.TrimSpace(text)
	var plain string
	var err error
	switch form, rest := splitForm(encoded); form {
	case FormPW:
		plain, err = decodePW(rest)
	case FormGCM:
		plain, err = decodeGCM(rest)
	case FormSeed:
		var file string
		if file, err = seedFile(lookup); err == nil {
			plain, err = decodeSeed(rest, file)
		}
	case "MSCAPI:":
		err = errors.New("MSCAPI: secrets can only be decoded by Java on the Windows machine that encoded them; encode it anew with adapterd password encode")
	case "ALTPW:":
		err = errors.New("ALTPW: secrets are bound to one machine and no longer supported; encode it anew with adapterd password encode")
	default:
		return NewSecret(text), nil
	}
	if err != nil {
		return Secret{}, err
	}
	return NewSecret(plain), nil
}

func splitForm(text string) (form, rest string) {
	for _, form := range []string{FormPW, FormGCM, FormSeed, "MSCAPI:", "ALTPW:"} {
		if rest, ok := strings.CutPrefix(text, form); ok {
			return form, rest
		}
	}
	return "", text
}

func seedFile(lookup Lookup) (string, error) {
	if lookup != nil {
		if file, ok := lookup("sysprop", SeedProperty); ok && strings.TrimSpace(file) != "" {
			return file, nil
		}
	}
	return "", fmt.Errorf("SEED: secrets need the seed file that they were encoded with; name it by sysprop.%s=… in bootstrap.properties", SeedProperty)
}

// EncodeSecret encodes a text in one of the forms, so that DecodeSecret and Interlok can read it. seedFile is for FormSeed only.
//
// PW: and AES_GCM: carry their own key: they keep a secret from being read in passing, not from who has the document.
func EncodeSecret(plain, form, seedFile string) (string, error) {
	switch strings.ToUpper(strings.TrimSuffix(form, ":")) + ":" {
	case FormPW:
		return encodePW(plain)
	case FormGCM:
		return encodeGCM(plain)
	case FormSeed:
		if seedFile == "" {
			return "", errors.New("SEED: needs a seed file; any file that stays the same will do")
		}
		return encodeSeed(plain, seedFile)
	}
	return "", fmt.Errorf("%q is no form of a secret; use %s, %s or %s", form, FormPW, FormGCM, FormSeed)
}
