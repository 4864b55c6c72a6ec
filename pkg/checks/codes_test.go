package checks

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/document"
)

// reporters are the functions that take a code, and which argument it is.
var reporters = map[string]int{
	"Errorf": 1, "Warnf": 1, "Notef": 1, "errorf": 1, "At": 1, "problem": 1, "add": 1, "fail": 1, "fileProblem": 0,
}

var codePattern = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// usedCodes reads the codes of problems from the sources of this project, each with a place where it is used.
func usedCodes(t *testing.T) map[string]token.Position {
	t.Helper()
	used := make(map[string]token.Position)
	files := token.NewFileSet()
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				if d != nil && slices.Contains([]string{"kpl", "kinesislocal", "testdata"}, d.Name()) { // these know no documents
					return fs.SkipDir
				}
				return err
			}
			if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			for code, pos := range codesOf(file, strings.Contains(filepath.ToSlash(path), "checks/live")) {
				used[code] = files.Position(pos)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return used
}

func codesOf(file *ast.File, live bool) map[string]token.Pos {
	found := make(map[string]token.Pos)
	note := func(e ast.Expr) {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if text, err := strconv.Unquote(l.Value); err == nil && codePattern.MatchString(text) {
				found[text] = l.Pos()
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.CallExpr:
			name := ""
			switch f := x.Fun.(type) {
			case *ast.SelectorExpr:
				name = f.Sel.Name
				if p, ok := f.X.(*ast.Ident); ok && p.Name == "fmt" {
					name = ""
				}
			case *ast.Ident:
				name = f.Name
			}
			if i, ok := reporters[name]; ok && len(x.Args) > i+1 {
				note(x.Args[i])
			}
		case *ast.KeyValueExpr:
			if k, ok := x.Key.(*ast.Ident); ok && k.Name == "Code" {
				note(x.Value)
			}
		case *ast.BasicLit: // the service's codes are chosen before they are reported
			if live && strings.HasPrefix(x.Value, `"live-`) {
				note(x)
			}
		}
		return true
	})
	return found
}

func TestEveryCodeThatIsUsedIsInTheRegistryAndTheOtherWayRound(t *testing.T) {
	used := usedCodes(t)
	if len(used) < 60 {
		t.Fatalf("only %d codes found in the sources: this test shows nothing", len(used))
	}
	for code, pos := range used {
		if _, ok := Lookup(code); !ok {
			t.Errorf("%s: the code %s is in no list of pkg/checks/codes_*.go; add it with its meaning, an example and the way out, then run make docs", pos, code)
		}
	}
	for _, c := range Codes() {
		if _, ok := used[c.Name]; !ok {
			t.Errorf("the code %s is described, but nothing uses it", c.Name)
		}
	}
}

func TestCodesAreDescribedInFull(t *testing.T) {
	seen := make(map[string]bool)
	for _, g := range Groups() {
		for _, c := range g.Codes {
			if seen[c.Name] {
				t.Errorf("%s is described twice", c.Name)
			}
			seen[c.Name] = true
			if !codePattern.MatchString(c.Name) || c.Example == "" || !strings.HasSuffix(c.Meaning, ".") || !strings.HasSuffix(c.Remedy, ".") {
				t.Errorf("%+v", c)
			}
			if !slices.Contains([]document.Severity{document.SeverityError, document.SeverityWarning, document.SeverityNote}, c.Severity) {
				t.Errorf("%s has the severity %q", c.Name, c.Severity)
			}
		}
	}
	if _, ok := Lookup("no-such-code"); ok {
		t.Error("a code is found that nobody has described")
	}
}
