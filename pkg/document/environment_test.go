package document

import (
	"os"
	"testing"
)

func TestHostEnvironment(t *testing.T) {
	t.Setenv("ADAPTERD_TEST", "a=b")
	e := HostEnvironment()
	if v, ok := e.Lookup("env", "ADAPTERD_TEST"); v != "a=b" || !ok {
		t.Errorf("%q %v", v, ok)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := e.Lookup("SysProp", "user.dir"); v != dir || !ok {
		t.Errorf("%q %v", v, ok)
	}
	for _, name := range []string{"java.io.tmpdir", "file.separator", "path.separator", "line.separator", "os.name", "os.arch", "file.encoding"} {
		if v, ok := e.Lookup("sysprop", name); v == "" || !ok {
			t.Errorf("%s is not defined", name)
		}
	}
	for kind, name := range map[string]string{"sysprop": "java.version", "env": "ADAPTERD_NOT_SET", "file": "x"} {
		if v, ok := e.Lookup(kind, name); ok {
			t.Errorf("%s %s is %q", kind, name, v)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"stream", "partition-key", "explicit-hash-key", "unique-id", "Stream-Name"}
	for name, want := range map[string]string{"steam": "stream", "partition_key": "partition-key", "STREAM": "stream", "unqiue-id": "unique-id", "zzz": "", "": ""} {
		got := ""
		if n := Nearest(name, known); len(n) > 0 {
			got = n[0]
		}
		if got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	if n := Nearest("key0", []string{"key1", "key2", "key3", "key4"}); len(n) != 3 {
		t.Errorf("%v", n)
	}
}
