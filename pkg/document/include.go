package document

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

const (
	xincludeNamespace = "http://www.w3.org/2001/XInclude"
	maxIncludeDepth   = 10
)

// Include replaces each xi:include element of the tree by the root of the XML file that its href names, and by what its xi:fallback
// holds if there is no such file. Positions are those of the included file. A relative href is relative to the file it stands in;
// variables in it are replaced. All files together may have Options.MaxBytes, and may stand ten deep in each other.
//
// Included elements get their variables when Apply runs on the whole tree afterwards.
func Include(ctx context.Context, root *Node, v *Variables, o Options) Problems {
	o = o.withDefaults()
	i := &includer{ctx: ctx, v: v, o: o, left: o.MaxBytes, nodes: o.MaxNodes}
	if isInclude(root) {
		i.problem(root.Pos, "the root element cannot be an include; put it into an <adapter>")
		return i.problems
	}
	i.children(root, 1, []string{absolute(root.Pos.File)})
	return i.problems
}

type includer struct {
	ctx      context.Context
	v        *Variables
	o        Options
	left     int64
	nodes    int
	problems Problems
}

func (i *includer) problem(pos Position, format string, args ...any) {
	i.problems = append(i.problems, Problem{Severity: SeverityError, Code: "xinclude", Pos: pos, Message: fmt.Sprintf(format, args...)})
}

// children includes in what stands in n, which is depth elements deep. files are those that are being included, outermost first.
func (i *includer) children(n *Node, depth int, files []string) {
	var out []*Node
	for _, c := range n.Children {
		if !isInclude(c) {
			i.children(c, depth+1, files)
			out = append(out, c)
			continue
		}
		for _, r := range i.include(c, depth, files) {
			r.Parent = n
			out = append(out, r)
		}
	}
	n.Children = out
}

func (i *includer) include(n *Node, depth int, files []string) []*Node {
	if parse, ok := n.Attr("parse"); ok && parse != "xml" {
		i.problem(n.Pos, `<%s> with parse="%s" is not supported; only XML can be included`, n.Name, shorten([]byte(parse)))
		return nil
	}
	if _, ok := n.Attr("xpointer"); ok {
		i.problem(n.Pos, "<%s> with xpointer is not supported; put the part into a file of its own", n.Name)
		return nil
	}
	href, pos, ok := i.href(n)
	if !ok {
		return nil
	}
	path, err := FilePath(href)
	if err != nil {
		i.problem(pos, "href: %v; only files can be included", err)
		return nil
	}
	if scheme(href) == "" && !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(n.Pos.File), path)
	}
	for _, f := range files {
		if f == absolute(path) {
			i.problem(pos, "%s includes itself", path)
			return nil
		}
	}
	if len(files) > maxIncludeDepth {
		i.problem(pos, "%s is included more than %d deep", path, maxIncludeDepth)
		return nil
	}
	name, data, err := ReadLocation(i.ctx, path, i.left)
	if err != nil {
		if fallback := fallbackOf(n); fallback != nil {
			i.children(fallback, depth, files)
			return fallback.Children
		}
		i.problem(pos, "%s cannot be included: %v", name, err)
		return nil
	}
	i.left -= int64(len(data))
	root, problems := Parse(name, bytes.NewReader(data), Options{MaxBytes: i.o.MaxBytes, MaxNodes: i.nodes, MaxDepth: max(1, i.o.MaxDepth-depth)})
	i.problems = append(i.problems, problems...)
	if root == nil {
		return nil
	}
	i.nodes = max(1, i.nodes-root.size())
	if isInclude(root) {
		i.problem(root.Pos, "the root element cannot be an include; include that file directly")
		return nil
	}
	i.children(root, depth+1, append(files[:len(files):len(files)], absolute(path)))
	return []*Node{root}
}

// href is where an include points to, its variables replaced.
func (i *includer) href(n *Node) (string, Position, bool) {
	for k := range n.Attrs {
		if n.Attrs[k].Name != "href" {
			continue
		}
		if i.v != nil {
			attr := Node{Name: n.Name, Pos: n.Pos, Attrs: n.Attrs[k : k+1]}
			if problems := i.v.Apply(&attr); len(problems.Errors()) > 0 {
				i.problems = append(i.problems, problems...)
				return "", Position{}, false
			}
		}
		return n.Attrs[k].Value, n.Attrs[k].ValuePos(), true
	}
	i.problem(n.Pos, `<%s> has no href; name the file, as in href="channel.xml"`, n.Name)
	return "", Position{}, false
}

func fallbackOf(n *Node) *Node {
	for _, c := range n.Children {
		if local(c.Name) == "fallback" && namespace(c) == xincludeNamespace {
			return c
		}
	}
	return nil
}

func isInclude(n *Node) bool {
	return local(n.Name) == "include" && namespace(n) == xincludeNamespace
}

func local(name string) string { return name[strings.IndexByte(name, ':')+1:] }

// namespace is what the prefix of an element's name is bound to.
func namespace(n *Node) string {
	attr := "xmlns"
	if i := strings.IndexByte(n.Name, ':'); i >= 0 {
		attr += ":" + n.Name[:i]
	}
	for ; n != nil; n = n.Parent {
		if uri, ok := n.Attr(attr); ok {
			return uri
		}
	}
	return ""
}

// size is how many elements, attributes and texts there are.
func (n *Node) size() int {
	total := 2 + len(n.Attrs)
	for _, c := range n.Children {
		total += c.size()
	}
	return total
}

func absolute(path string) string {
	if p, err := filepath.Abs(path); err == nil {
		return p
	}
	return path
}
