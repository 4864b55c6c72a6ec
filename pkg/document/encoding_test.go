package document

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

func encoded(t *testing.T, e encoding.Encoding, text string) []byte {
	t.Helper()
	data, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseEncodings(t *testing.T) {
	declared := func(name string) string {
		return "<?xml version=\"1.0\" encoding=\"" + name + "\"?>\n<a ü='é'>üé<b/></a>"
	}
	bom := append([]byte(nil), markUTF8...)
	for name, c := range map[string]struct {
		data []byte
		pos  string // of <b/>
	}{
		"UTF-8":                  {[]byte(declared("UTF-8")), "a.xml:2:16"},
		"utf8 with a mark":       {append(bom, declared("utf-8")...), "a.xml:2:16"},
		"nothing said":           {[]byte("\n<a ü='é'>üé<b/></a>"), "a.xml:2:16"},
		"ISO-8859-1":             {encoded(t, charmap.ISO8859_1, declared("ISO-8859-1")), "a.xml:2:12"},
		"latin1":                 {encoded(t, charmap.ISO8859_1, declared("latin1")), "a.xml:2:12"},
		"ISO-8859-15":            {encoded(t, charmap.ISO8859_15, declared("iso-8859-15")), "a.xml:2:12"},
		"windows-1252":           {encoded(t, charmap.Windows1252, declared("windows-1252")), "a.xml:2:12"},
		"UTF-16LE with a mark":   {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), declared("UTF-16")), "a.xml:2:12"},
		"UTF-16BE with a mark":   {encoded(t, unicode.UTF16(unicode.BigEndian, unicode.UseBOM), declared("UTF-16")), "a.xml:2:12"},
		"UTF-16BE without":       {encoded(t, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), declared("UTF-16BE")), "a.xml:2:12"},
		"UTF-16LE without":       {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), declared("UTF-16LE")), "a.xml:2:12"},
		"UTF-16 that says UTF-8": {encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), declared("UTF-8")), "a.xml:2:12"},
	} {
		n, problems := Parse("a.xml", bytes.NewReader(c.data), Options{})
		if n == nil {
			t.Errorf("%s: %v", name, problems)
			continue
		}
		if v, _ := n.Attr("ü"); v != "é" || n.Text != "üé" || n.Children[0].Pos.String() != c.pos {
			t.Errorf("%s: %v at %s, want %s", name, n, n.Children[0].Pos, c.pos)
		}
	}
}

func TestParseUTF16CountsCodeUnits(t *testing.T) {
	n, problems := Parse("a.xml", bytes.NewReader(encoded(t, unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), "<a>😀é<b/></a>")), Options{})
	if n == nil || n.Text != "😀é" || n.Children[0].Pos.Column != 7 {
		t.Errorf("node %v, problems %v", n, problems)
	}
}

func TestParseRefusesWrongEncodings(t *testing.T) {
	var all strings.Builder
	for _, c := range []struct{ name, text, pos string }{
		{"ISO-8859-1 that says nothing", "<a>\n x\xe9</a>", "2:3"},
		{"ISO-8859-1 that says UTF-8", "<?xml version='1.0' encoding='UTF-8'?><a>\xfc</a>", "1:42"},
		{"UTF-8 that says UTF-16", "<?xml version='1.0' encoding='UTF-16'?><a/>", "1:1"},
		{"an encoding that nobody knows", "<?xml version='1.0' encoding='klingon'?><a/>", "1:1"},
		{"an encoding of many bytes", "<?xml version='1.0' encoding='Shift_JIS'?><a/>", "1:1"},
		{"EBCDIC", "<?xml version='1.0' encoding='IBM037'?><a/>", "1:1"},
		{"UTF-32", "\xff\xfe\x00\x00<\x00\x00\x00", "1:1"},
		{"UTF-16 with half a character", "\xff\xfe<\x00a\x00\x00\xd8>\x00", "1:3"},
		{"UTF-16 with a half at its end", "\xff\xfe<\x00\n\x00\x00\xd8", "2:1"},
		{"UTF-16 with a byte left", "\xff\xfe<\x00\n\x00x", "2:1"},
		{"a hole in windows-1253", "<?xml version='1.0' encoding='windows-1253'?><a>\xaa</a>", "1:49"},
	} {
		n, problems := Parse("a.xml", strings.NewReader(c.text), Options{})
		if n != nil || len(problems) != 1 || problems[0].Code != "xml-encoding" || problems[0].Pos.String() != "a.xml:"+c.pos {
			t.Errorf("%s: node %v, problems %v, want one at %s", c.name, n, problems, c.pos)
		}
		all.WriteString(c.name + "\n\t" + problems.Error() + "\n")
	}
	golden(t, "encodings.golden", all.String())
}
