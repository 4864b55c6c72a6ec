package service

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1" // RFC 8018: what OpenSSL before 1.1 derived keys with
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"hash"
)

// errWrongPassphrase says nothing of what was found.
var errWrongPassphrase = errors.New("the key cannot be read; the passphrase is wrong, or the file is damaged")

// encryptedPKCS8 is EncryptedPrivateKeyInfo of RFC 5958.
type encryptedPKCS8 struct {
	Algorithm pkix.AlgorithmIdentifier
	Data      []byte
}

// pbes2 and pbkdf2Parameters are of RFC 8018.
type pbes2 struct {
	Derivation, Encryption pkix.AlgorithmIdentifier
}

type pbkdf2Parameters struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// maxIterations bounds the time that a key file may take.
const maxIterations = 10_000_000

// decryptPKCS8 is the PKCS #8 key in an encrypted one. Keys are derived by PBKDF2 and encrypted by AES or triple DES in CBC mode, as OpenSSL
// does by default since 1.1 and with -v2 before.
func decryptPKCS8(der []byte, passphrase string) ([]byte, error) {
	if passphrase == "" {
		return nil, errors.New("the key is encrypted; give <private-key-passphrase>")
	}
	var info encryptedPKCS8
	if rest, err := asn1.Unmarshal(der, &info); err != nil || len(rest) > 0 {
		return nil, errWrongPassphrase
	}
	var scheme pbes2
	if info.Algorithm.Algorithm.String() != "1.2.840.113549.1.5.13" {
		return nil, fmt.Errorf("the key is encrypted by the scheme %s, which is not supported; convert it with: openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW", info.Algorithm.Algorithm)
	}
	if _, err := asn1.Unmarshal(info.Algorithm.Parameters.FullBytes, &scheme); err != nil {
		return nil, errWrongPassphrase
	}
	var derivation pbkdf2Parameters
	if scheme.Derivation.Algorithm.String() != "1.2.840.113549.1.5.12" {
		return nil, fmt.Errorf("the key is derived by the function %s, which is not supported; use PBKDF2", scheme.Derivation.Algorithm)
	}
	if _, err := asn1.Unmarshal(scheme.Derivation.Parameters.FullBytes, &derivation); err != nil {
		return nil, errWrongPassphrase
	}
	digest, ok := map[string]func() hash.Hash{
		"": sha1.New, "1.2.840.113549.2.7": sha1.New, "1.2.840.113549.2.9": sha256.New, "1.2.840.113549.2.10": sha512.New384, "1.2.840.113549.2.11": sha512.New,
	}[derivation.PRF.Algorithm.String()]
	if !ok || derivation.Iterations < 1 || derivation.Iterations > maxIterations {
		return nil, fmt.Errorf("the key is derived with the function %s in %d rounds, which is not supported", derivation.PRF.Algorithm, derivation.Iterations)
	}
	size, newBlock, ok := pbes2Cipher(scheme.Encryption.Algorithm.String())
	if !ok {
		return nil, fmt.Errorf("the key is encrypted by the cipher %s, which is not supported; use AES", scheme.Encryption.Algorithm)
	}
	key, err := pbkdf2.Key(digest, passphrase, derivation.Salt, derivation.Iterations, size)
	if err != nil {
		return nil, errWrongPassphrase
	}
	block, err := newBlock(key)
	if err != nil {
		return nil, errWrongPassphrase
	}
	var vector []byte
	if _, err := asn1.Unmarshal(scheme.Encryption.Parameters.FullBytes, &vector); err != nil || len(vector) != block.BlockSize() {
		return nil, errWrongPassphrase
	}
	if len(info.Data) == 0 || len(info.Data)%block.BlockSize() != 0 {
		return nil, errWrongPassphrase
	}
	out := make([]byte, len(info.Data))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(out, info.Data)
	n := int(out[len(out)-1])
	if n == 0 || n > block.BlockSize() {
		return nil, errWrongPassphrase
	}
	return out[:len(out)-n], nil
}

func pbes2Cipher(oid string) (keySize int, newBlock func([]byte) (cipher.Block, error), ok bool) {
	switch oid {
	case "2.16.840.1.101.3.4.1.2":
		return 16, aes.NewCipher, true
	case "2.16.840.1.101.3.4.1.22":
		return 24, aes.NewCipher, true
	case "2.16.840.1.101.3.4.1.42":
		return 32, aes.NewCipher, true
	case "1.2.840.113549.3.7":
		return 24, des.NewTripleDESCipher, true
	}
	return 0, nil, false
}
