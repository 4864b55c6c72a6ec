package document

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
)

// The sizes of Interlok's password classes.
const (
	keyBytes      = 16 // AES-128
	nonceBytes    = 12 // GCM
	saltBytes     = 4  // random bytes before the text in PW: and SEED:, so that equal texts differ
	seedRounds    = 20_000
	maxSeedBytes  = 64 << 20
	maxTextBytes  = 1 << 20
	lengthOfBlock = 4 // bytes of the length before each block in PW:
)

// seedSalt is the constant salt of Interlok's SeededAesPbeCrypto.
var seedSalt = []byte{
	0xE1, 0x1D, 0x2B, 0xE2, 0x89, 0x45, 0x53, 0xF7, 0x7F, 0x94, 0x7D, 0xF3, 0x9E, 0x68, 0x0B, 0x64,
	0x7E, 0x20, 0x5B, 0x22, 0xB9, 0x18, 0xC5, 0xCD, 0x4C, 0x0F, 0x96, 0x3F, 0x8F, 0x18, 0xC8, 0x7C,
}

// damaged is why a secret cannot be decoded; it holds nothing of it.
func damaged(form, why string) error {
	return fmt.Errorf("the %s secret is damaged, %s; encode it again with adapterd password encode", form, why)
}

func decodeBase64(form, text string) ([]byte, error) {
	text = strings.Join(strings.Fields(text), "") // wrapped over lines
	if len(text) > maxTextBytes {
		return nil, damaged(form, "it is too long")
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		data, err = base64.RawStdEncoding.DecodeString(text)
	}
	if err != nil {
		return nil, damaged(form, "what follows the prefix is no base64")
	}
	return data, nil
}

func decodePW(text string) (string, error) {
	data, err := decodeBase64(FormPW, text)
	if err != nil {
		return "", err
	}
	var blocks [3][]byte // IV, key, ciphertext
	for i := range blocks {
		if len(data) < lengthOfBlock || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-lengthOfBlock) {
			return "", damaged(FormPW, "it is too short")
		}
		end := lengthOfBlock + int(binary.BigEndian.Uint32(data))
		blocks[i], data = data[lengthOfBlock:end], data[end:]
	}
	return decodeCBC(FormPW, blocks[1], blocks[0], blocks[2])
}

func encodePW(plain string) (string, error) {
	iv, key := random(aes.BlockSize), random(keyBytes)
	var data []byte
	for _, block := range [][]byte{iv, key, encryptCBC(key, iv, salted(plain))} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(block)))
		data = append(data, block...)
	}
	return FormPW + base64.StdEncoding.EncodeToString(data), nil
}

func decodeGCM(text string) (string, error) {
	data, err := decodeBase64(FormGCM, text)
	if err != nil {
		return "", err
	}
	if len(data) < nonceBytes+keyBytes {
		return "", damaged(FormGCM, "it is too short")
	}
	nonce, key, sealed := data[:nonceBytes], data[nonceBytes:nonceBytes+keyBytes], data[nonceBytes+keyBytes:]
	plain, err := gcm(key).Open(nil, nonce, sealed, nil)
	if err != nil {
		return "", damaged(FormGCM, "its authentication tag does not fit")
	}
	return string(plain), nil
}

func encodeGCM(plain string) (string, error) {
	nonce, key := random(nonceBytes), random(keyBytes)
	data := append(bytes.Clone(nonce), key...)
	return FormGCM + base64.StdEncoding.EncodeToString(gcm(key).Seal(data, nonce, []byte(plain), nil)), nil
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for keys of another size
	}
	g, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for blocks of another size
	}
	return g
}

func decodeSeed(text, seedFile string) (string, error) {
	data, err := decodeBase64(FormSeed, text)
	if err != nil {
		return "", err
	}
	key, iv, err := seedKey(seedFile)
	if err != nil {
		return "", err
	}
	plain, err := decodeCBC(FormSeed, key, iv, data)
	if err != nil {
		return "", errors.New("the SEED: secret cannot be decoded with the seed file; it was encoded with another, or that file has changed since")
	}
	return plain, nil
}

func encodeSeed(plain, seedFile string) (string, error) {
	key, iv, err := seedKey(seedFile)
	if err != nil {
		return "", err
	}
	return FormSeed + base64.StdEncoding.EncodeToString(encryptCBC(key, iv, salted(plain))), nil
}

// seedKey derives what PBEWithHmacSHA256AndAES_128 works with from the seed file.
func seedKey(location string) (key, iv []byte, err error) {
	path, err := FilePath(location)
	if err != nil {
		return nil, nil, fmt.Errorf("the seed file: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("the seed file %s cannot be read: %w", path, cause(err))
	}
	defer f.Close()
	seed, err := readAtMost(f, maxSeedBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("the seed file %s cannot be read: %w", path, err)
	}
	digest := sha512.Sum384(seed)
	password := hex.EncodeToString(digest[aes.BlockSize:])
	key, err = pbkdf2.Key(sha256.New, password, seedSalt, seedRounds, keyBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("the key of the seed file cannot be derived: %w", err)
	}
	return key, digest[:aes.BlockSize], nil
}

func decodeCBC(form string, key, iv, data []byte) (string, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return "", damaged(form, "its parts have wrong lengths")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	text := len(plain) - padding
	if padding == 0 || padding > aes.BlockSize || text < saltBytes || !bytes.Equal(plain[text:], bytes.Repeat([]byte{byte(padding)}, padding)) {
		return "", damaged(form, "its padding does not fit")
	}
	return string(plain[saltBytes:text]), nil
}

func encryptCBC(key, iv, plain []byte) []byte {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // only for keys of another size
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	data := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(data, data)
	return data
}

func salted(plain string) []byte { return append(random(saltBytes), plain...) }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
