package adapter

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/adapterd/adapterd/pkg/channel"
	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"

	// The components that documents may name.
	_ "github.com/adapterd/adapterd/pkg/connection"
	_ "github.com/adapterd/adapterd/pkg/consumer"
	_ "github.com/adapterd/adapterd/pkg/producer"
	_ "github.com/adapterd/adapterd/pkg/service"
)

// Options say where a document's variables come from.
type Options struct {
	// VariableFiles are properties files, later ones override earlier.
	VariableFiles []string
	// Set are single variables, each as NAME=VALUE; they override the files.
	Set []string
	// Env is what %env{…} and %sysprop{…} see; the zero value is the process's own.
	Env document.Environment
}

// Load reads a document, an adapter.xml or a bootstrap.properties, and checks all of it. The adapter is nil if there is an error among the
// problems; warnings and notes do not keep it from running. Nothing is started or consumed, and no AWS service is called. ctx ends the
// reading of what lies behind http: URLs.
func Load(ctx context.Context, path string, o Options) (*Adapter, document.Problems) {
	env := o.Env
	if env.Variables == nil && env.SystemProperties == nil {
		env = document.HostEnvironment()
	}
	var tree *document.Node
	var problems document.Problems
	if strings.EqualFold(filepath.Ext(path), ".properties") {
		tree, env, problems = readBootstrap(ctx, path, env, o)
	} else {
		tree, problems = readDocument(ctx, path, env, o)
	}
	if tree == nil {
		problems.Sort()
		return nil, problems
	}
	a, more := decode(tree, env)
	if unresolved := problems.Errors(); len(unresolved) > 0 {
		a, more = nil, apart(more, unresolved)
	}
	problems = append(problems, more...)
	problems.Sort()
	return a, problems
}

// apart leaves out what follows from variables that are not defined: problems in the lines where those stand.
func apart(problems, unresolved document.Problems) document.Problems {
	type line struct {
		file string
		line int
	}
	without := make(map[line]bool)
	for _, p := range unresolved {
		without[line{p.Pos.File, p.Pos.Line}] = true
	}
	var out document.Problems
	for _, p := range problems {
		if !without[line{p.Pos.File, p.Pos.Line}] {
			out = append(out, p)
		}
	}
	return out
}

func readDocument(ctx context.Context, path string, env document.Environment, o Options) (*document.Node, document.Problems) {
	v := document.NewVariables(env)
	problems := define(ctx, v, o)
	if len(problems.Errors()) > 0 {
		return nil, problems
	}
	tree, more := document.ReadDocument(ctx, path, v, document.Options{})
	return tree, append(problems, more...)
}

func readBootstrap(ctx context.Context, path string, env document.Environment, o Options) (*document.Node, document.Environment, document.Problems) {
	b, problems := document.ReadBootstrap(path)
	if b == nil {
		return nil, env, problems
	}
	env, more := b.Environment(env)
	problems = append(problems, more...)
	v, more := b.Variables(ctx, env)
	problems = append(problems, more...)
	problems = append(problems, define(ctx, v, o)...)
	if len(problems.Errors()) > 0 {
		return nil, env, problems
	}
	tree, more := b.ReadDocument(ctx, v, document.Options{})
	return tree, env, append(problems, more...)
}

// define adds the variables of the command line.
func define(ctx context.Context, v *document.Variables, o Options) document.Problems {
	var problems document.Problems
	for _, file := range o.VariableFiles {
		problems = append(problems, v.ReadFile(ctx, file)...)
	}
	for _, assignment := range o.Set {
		if err := v.Set(assignment); err != nil {
			problems = append(problems, document.Problem{Severity: document.SeverityError, Code: "bad-variable", Pos: document.Position{File: "--set"}, Message: err.Error()})
		}
	}
	return problems
}

// decode turns the tree into an adapter.
func decode(tree *document.Node, env document.Environment) (*Adapter, document.Problems) {
	d := component.NewDecoder(env)
	a := &Adapter{root: new(root)}
	switch tree.Name {
	case "adapter":
		if r, ok := component.Decode[*root](d, tree, "adapter"); ok {
			a.root = r
		}
	case "channel":
		if c, ok := component.Decode[*channel.Channel](d, tree, "channel"); ok {
			a.root.List = []*channel.Channel{c}
		}
	case "produce-connection", "consume-connection":
		a.fragment = tree.Name
		component.Decode[component.Connection](d, tree, "")
		d.Report(tree, tree.Name).At(document.SeverityNote, "fragment", tree.Pos, "<%s> is a part of a channel: it can be checked, but to run it needs a <channel> with a <workflow> around it", tree.Name)
	default:
		name := tree.Name
		if class, ok := tree.Attr("class"); ok {
			name = class
		}
		d.Report(tree, name).At(document.SeverityError, "unknown-root", tree.Pos,
			"the document's root is <%s>; it must be an <adapter>, a <channel>, or for a check a <produce-connection>", tree.Name)
		return nil, d.Problems()
	}
	report := d.Report(tree, tree.Name)
	nodes := []*document.Node{tree}
	if list := tree.Child("channel-list"); tree.Name == "adapter" && list != nil {
		nodes = list.Children
	}
	nameChannels(a.root, report, nodes)
	if tree.Name == "adapter" && len(a.root.List) == 0 && len(d.Problems().Errors()) == 0 {
		report.Errorf("", "no-channel", "has no channel; add a <channel-list> with a <channel>")
	}
	d.Finish(newLookup(a.root.Shared))
	if len(d.Problems().Errors()) > 0 {
		return nil, d.Problems()
	}
	a.decoded = d.Components()
	for _, c := range a.decoded {
		if f, ok := c.Component.(component.Flusher); ok {
			a.flushers = append(a.flushers, f)
		}
	}
	for _, c := range a.root.List {
		c.Attach(channel.Surroundings{ErrorHandler: a.root.ErrorHandler, Flush: a.flush})
	}
	return a, d.Problems()
}
