package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestPasswordsAreEncodedAndDecoded(t *testing.T) {
	seed := write(t, filepath.Join(t.TempDir(), "seed.bin"), "some seed")
	for _, form := range []string{"PW", "AES_GCM", "SEED"} {
		t.Run(form, func(t *testing.T) {
			code, encoded, errOut := commandWith(t, "hunter2 é\n", "password", "encode", "--form", form, "--seed-file", seed)
			if code != exitDone || !strings.HasPrefix(encoded, form+":") || strings.Contains(encoded, "hunter2") {
				t.Fatalf("exit %d, %q, %s", code, encoded, errOut)
			}
			code, plain, errOut := commandWith(t, encoded, "password", "decode", "--seed-file", seed)
			if code != exitDone || plain != "hunter2 é\n" {
				t.Errorf("exit %d, %q, %s", code, plain, errOut)
			}
		})
	}
}

func TestPasswordFaults(t *testing.T) {
	for _, c := range []struct {
		name, in, want string
		args           []string
	}{
		{"nothing given", "", "standard input is empty", []string{"encode"}},
		{"a blank line", "\n", "standard input is empty", []string{"encode"}},
		{"two lines", "hunter2\nhunter3\n", "standard input has more than one line", []string{"encode"}},
		{"endless", strings.Repeat("x", 65<<10), "standard input is longer than 65536 bytes", []string{"encode"}},
		{"a seed file that is not there", "x\n", "none.bin", []string{"encode", "--form", "SEED", "--seed-file", "none.bin"}},
		{"no seed file to decode with", "SEED:AAAA\n", "seed file", []string{"decode"}},
		{"a form of Windows", "MSCAPI:AAAA\n", "only be decoded by Java on the Windows machine", []string{"decode"}},
		{"nothing to decode", "", "standard input is empty", []string{"decode"}},
		{"unknown form", "x\n", `"ROT13" is no form of a secret; use PW:, AES_GCM: or SEED:`, []string{"encode", "--form", "ROT13"}},
		{"no seed file", "x\n", "seed", []string{"encode", "--form", "SEED"}},
		{"broken text", "PW:!!!\n", "the PW: secret is damaged", []string{"decode"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errOut := commandWith(t, c.in, append([]string{"password"}, c.args...)...)
			if code != exitFailed || out != "" || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d, %q, %q", code, out, errOut)
			}
		})
	}
}

func TestPasswordsTakeWhatShellsAndWindowsWrite(t *testing.T) {
	for name, in := range map[string]string{"no end of line": " spaces count ", "Unix": " spaces count \n", "Windows": " spaces count \r\n"} {
		for _, form := range []string{"PW", "pw:", "AES_GCM:"} {
			_, encoded, _ := commandWith(t, in, "password", "encode", "--form", form)
			if code, plain, errOut := commandWith(t, "  "+encoded, "password", "decode"); code != exitDone || plain != " spaces count \n" {
				t.Errorf("%s, %s: exit %d, %q, %s", name, form, code, plain, errOut)
			}
		}
	}
}

func TestPasswordOfAnotherSeedDoesNotDecode(t *testing.T) {
	dir := t.TempDir()
	_, encoded, _ := commandWith(t, "hunter2\n", "password", "encode", "--form", "SEED", "--seed-file", write(t, filepath.Join(dir, "1"), "a seed"))
	code, plain, errOut := commandWith(t, encoded, "password", "decode", "--seed-file", write(t, filepath.Join(dir, "2"), "another seed"))
	if code != exitFailed || plain != "" || strings.Contains(errOut, strings.TrimSpace(encoded)) {
		t.Errorf("exit %d, %q, %s", code, plain, errOut)
	}
}
