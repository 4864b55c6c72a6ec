package failed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
	"github.com/adapterd/adapterd/pkg/expr"
)

// Places are where the failed messages of a document are, and where they came from.
type Places struct {
	// Directories are those that error handlers write files to, in the order of the document.
	Directories []Directory
	// Workflows are all workflows.
	Workflows []*Workflow
}

// Directory is where error handlers write files.
type Directory struct {
	// Path is the directory; if it depends on the message, what all have in common.
	Path string
	// Workflows are those whose messages may be there.
	Workflows []*Workflow
	// varies says that messages are in directories below Path.
	varies bool
}

// Workflow is where a message came from.
type Workflow struct {
	Channel, ID string
	// Consumer is the consumer's alias.
	Consumer string
	// Source is the directory that the consumer takes files from and deletes them in, Deep that those below count too; empty for other
	// consumers. Files under way have WIPSuffix.
	Source    string
	Deep      bool
	WIPSuffix string
}

// String is as metadata and logs have it.
func (w *Workflow) String() string { return w.ID + "@" + w.Channel }

// deleting are the consumers that take files away.
var deleting = []string{"fs-consumer", "large-fs-consumer", "traversing-fs-consumer"}

// writing are the producers of files.
var writing = []string{"fs-producer", "large-fs-producer"}

// source is a workflow.
type source interface {
	ID() string
	Source() component.Consumer
}

// PlacesOf finds the places of a document by its components.
func PlacesOf(components []component.Decoded) *Places {
	var p Places
	byNode := make(map[*document.Node]*Workflow) // the element of the workflow
	for _, d := range components {
		s, ok := d.Component.(source)
		if !ok {
			continue
		}
		w := &Workflow{ID: s.ID(), Channel: channelOf(components, d.Node), Consumer: component.AliasOf(s.Source())}
		if slices.Contains(deleting, w.Consumer) {
			text, _ := component.Element(s.Source(), "base-directory-url").(string)
			w.Source, _ = document.FilePath(text) // the document was checked
			w.Deep = w.Consumer == "traversing-fs-consumer"
			w.WIPSuffix, _ = component.Element(s.Source(), "wip-suffix").(string)
		}
		byNode[d.Node] = w
		p.Workflows = append(p.Workflows, w)
	}
	for _, d := range components {
		if d.Node.Name != "message-error-handler" {
			continue
		}
		if _, ok := d.Component.(component.ErrorHandler); !ok {
			continue
		}
		var from []*Workflow
		for _, c := range components {
			if w := byNode[c.Node]; w != nil && handles(d, c.Node) {
				from = append(from, w)
			}
		}
		for _, inner := range Reach(components, d.Node) {
			if slices.Contains(writing, component.AliasOf(inner.Component)) {
				p.add(inner.Component, from)
			}
		}
	}
	return &p
}

// channelOf is the id of the channel that a node stands in.
func channelOf(components []component.Decoded, n *document.Node) string {
	for n = n.Parent; n != nil; n = n.Parent {
		for _, d := range components {
			if d.Node == n && component.AliasOf(d.Component) == "channel" {
				id, _ := component.Element(d.Component, "unique-id").(string)
				return id
			}
		}
	}
	return ""
}

// handles says whether an error handler takes failed messages of the workflow at n: it stands in the workflow or in something around it,
// and either nothing nearer has one, or it always handles.
func handles(handler component.Decoded, n *document.Node) bool {
	around := handler.Node.Parent
	nearer := false
	for ; n != nil; n = n.Parent {
		// A reload keeps parts of the document that it replaces, whose root is another one.
		if n == around || n.Parent == nil && around.Parent == nil {
			always, _ := component.Element(handler.Component, "always-handle-exception").(bool)
			return !nearer || always
		}
		nearer = nearer || n.Child("message-error-handler") != nil
	}
	return false
}

// add notes a producer of files.
func (p *Places) add(producer component.Component, from []*Workflow) {
	t, ok := component.Element(producer, "base-directory-url").(*expr.Template)
	if !ok {
		return
	}
	text, constant := t.Constant()
	if !constant {
		// Up to the last separator before the first expression all messages go the same way.
		text, _, _ = strings.Cut(t.Text(), "%")
		text = text[:strings.LastIndexAny(text, `/\`)+1]
	}
	path, err := document.FilePath(text)
	if err != nil || path == "" {
		return
	}
	path = filepath.Clean(path)
	for i := range p.Directories {
		d := &p.Directories[i]
		if d.Path == path && d.varies == !constant {
			for _, w := range from {
				if !slices.Contains(d.Workflows, w) {
					d.Workflows = append(d.Workflows, w)
				}
			}
			return
		}
	}
	p.Directories = append(p.Directories, Directory{path, from, !constant})
}

// Route finds the workflow of a message: the one that its details name, or, without details, the only one whose messages may be where it is.
func (p *Places) Route(m *Message) (*Workflow, error) {
	if d := m.Details; d != nil && d.Workflow != "" {
		for _, w := range p.Workflows {
			if w.String() == string(d.Workflow+"@"+d.Channel) {
				return w, nil
			}
		}
		return nil, fmt.Errorf("the document has no workflow %s@%s any more, which it came from; name another one", d.Workflow, d.Channel)
	}
	var from []*Workflow
	for _, d := range p.Directories {
		if d.holds(m.Directory) {
			for _, w := range d.Workflows {
				if !slices.Contains(from, w) {
					from = append(from, w)
				}
			}
		}
	}
	if len(from) == 1 {
		return from[0], nil
	}
	return nil, errors.New("nothing was kept with it that says which workflow it came from; name one")
}

func (d *Directory) holds(path string) bool {
	inner, err := filepath.Rel(d.Path, path)
	return err == nil && filepath.IsLocal(inner)
}

const (
	// deepest and mostDirectories bound what is looked through for messages in directories below.
	deepest         = 8
	mostDirectories = 1000
)

// Paths are the directory and those below it that have messages with details. A directory that does not exist is one without messages; it is
// there all the same unless messages are only below it.
func (d *Directory) Paths(ctx context.Context) ([]string, error) {
	var out []string
	seen := 0
	var walk func(path string, depth int) error
	walk = func(path string, depth int) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if info, err := os.Lstat(filepath.Join(path, Subdirectory)); path == d.Path && !d.varies || err == nil && info.IsDir() {
			out = append(out, path)
		}
		root, err := os.OpenRoot(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return unreadable(path, err)
		}
		defer root.Close()
		var below []string
		err = eachName(root, ".", func(e fs.DirEntry) error {
			if e.IsDir() && e.Name() != Subdirectory && depth < deepest && seen < mostDirectories {
				seen++
				below = append(below, e.Name())
			}
			return nil
		})
		if err != nil {
			return unreadable(path, err)
		}
		slices.Sort(below)
		for _, name := range below {
			if err := walk(filepath.Join(path, name), depth+1); err != nil && !errors.Is(err, fs.ErrPermission) {
				return err
			}
		}
		return nil
	}
	return out, walk(d.Path, 0)
}
