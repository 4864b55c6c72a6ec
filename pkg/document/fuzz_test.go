package document

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzParse: whatever comes in, there is a tree or an error, never both, and the tree knows where everything is.
func FuzzParse(f *testing.F) {
	for _, c := range refused {
		f.Add([]byte(c.text))
	}
	f.Add([]byte("<?xml version='1.0' encoding='ISO-8859-1'?>\r\n<a b='\xe9&lt;'>x<![CDATA[y]]>&#x41;<!-- --><c/></a>"))
	f.Add([]byte("\xff\xfe<\x00a\x00/\x00>\x00"))
	o := Options{MaxBytes: 1 << 16, MaxDepth: 20, MaxNodes: 1000}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, problems := Parse("f", bytes.NewReader(data), o)
		if (root == nil) != (len(problems.Errors()) > 0) {
			t.Fatalf("root %v, problems %v", root, problems)
		}
		for _, p := range problems {
			if p.Code == "" || p.Message == "" || p.Pos.File != "f" {
				t.Fatalf("%+v", p)
			}
			if strings.Contains(p.Message, "two readings") {
				t.Fatal(p)
			}
		}
		if root == nil {
			return
		}
		var last Position
		checkNode(t, root, nil, &last)
		v := NewVariables(Environment{})
		v.Apply(root)
		_ = root.String()
	})
}

// checkNode checks that positions go forward, and that every byte of a text has one that points to what it says.
func checkNode(t *testing.T, n, parent *Node, last *Position) {
	after := func(p Position) {
		if p.Line < last.Line || p.Line == last.Line && p.Column <= last.Column {
			t.Fatalf("%s stands at %s, after %s", n.Name, p, *last)
		}
		*last = p
	}
	if n.Parent != parent {
		t.Fatalf("%s has another parent", n.Name)
	}
	after(n.Pos)
	for i := range n.Attrs {
		a := &n.Attrs[i]
		after(a.Pos)
		after(a.ValuePos())
		checkText(t, a.Value, a.origin)
	}
	checkText(t, n.Text, n.origin)
	for _, c := range n.Children {
		checkNode(t, c, n, last)
	}
}

func checkText(t *testing.T, text string, o origin) {
	if len(o.pieces) == 0 {
		if text != "" {
			t.Fatalf("%q has no place", text)
		}
		return
	}
	w := newWalker(o)
	for i := range len(text) {
		if !utf8.RuneStart(text[i]) {
			continue
		}
		w.seek(i)
		switch c := o.src.text[w.from.offset]; {
		case c == text[i], text[i] == '\n' && c == '\r':
		case c == '&' && o.pieces[w.i].kind == pieceText:
			if r, _, ok := reference(o.src.text[w.from.offset:]); !ok || !strings.HasPrefix(text[i:], string(r)) {
				t.Fatalf("byte %d of %q is at %+v", i, text, w.from)
			}
		default:
			t.Fatalf("byte %d of %q is at %+v, where %q stands", i, text, w.from, c)
		}
	}
}

// FuzzParseAgainstDecoder: what encoding/xml refuses is refused, and what is accepted has the elements that it finds.
func FuzzParseAgainstDecoder(f *testing.F) {
	f.Add("<a b='c'>d<e/>&amp;</a>")
	f.Fuzz(func(t *testing.T, text string) {
		root, _ := Parse("f", strings.NewReader(text), Options{MaxBytes: 1 << 16, MaxDepth: 20, MaxNodes: 1000})
		if root == nil || !utf8.ValidString(text) || strings.Contains(text, "<?xml") || strings.Contains(text, "\x00") {
			return
		}
		d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(text, "\uFEFF")))
		elements := 0
		for {
			token, err := d.RawToken()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("accepted what is refused: %v", err)
			}
			if _, ok := token.(xml.StartElement); ok {
				elements++
			}
		}
		if got := countElements(root); got != elements {
			t.Fatalf("%d elements, want %d", got, elements)
		}
	})
}

func countElements(n *Node) int {
	total := 1
	for _, c := range n.Children {
		total += countElements(c)
	}
	return total
}

func FuzzReadProperties(f *testing.F) {
	for _, s := range []string{"a=1\nb:2\r\n#c\n!d\n", "a\\\n b = \\u0041\\\r\n c", "\xfc=\xe9", "\\", "a=\\ud83d\\ude00\\u", "\uFEFFa 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		found, problems := ReadProperties("f", data)
		lines := bytes.Count(data, []byte("\n")) + 1
		for _, p := range found {
			if !utf8.ValidString(p.Key) || !utf8.ValidString(p.Value) || p.Pos.Line > lines || p.ValuePos.Line > lines || p.ValuePos.Line < p.Pos.Line || p.Pos.Column < 1 {
				t.Fatalf("%+v", p)
			}
			if len(problems) > 0 {
				continue
			}
			again, more := ReadProperties("f", []byte("\n"+escapeProperty(p.Key)+"="+escapeProperty(p.Value)))
			if p.Key == "" && p.Value == "" {
				continue
			}
			if len(more) > 0 || len(again) != 1 || again[0].Key != p.Key || again[0].Value != p.Value {
				t.Fatalf("%+v came back as %+v, %v", p, again, more)
			}
		}
	})
}

func FuzzVariables(f *testing.F) {
	f.Add("${a}${b} ${ ${", "x${b}%env{E}", "y")
	f.Add("${a}", "${b}", "${a}")
	f.Fuzz(func(t *testing.T, text, a, b string) {
		v := NewVariables(Environment{Variables: map[string]string{"E": "${a}"}})
		for _, s := range []string{"a=" + a, "b=" + b} {
			if err := v.Set(s); err != nil {
				t.Fatal(err)
			}
		}
		n := &Node{Name: "n", Text: text}
		problems := v.Apply(n)
		if n.Written() != text {
			t.Fatalf("written %q", n.Written())
		}
		if !strings.Contains(text, "${") && (n.Text != text || len(problems) > 0) {
			t.Fatalf("%q, %v", n.Text, problems)
		}
	})
}

func FuzzDecodeSecret(f *testing.F) {
	for _, s := range []string{
		"", "plain", "%env{E}", "PW:AAAAEFfDTvsuPuIKZ7qMckUbE3gAAAAQhKqy9Wj+Fyc4DIWRbsmBIwAAABC4oIWUnMb6MZNC6mCQqnj3",
		"AES_GCM:AAECAwQFBgcICQoLEBESExQVFhcYGRobHB0eH4G2sKQzapuA1ktHKJ1UDrZ/RuW0dvw1nJk=", "MSCAPI:x", "PW://///w==",
	} {
		f.Add(s)
	}
	lookup := Environment{Variables: map[string]string{"E": "e"}}.Lookup
	f.Fuzz(func(t *testing.T, text string) {
		s, err := DecodeSecret(text, lookup)
		if err == nil {
			return
		}
		if !s.IsEmpty() {
			t.Fatalf("a secret and the error %v", err)
		}
		// What may stand in an error is the prefix and the expression that is not set.
		for _, word := range strings.Fields(external.ReplaceAllString(text, " ")) {
			_, rest := splitForm(word)
			if len(rest) > 12 && strings.Contains(err.Error(), rest) {
				t.Fatalf("the error %q holds %q", err, rest)
			}
		}
	})
}

func FuzzFilePath(f *testing.F) {
	for _, s := range []string{"file:///a", "file://localhost/./a", "file://C:/a", "C:\\a", "file:%41%", "http://u:p@h/", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, location string) {
		if path, err := FilePath(location); err == nil && path == "" {
			t.Fatalf("%q is no path and no error", location)
		}
	})
}
