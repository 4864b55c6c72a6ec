package service

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// opensslHello is what another program makes of hello: printf hello | openssl enc -aes-128-cbc -K 30313233343536373839616263646566 -iv
// 66656463626139383736353433323130 -a
const opensslHello = "e+3OsGVfOJQQaXifNkYgkQ=="

func TestSymmetricKeyTurnsBackWhatItMade(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef"))
	vector := base64.StdEncoding.EncodeToString([]byte("fedcba9876543210"))
	short := base64.StdEncoding.EncodeToString([]byte("76543210"))
	service := func(transformation, vector, mode string) string {
		algorithm, _, _ := strings.Cut(transformation, "/")
		return `<symmetric-key-cryptography-service><algorithm>` + algorithm + `</algorithm><cipher-transformation>` + transformation + `</cipher-transformation>
			<operation-mode>` + mode + `</operation-mode><key class="constant-data-input-parameter"><value>` + key + `</value></key>
			<initial-vector class="constant-data-input-parameter"><value>` + vector + `</value></initial-vector></symmetric-key-cryptography-service>`
	}
	for _, c := range []struct{ transformation, vector string }{
		{"AES/CBC/PKCS5Padding", vector}, {"AES/CTR/NoPadding", vector}, {"AES/GCM/NoPadding", short}, {"DESede/CBC/PKCS5Padding", short},
	} {
		t.Run(c.transformation, func(t *testing.T) {
			encrypt := decode[*SymmetricKey](t, service(c.transformation, c.vector, "ENCRYPT"))
			decrypt := decode[*SymmetricKey](t, service(c.transformation, c.vector, "DECRYPT"))
			rapid.Check(t, func(t *rapid.T) {
				payload := rapid.SliceOf(rapid.Byte()).Draw(t, "payload")
				m := message.New(bytes.Clone(payload))
				if err := encrypt.Apply(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if len(payload) > 8 && bytes.Contains(m.Payload(), payload) {
					t.Fatal("it is not encrypted")
				}
				if err := decrypt.Apply(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(payload, m.Payload()) {
					t.Fatalf("got %q", m.Payload())
				}
			})
		})
	}
	m := newMessage("hello")
	if err := decode[*SymmetricKey](t, service("AES/CBC/PKCS5Padding", vector, "ENCRYPT")).Apply(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if got := base64.StdEncoding.EncodeToString(m.Payload()); got != opensslHello {
		t.Errorf("got %s; openssl makes %s", got, opensslHello)
	}
}

func TestSymmetricKeyHidesWhyAPayloadFails(t *testing.T) {
	service := func(algorithm, transformation, key string) string {
		return `<symmetric-key-cryptography-service><algorithm>` + algorithm + `</algorithm><cipher-transformation>` + transformation + `</cipher-transformation>
			<key class="metadata-data-input-parameter"><metadata-key>` + key + `</metadata-key></key>
			<initial-vector class="constant-data-input-parameter"><value>ZmVkY2JhOTg3NjU0MzIxMA==</value></initial-vector></symmetric-key-cryptography-service>`
	}
	const cbc = "AES/CBC/PKCS5Padding"
	metadata := []string{"key", "MDEyMzQ1Njc4OWFiY2RlZg==", "short", "MDEyMw==", "bad", "secret!!", "cipher", "RC4"}
	for _, c := range []serviceCase{
		{name: "no blocks", xml: service("AES", cbc, "key"), payload: "hello", fails: "cannot be decrypted"},
		{name: "bad padding", xml: service("AES", cbc, "key"), payload: "0123456789abcdef", fails: "cannot be decrypted"},
		{name: "empty", xml: service("AES", cbc, "key"), payload: "", fails: "cannot be decrypted"},
		{name: "short key", xml: service("AES", cbc, "short"), payload: "0123456789abcdef", fails: "the key has 4 bytes"},
		{name: "key not Base64", xml: service("AES", cbc, "bad"), payload: "0123456789abcdef", fails: "the key is not Base64"},
		{name: "no key", xml: service("AES", cbc, "none"), payload: "0123456789abcdef", fails: `no metadata "none"`},
		{name: "short vector", xml: service("DESede", "DESede/CBC/NoPadding", "key"), payload: "01234567", fails: "initial vector has 16 bytes"},
		{name: "cipher of the message", xml: service("AES", "%message{cipher}", "key"), payload: "x", fails: `"RC4" is no cipher`},
	} {
		c.metadata = metadata
		t.Run(c.name, func(t *testing.T) {
			c.run(t)
			err := component.Apply(t.Context(), decode[component.Service](t, c.xml), newMessage(c.payload, metadata...))
			if err != nil && strings.Contains(err.Error(), "secret!!") {
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
	for _, c := range []struct{ transformation, want string }{
		{"AES", "no cipher that is supported"}, {"AES/ECB/PKCS5Padding", "no use for an initial vector"}, {"AES/CBC/ISO10126Padding", "padding that is not supported"},
		{"AES/CTR/PKCS5Padding", "use NoPadding"}, {"AES/OFB/NoPadding", "mode that is not supported"}, {"DESede/CBC/NoPadding", "make both the same"}, {"Blowfish/CBC/NoPadding", "use AES or DESede"},
	} {
		if _, problems := decodeWith(t, service("AES", c.transformation, "key"), sharedParts{}); !strings.Contains(strings.Join(problems, " "), c.want) {
			t.Errorf("%s: problems are %q; want %s", c.transformation, problems, c.want)
		}
	}
}
