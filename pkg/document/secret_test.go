package document

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"pgregory.net/rapid"
)

// seeded is a lookup that knows a seed file, and what else is given.
func seeded(t testing.TB, more map[string]string) Lookup {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seed")
	if err := os.WriteFile(path, []byte("any file that stays the same\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	properties := map[string]string{SeedProperty: path}
	return Environment{Variables: more, SystemProperties: properties}.Lookup
}

func TestDecodeSecret(t *testing.T) {
	const pw = "PW:AAAAEFfDTvsuPuIKZ7qMckUbE3gAAAAQhKqy9Wj+Fyc4DIWRbsmBIwAAABC4oIWUnMb6MZNC6mCQqnj3"
	lookup := seeded(t, map[string]string{"KEY": "canary", "ENCODED": pw, "ODD": "%env{KEY}"})
	for text, want := range map[string]string{
		"":                        "",
		"plain":                   "plain",
		" plain with blanks ":     " plain with blanks ",
		"pw:lower case":           "pw:lower case",
		"%env{KEY}":               "canary",
		"a%ENV{KEY}b%sysprop{x":   "acanaryb%sysprop{x",
		"%env{ENCODED}":           "123",
		"%env{ODD}":               "%env{KEY}", // what comes in is not looked at again
		"%message{x} 100%":        "%message{x} 100%",
		"\n  " + pw + "\n":        "123",
		pw[:40] + "\n " + pw[40:]: "123",
		pw:                        "123", // this one and the next two from Interlok's documentation
		"PW:AAAAEDNPp8M3xBUiU+goN1cmjBYAAAAQorWHploKWvTb5bmjjgiCWQAAABCa6cnOef76qd67FXsgN4nV":                         "encryped",
		"PW:AAAAEGK2YVYv2DL5GhZZ1ygxg8MAAAAQOt8hK/nNL0+UgiwPlyZvcQAAACBzCCz5xKHFRYfwuBoyeXXGiJfq53nNJHNf+aFTar3AyQ==": "This is the password",
		// Made with javax.crypto of OpenJDK 17, PBEWithHmacSHA256AndAES_128, salt bytes 01 02 03 04; and with Python's hashlib and cryptography.
		"SEED:wXJvUcu6kIoVzeirzBYnHg==": "pässword",
		// Made with Python's cryptography: IV 00 to 0B, key 10 to 1F.
		"AES_GCM:AAECAwQFBgcICQoLEBESExQVFhcYGRobHB0eH4G2sKQzapuA1ktHKJ1UDrZ/RuW0dvw1nJk=": "pässword",
	} {
		s, err := DecodeSecret(text, lookup)
		if err != nil || s.Reveal() != want || s.IsEmpty() != (want == "") {
			t.Errorf("DecodeSecret(%q) = %q, %v, want %q", text, s.Reveal(), err, want)
		}
	}
}

func TestDecodeSecretRefuses(t *testing.T) {
	lookup := seeded(t, nil)
	noFile := Environment{SystemProperties: map[string]string{SeedProperty: "/no/such/seed"}}.Lookup
	otherFile := Environment{SystemProperties: map[string]string{SeedProperty: "secret_test.go"}}.Lookup
	var all strings.Builder
	for _, c := range []struct {
		name, text string
		lookup     Lookup
	}{
		{"no base64", "PW:canary!", lookup},
		{"nothing", "PW:", lookup},
		{"too short", "PW:AAAAEFfDTvsu", lookup},
		{"a length beyond the end", "PW://///1fDTvsu", lookup},
		{"another block size", "PW:AAAAAWEAAAABYgAAAAFj", lookup},
		{"changed", "PW:AAAAEFfDTvsuPuIKZ7qMckUbE3gAAAAQhKqy9Wj+Fyc4DIWRbsmBIwAAABC4oIWUnMb6MZNC6mCQqnj0", lookup},
		{"GCM too short", "AES_GCM:AAECAwQF", lookup},
		{"GCM changed", "AES_GCM:AAECAwQFBgcICQoLEBESExQVFhcYGRobHB0eH4G2sKQzapuA1ktHKJ1UDrZ/RuW0dvw1nJg=", lookup},
		{"no seed file named", "SEED:wXJvUcu6kIoVzeirzBYnHg==", Environment{}.Lookup},
		{"nothing to ask for it", "SEED:wXJvUcu6kIoVzeirzBYnHg==", nil},
		{"no such seed file", "SEED:wXJvUcu6kIoVzeirzBYnHg==", noFile},
		{"another seed file", "SEED:wXJvUcu6kIoVzeirzBYnHg==", otherFile},
		{"MSCAPI", "MSCAPI:canary", lookup},
		{"ALTPW", "ALTPW:canary", lookup},
		{"environment variable not set", "canary%env{NOPE}", lookup},
		{"nothing to ask", "canary%sysprop{NOPE}", nil},
	} {
		s, err := DecodeSecret(c.text, c.lookup)
		if err == nil || !s.IsEmpty() {
			t.Errorf("%s: %q", c.name, s.Reveal())
			continue
		}
		fmt.Fprintf(&all, "%s\n\t%v\n", c.name, err)
	}
	if strings.Contains(all.String(), "canary") || strings.Contains(all.String(), "AAECAw") {
		t.Error("an error shows a secret")
	}
	golden(t, "secrets.golden", all.String())
}

func TestEncodeSecretIsDecoded(t *testing.T) {
	lookup := seeded(t, nil)
	file, _ := lookup("sysprop", SeedProperty)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.String().Draw(t, "plain")
		form := rapid.SampledFrom([]string{FormPW, FormGCM, FormSeed, "pw", "aes_gcm", "SEED"}).Draw(t, "form")
		encoded, err := EncodeSecret(plain, form, file)
		if err != nil || !strings.HasPrefix(encoded, strings.ToUpper(strings.TrimSuffix(form, ":"))+":") {
			t.Fatalf("%q, %v", encoded, err)
		}
		again, err := EncodeSecret(plain, form, file)
		if err != nil || again == encoded {
			t.Fatalf("encoded twice it is the same: %q, %v", again, err)
		}
		if s, err := DecodeSecret(encoded, lookup); err != nil || s.Reveal() != plain {
			t.Fatalf("%q, %v", s.Reveal(), err)
		}
	})
	for _, c := range [][2]string{{"", ""}, {"MSCAPI:", file}, {FormSeed, ""}, {FormSeed, "/no/such/seed"}, {"canary", ""}} {
		if _, err := EncodeSecret("hidden canary", c[0], c[1]); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestSecretIsNotShown(t *testing.T) {
	type holder struct {
		Exported   Secret
		unexported Secret
		Pointer    *Secret
	}
	s := NewSecret("canary")
	h := holder{s, s, &s}
	var all strings.Builder
	for _, v := range []any{s, &s, h, &h, []Secret{s}, map[string]Secret{"k": s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			fmt.Fprintf(&all, verb+"\n", v)
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		all.Write(data)
		slog.New(slog.NewJSONHandler(&all, nil)).Info("m", "v", v)
		slog.New(slog.NewTextHandler(&all, nil)).Info("m", "v", v)
		core, logs := observer.New(zapcore.DebugLevel)
		zap.New(core).Info("m", zap.Any("v", v), zap.Reflect("r", v), zap.Stringer("s", s))
		encoder := zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig())
		for _, e := range logs.All() {
			line, err := encoder.EncodeEntry(e.Entry, e.Context)
			if err != nil {
				t.Error(err)
				continue
			}
			all.Write(line.Bytes())
		}
	}
	data, err := xml.Marshal(s)
	if err != nil {
		t.Error(err)
	}
	all.Write(data)
	if strings.Contains(all.String(), "canary") || strings.Contains(all.String(), "63616e617279") {
		t.Error(all.String())
	}
	if s.Reveal() != "canary" || (Secret{}).Reveal() != "" || !(Secret{}).IsEmpty() {
		t.Error("Reveal does not return the text")
	}
}
