package service

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"errors"
	"fmt"
	"strings"
)

// transformation is a cipher as Java names it, such as AES/CBC/PKCS5Padding.
type transformation struct {
	newBlock func(key []byte) (cipher.Block, error)
	mode     string
	padded   bool
	text     string
}

// parseTransformation reads a transformation; algorithm is the kind of the key, which must be the cipher's.
func parseTransformation(algorithm, text string) (*transformation, error) {
	parts := strings.Split(strings.ToUpper(strings.TrimSpace(text)), "/")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q is no cipher that is supported; name cipher, mode and padding, such as AES/CBC/PKCS5Padding", text)
	}
	t := &transformation{mode: parts[1], text: strings.TrimSpace(text)}
	switch parts[0] {
	case "AES":
		t.newBlock = aes.NewCipher
	case "DESEDE", "TRIPLEDES":
		t.newBlock = tripleDES
	default:
		return nil, fmt.Errorf("%q has a cipher that is not supported; use AES or DESede", text)
	}
	if kind := strings.ToUpper(strings.TrimSpace(algorithm)); cipherName(kind) != cipherName(parts[0]) {
		return nil, fmt.Errorf("the key is for %s, but the cipher is %s; make both the same", algorithm, parts[0])
	}
	switch parts[2] {
	case "PKCS5PADDING", "PKCS7PADDING":
		t.padded = true
	case "NOPADDING":
	default:
		return nil, fmt.Errorf("%q has a padding that is not supported; use PKCS5Padding or NoPadding", text)
	}
	switch {
	case t.mode == "CBC":
	case t.padded && (t.mode == "CTR" || t.mode == "GCM"):
		return nil, fmt.Errorf("%q pads, but %s has no blocks to fill; use NoPadding", text, t.mode)
	case t.mode == "CTR", t.mode == "GCM" && parts[0] == "AES":
	case t.mode == "ECB":
		return nil, fmt.Errorf("%q has no use for an initial vector, and shows which blocks are the same; use CBC, CTR or GCM", text)
	default:
		return nil, fmt.Errorf("%q has a mode that is not supported; use CBC, CTR or (AES only) GCM", text)
	}
	return t, nil
}

func cipherName(upper string) string {
	if upper == "TRIPLEDES" {
		return "DESEDE"
	}
	return upper
}

// tripleDES takes keys of 16 bytes too, whose first 8 are the last part again.
func tripleDES(key []byte) (cipher.Block, error) {
	if len(key) == 16 {
		key = append(bytes.Clone(key), key[:8]...)
	}
	return des.NewTripleDESCipher(key)
}

func (t *transformation) block(key, vector []byte) (cipher.Block, error) {
	block, err := t.newBlock(key)
	if err != nil {
		return nil, fmt.Errorf("the key has %d bytes, which is no length of a key for %s", len(key), t.text)
	}
	if t.mode != "GCM" && len(vector) != block.BlockSize() {
		return nil, fmt.Errorf("the initial vector has %d bytes; %s needs %d", len(vector), t.text, block.BlockSize())
	}
	return block, nil
}

func (t *transformation) gcm(block cipher.Block, vector []byte) (cipher.AEAD, error) {
	if len(vector) == 0 {
		return nil, fmt.Errorf("the initial vector is empty; %s needs one", t.text)
	}
	return cipher.NewGCMWithNonceSize(block, len(vector))
}

func (t *transformation) encrypt(key, vector, data []byte) ([]byte, error) {
	block, err := t.block(key, vector)
	if err != nil {
		return nil, err
	}
	switch t.mode {
	case "GCM":
		aead, err := t.gcm(block, vector)
		if err != nil {
			return nil, err
		}
		return aead.Seal(nil, vector, data, nil), nil
	case "CTR":
		return stream(block, vector, data), nil
	}
	size := block.BlockSize()
	out := make([]byte, len(data), len(data)+size)
	copy(out, data)
	if t.padded {
		n := size - len(data)%size
		out = append(out, bytes.Repeat([]byte{byte(n)}, n)...)
	}
	if len(out)%size != 0 {
		return nil, fmt.Errorf("there are %d bytes, but %s takes whole blocks of %d only; use PKCS5Padding", len(data), t.text, size)
	}
	cipher.NewCBCEncrypter(block, vector).CryptBlocks(out, out)
	return out, nil
}

// errUndecryptable says nothing of what was found: who sends payloads must not learn the key from answers.
var errUndecryptable = errors.New("it cannot be decrypted: the key, the initial vector or the cipher is another one than it was encrypted with, or it is damaged")

func (t *transformation) decrypt(key, vector, data []byte) ([]byte, error) {
	block, err := t.block(key, vector)
	if err != nil {
		return nil, err
	}
	switch t.mode {
	case "GCM":
		aead, err := t.gcm(block, vector)
		if err != nil {
			return nil, err
		}
		out, err := aead.Open(nil, vector, data, nil)
		if err != nil {
			return nil, errUndecryptable
		}
		return out, nil
	case "CTR":
		return stream(block, vector, data), nil
	}
	size := block.BlockSize()
	if len(data)%size != 0 || t.padded && len(data) == 0 {
		return nil, errUndecryptable
	}
	out := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(out, data)
	if !t.padded {
		return out, nil
	}
	n := int(out[len(out)-1])
	if n == 0 || n > size || !bytes.Equal(out[len(out)-n:], bytes.Repeat([]byte{byte(n)}, n)) {
		return nil, errUndecryptable
	}
	return out[:len(out)-n], nil
}

func stream(block cipher.Block, vector, data []byte) []byte {
	out := make([]byte, len(data))
	cipher.NewCTR(block, vector).XORKeyStream(out, data)
	return out
}
