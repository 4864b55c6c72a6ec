package service

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

// Base64Secret is a key that both sides have. Interlok: Base64EncodedSecret. Its length chooses the method: HS256 from 32 bytes, HS384
// from 48, HS512 from 64.
type Base64Secret struct {
	Secret document.Secret `xml:"secret,required" doc:"the key in Base64, at least 32 bytes; it may be encoded like other secrets"`

	key []byte
}

// minSecret is how long a shared key must be at least (RFC 7518, section 3.2).
const minSecret = 32

// Check decodes the key. What it says holds nothing of it.
func (s *Base64Secret) Check(r *component.Report) {
	text := s.Secret.Reveal()
	if text == "" {
		return
	}
	key, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		r.Errorf("secret", "bad-value", "is not Base64; write the key's bytes so")
	case len(key) < minSecret:
		r.Errorf("secret", "bad-value", "has %d bytes, which is too short to be safe; use a random key of %d bytes at least", len(key), minSecret)
	}
	s.key = key
}

func (s *Base64Secret) signing() (jwt.SigningMethod, any, error) {
	switch n := len(s.key); {
	case n >= 64:
		return jwt.SigningMethodHS512, s.key, nil
	case n >= 48:
		return jwt.SigningMethodHS384, s.key, nil
	}
	return jwt.SigningMethodHS256, s.key, nil
}

func (s *Base64Secret) verifying(method jwt.SigningMethod) (any, error) {
	hmac, ok := method.(*jwt.SigningMethodHMAC)
	if !ok {
		return nil, errOtherMethod
	}
	if need := hmac.Hash.Size(); len(s.key) < need {
		return nil, fmt.Errorf("%s needs a key of %d bytes, the secret has %d", hmac.Alg(), need, len(s.key))
	}
	return s.key, nil
}

// RSASecret is a private key that signs, and a public one that verifies. Interlok: RSAEncodedSecret. The files are PEM; the private key may
// be encrypted as PKCS #8 (BEGIN ENCRYPTED PRIVATE KEY). They are read anew for every message, so that keys can be changed.
type RSASecret struct {
	PrivateKeyFilePath   string          `xml:"private-key-file-path" example:"/etc/adapterd/jwt.pem" doc:"path or file URL of the private key; needed to sign"`
	PublicKeyFilePath    string          `xml:"public-key-file-path" example:"/etc/adapterd/jwt.pub.pem" doc:"path or file URL of the public key; needed to verify"`
	PrivateKeyPassphrase document.Secret `xml:"private-key-passphrase" doc:"what the private key is encrypted with; it may be encoded like other secrets"`
	Algorithm            string          `xml:"algorithm" default:"RS256" enum:"RS256,RS384,RS512" doc:"the method of tokens that are signed"`

	// lastPrivate is the key of the last message: to decrypt one takes long, on purpose.
	lastPrivate atomic.Pointer[rsaKeyFile]
}

// rsaKeyFile is a key and the file that it was in.
type rsaKeyFile struct {
	file []byte
	key  *rsa.PrivateKey
}

// Check refuses a secret for nothing, and paths that are none.
func (s *RSASecret) Check(r *component.Report) {
	if s.PrivateKeyFilePath == "" && s.PublicKeyFilePath == "" {
		r.Errorf("", "missing-element", "has neither <private-key-file-path>, which is needed to sign, nor <public-key-file-path>, which is needed to verify; add one")
	}
	for _, file := range []struct{ element, location string }{
		{"private-key-file-path", s.PrivateKeyFilePath}, {"public-key-file-path", s.PublicKeyFilePath}} {
		if file.location == "" {
			continue
		}
		if _, err := document.FilePath(file.location); err != nil {
			r.Errorf(file.element, "bad-value", ": %v", err)
		}
	}
}

func (s *RSASecret) signing() (jwt.SigningMethod, any, error) {
	if s.PrivateKeyFilePath == "" {
		return nil, nil, errors.New("there is no <private-key-file-path>, which is needed to sign")
	}
	data, block, err := readPEM(s.PrivateKeyFilePath)
	if err != nil {
		return nil, nil, fmt.Errorf("<private-key-file-path>: %w", err)
	}
	method := jwt.GetSigningMethod(s.Algorithm)
	if last := s.lastPrivate.Load(); last != nil && bytes.Equal(last.file, data) {
		return method, last.key, nil
	}
	key, err := privateRSA(block, s.PrivateKeyPassphrase.Reveal())
	if err != nil {
		return nil, nil, fmt.Errorf("<private-key-file-path>: %w", err)
	}
	s.lastPrivate.Store(&rsaKeyFile{data, key})
	return method, key, nil
}

func (s *RSASecret) verifying(method jwt.SigningMethod) (any, error) {
	switch method.(type) {
	case *jwt.SigningMethodRSA, *jwt.SigningMethodRSAPSS:
	default:
		return nil, errOtherMethod
	}
	if s.PublicKeyFilePath == "" {
		return nil, errors.New("there is no <public-key-file-path>, which is needed to verify")
	}
	_, block, err := readPEM(s.PublicKeyFilePath)
	if err != nil {
		return nil, fmt.Errorf("<public-key-file-path>: %w", err)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("<public-key-file-path>: %s holds no public key (BEGIN PUBLIC KEY): %w", s.PublicKeyFilePath, err)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("<public-key-file-path>: %s holds a key that is no RSA key", s.PublicKeyFilePath)
	}
	return public, nil
}

// readPEM reads a file and the first block in it.
func readPEM(location string) (data []byte, block *pem.Block, err error) {
	path, err := document.FilePath(location)
	if err != nil {
		return nil, nil, err
	}
	if data, err = os.ReadFile(path); err != nil {
		var perr *fs.PathError // repeats the path
		if errors.As(err, &perr) {
			err = perr.Err
		}
		return nil, nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	if block, _ = pem.Decode(data); block == nil {
		return nil, nil, fmt.Errorf("%s is no PEM file; it must have -----BEGIN …-----", path)
	}
	return data, block, nil
}

// privateRSA is the private key in a block. What it says holds nothing of key and passphrase.
func privateRSA(block *pem.Block, passphrase string) (*rsa.PrivateKey, error) {
	der := block.Bytes
	switch {
	case block.Headers["DEK-Info"] != "":
		return nil, errors.New("the key is encrypted in the old way of OpenSSL, which is not safe; convert it with: openssl pkcs8 -topk8 -v2 aes256 -in OLD -out NEW")
	case block.Type == "RSA PRIVATE KEY":
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return nil, errors.New("the file says RSA PRIVATE KEY, but holds none that can be read")
		}
		return key, nil
	case block.Type == "ENCRYPTED PRIVATE KEY":
		var err error
		if der, err = decryptPKCS8(der, passphrase); err != nil {
			return nil, err
		}
	case block.Type != "PRIVATE KEY":
		return nil, fmt.Errorf("the file holds %q; it must be a private key", block.Type)
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, errWrongPassphrase
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the file holds a key that is no RSA key")
	}
	return private, nil
}

func init() {
	const pkg = "com.adaptris.core.jwt.secrets."
	component.Register[Base64Secret]("base64-encoded-secret", pkg+"Base64EncodedSecret", component.KindPart, "a shared key for JSON web tokens")
	component.Register[RSASecret]("rsa-encoded-secret", pkg+"RSAEncodedSecret", component.KindPart, "an RSA key pair for JSON web tokens")
}
