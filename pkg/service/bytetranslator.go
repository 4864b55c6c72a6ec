package service

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
)

// ByteTranslator writes bytes as text and reads them back. Interlok: ByteTranslator. It is safe for concurrent use.
type ByteTranslator interface {
	Text(data []byte) (string, error)
	Bytes(text string) ([]byte, error)
}

// Base64Translator writes Base64 on one line. Interlok: Base64ByteTranslator.
type Base64Translator struct{}

// Text implements ByteTranslator.
func (*Base64Translator) Text(data []byte) (string, error) {
	return base64.StdEncoding.EncodeToString(data), nil
}

// Bytes implements ByteTranslator. Padding may be missing.
func (*Base64Translator) Bytes(text string) ([]byte, error) {
	data, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return nil, fmt.Errorf("the text is no Base64: %w", err)
	}
	return data, nil
}

// HexTranslator writes two lower-case hexadecimal digits per byte. Interlok: HexStringByteTranslator.
type HexTranslator struct{}

// Text implements ByteTranslator.
func (*HexTranslator) Text(data []byte) (string, error) { return hex.EncodeToString(data), nil }

// Bytes implements ByteTranslator.
func (*HexTranslator) Bytes(text string) ([]byte, error) {
	data, err := hex.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("the text is not hexadecimal: %w", err)
	}
	return data, nil
}

// Base58Translator writes Base58 with Bitcoin's alphabet. Interlok: Base58ByteTranslator.
type Base58Translator struct{}

const base58Alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// maxBase58 bounds what Base58 takes, since its cost grows with the square of the length.
const maxBase58 = 16 << 10

// Text implements ByteTranslator.
func (*Base58Translator) Text(data []byte) (string, error) {
	if len(data) > maxBase58 {
		return "", fmt.Errorf("base58 is for short values; this one has %d bytes, %d are allowed; use base64-byte-translator", len(data), maxBase58)
	}
	var out []byte
	base, digit := big.NewInt(58), new(big.Int)
	for n := new(big.Int).SetBytes(data); n.Sign() > 0; {
		n.QuoRem(n, base, digit)
		out = append(out, base58Alphabet[digit.Int64()])
	}
	for _, b := range data {
		if b != 0 {
			break
		}
		out = append(out, base58Alphabet[0])
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return string(out), nil
}

// Bytes implements ByteTranslator.
func (*Base58Translator) Bytes(text string) ([]byte, error) {
	if len(text) > maxBase58 {
		return nil, fmt.Errorf("base58 is for short values; this one has %d characters, %d are allowed; use base64-byte-translator", len(text), maxBase58)
	}
	base, n := big.NewInt(58), new(big.Int)
	zeros := len(text) - len(strings.TrimLeft(text, base58Alphabet[:1]))
	for i := range len(text) {
		digit := strings.IndexByte(base58Alphabet, text[i])
		if digit < 0 {
			return nil, fmt.Errorf("the text is no Base58: %q at character %d", text[i], i+1)
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(digit)))
	}
	return append(make([]byte, zeros), n.Bytes()...), nil
}

// CharsetTranslator takes the bytes for text in a character set. Interlok: CharsetByteTranslator.
type CharsetTranslator struct {
	CharsetEncoding string `xml:"charset-encoding" default:"UTF-8" doc:"character set, a name of the IANA registry"`
}

// Check refuses a character set that nobody knows.
func (c *CharsetTranslator) Check(r *component.Report) {
	checkCharset(r, "charset-encoding", c.CharsetEncoding)
}

// Text implements ByteTranslator.
func (c *CharsetTranslator) Text(data []byte) (string, error) {
	return decodeText(c.CharsetEncoding, data)
}

// Bytes implements ByteTranslator.
func (c *CharsetTranslator) Bytes(text string) ([]byte, error) {
	return encodeText(c.CharsetEncoding, text)
}

// SimpleTranslator takes the bytes for UTF-8, the character set of the process. Interlok: SimpleByteTranslator.
type SimpleTranslator struct{}

// Text implements ByteTranslator.
func (*SimpleTranslator) Text(data []byte) (string, error) { return decodeText("", data) }

// Bytes implements ByteTranslator.
func (*SimpleTranslator) Bytes(text string) ([]byte, error) { return []byte(text), nil }

// checkCharset refuses a character set that nobody knows.
func checkCharset(r *component.Report, element, charset string) {
	if isUTF8(charset) {
		return
	}
	if _, err := charsetOf(charset); err != nil {
		r.Errorf(element, "bad-value", ": %v", err)
	}
}

// encodeText is text in a character set; empty is UTF-8. A character that the set does not have becomes a question mark, as in Java.
func encodeText(charset, text string) ([]byte, error) {
	if isUTF8(charset) {
		return []byte(text), nil
	}
	e, err := charsetOf(charset)
	if err != nil {
		return nil, err
	}
	data, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		data, err = encodeRunes(e, text)
	}
	if err != nil {
		return nil, fmt.Errorf("the text cannot be written as %s: %w", charset, err)
	}
	return data, nil
}

// decodeText reads bytes in a character set; empty is UTF-8. Bytes that mean nothing there become U+FFFD, as in Java.
func decodeText(charset string, data []byte) (string, error) {
	if isUTF8(charset) {
		return strings.ToValidUTF8(string(data), "\uFFFD"), nil
	}
	e, err := charsetOf(charset)
	if err != nil {
		return "", err
	}
	text, err := e.NewDecoder().Bytes(data)
	if err != nil {
		return "", fmt.Errorf("the bytes are not valid %s: %w", charset, err)
	}
	return string(text), nil
}

func init() {
	component.Register[Base64Translator]("base64-byte-translator", "com.adaptris.util.text.Base64ByteTranslator", component.KindPart, "bytes as Base64")
	component.Register[HexTranslator]("hex-string-byte-translator", "com.adaptris.util.text.HexStringByteTranslator", component.KindPart,
		"bytes as hexadecimal digits")
	component.Register[Base58Translator]("base58-byte-translator", "com.adaptris.util.text.Base58ByteTranslator", component.KindPart, "bytes as Base58")
	component.Register[CharsetTranslator]("charset-byte-translator", "com.adaptris.util.text.CharsetByteTranslator", component.KindPart,
		"bytes as text in a character set")
	component.Register[SimpleTranslator]("simple-byte-translator", "com.adaptris.util.text.SimpleByteTranslator", component.KindPart, "bytes as UTF-8 text")
}
