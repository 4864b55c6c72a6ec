package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// words is the text that an expression begins with: that of a literal, or of the literals that are put together at its beginning.
func words(e ast.Expr) (text string, whole bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			text, err := strconv.Unquote(e.Value)
			return text, err == nil
		}
	case *ast.BinaryExpr:
		left, whole := words(e.X)
		if !whole {
			return left, false
		}
		right, whole := words(e.Y)
		return left + right, whole
	}
	return "", false
}

// logged are the texts of the lines at info and above that a file of source writes, each with the place where.
func logged(t *testing.T, path string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	take := func(e ast.Expr) {
		if text, _ := words(e); text != "" {
			out[strings.TrimSpace(text)] = files.Position(e.Pos()).String()
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			s, ok := n.Fun.(*ast.SelectorExpr)
			if ok && len(n.Args) > 0 && slices.Contains([]string{"Info", "Warn", "Error"}, s.Sel.Name) {
				take(n.Args[0])
			}
		case *ast.CompositeLit: // what the engine sums
			if kind, ok := n.Type.(*ast.Ident); !ok || kind.Name != "words" {
				return true
			}
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok && pair.Key.(*ast.Ident).Name == "text" {
					take(pair.Value)
				}
			}
		}
		return true
	})
	return out
}

// Every line that an operator may meet is explained.
func TestThePageOnLogsHasEveryLine(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	lines := 0
	for _, directory := range []string{filepath.Join("..", "..", "pkg"), "."} {
		err := filepath.WalkDir(directory, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			for line, at := range logged(t, path) {
				lines++
				if !strings.Contains(text, line) {
					t.Errorf("%s: docs/logs.md does not explain %q", at, line)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if lines < 90 {
		t.Errorf("only %d lines found: this test shows little", lines)
	}
}
