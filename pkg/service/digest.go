package service

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"
	"hash"
	"strings"
)

// digests are the hash algorithms by their names in Java (MessageDigest), in upper case.
var digests = map[string]func() hash.Hash{
	"MD5": md5.New, "SHA": sha1.New, "SHA1": sha1.New, "SHA-1": sha1.New, "SHA-224": sha256.New224, "SHA-256": sha256.New,
	"SHA-384": sha512.New384, "SHA-512": sha512.New, "SHA-512/224": sha512.New512_224, "SHA-512/256": sha512.New512_256,
	"SHA3-224": func() hash.Hash { return sha3.New224() }, "SHA3-256": func() hash.Hash { return sha3.New256() },
	"SHA3-384": func() hash.Hash { return sha3.New384() }, "SHA3-512": func() hash.Hash { return sha3.New512() },
}

// digestOf finds a hash algorithm by its name in Java, in any case.
func digestOf(name string) (func() hash.Hash, error) {
	if d, ok := digests[strings.ToUpper(strings.TrimSpace(name))]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("is %q, which is no hash algorithm that is supported; use SHA-256, SHA-384, SHA-512, SHA3-256, SHA1 or MD5", name)
}
