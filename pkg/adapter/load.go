package adapter

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

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
	// Drain is how long a reload lets channels that it replaces bring what is under way to its end; DefaultDrain if it is 0.
	Drain time.Duration
	// Loaded is called by a reload with the components that will run next, before any of them does; may be nil.
	Loaded func([]component.Decoded)
}

// DefaultDrain is longer than the KPL's default RecordTtl of 30 s, so that a record that is retried reaches its end.
const DefaultDrain = 45 * time.Second

// Load reads a document, an adapter.xml or a bootstrap.properties, and checks all of it. The adapter is nil if there is an error among the
// problems; warnings and notes do not keep it from running. Nothing is started or consumed, and no AWS service is called. ctx ends the
// reading of what lies behind http: URLs.
func Load(ctx context.Context, path string, o Options) (*Adapter, document.Problems) {
	c, problems := read(ctx, path, o, nil)
	if c == nil {
		return nil, problems
	}
	a := &Adapter{path: path, options: o, reloads: newTurn(), lifecycle: newTurn(), current: c}
	for _, ch := range c.root.Channels() {
		ch.Attach(a.surroundings(c))
	}
	return a, problems
}

// read makes a configuration of the document at path, and takes over from old, which may be nil, the parts that have not changed. It is nil
// if there is an error among the problems.
func read(ctx context.Context, path string, o Options, old *configuration) (*configuration, document.Problems) {
	env := o.Env
	if env.Variables == nil && env.SystemProperties == nil {
		env = document.HostEnvironment()
	}
	var tree *document.Node
	var problems document.Problems
	files := slices.Clone(o.VariableFiles)
	if strings.EqualFold(filepath.Ext(path), ".properties") {
		var more []string
		tree, env, more, problems = readBootstrap(ctx, path, env, o)
		files = append(append(files, path), more...)
	} else {
		tree, problems = readDocument(ctx, path, env, o)
	}
	if tree == nil {
		problems.Sort()
		return nil, problems
	}
	c, more := decode(tree, env, old)
	if unresolved := problems.Errors(); len(unresolved) > 0 {
		c, more = nil, apart(more, unresolved)
	}
	problems = append(problems, more...)
	problems.Sort()
	if c != nil {
		c.files = append(c.filesOf(tree), filePaths(files)...)
	}
	return c, problems
}

// filePaths are the paths of locations, but for those behind HTTP.
func filePaths(locations []string) []string {
	var out []string
	for _, location := range locations {
		if document.IsHTTP(location) {
			continue
		}
		if path, err := document.FilePath(location); err == nil {
			out = append(out, path)
		}
	}
	return out
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

// readBootstrap also returns the variable files that it names.
func readBootstrap(ctx context.Context, path string, env document.Environment, o Options) (*document.Node, document.Environment, []string, document.Problems) {
	b, problems := document.ReadBootstrap(path)
	if b == nil {
		return nil, env, nil, problems
	}
	env, more := b.Environment(env)
	problems = append(problems, more...)
	v, more := b.Variables(ctx, env)
	problems = append(problems, more...)
	problems = append(problems, define(ctx, v, o)...)
	if len(problems.Errors()) > 0 {
		return nil, env, nil, problems
	}
	tree, more := b.ReadDocument(ctx, v, document.Options{})
	return tree, env, b.VariableFiles(), append(problems, more...)
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

// decode turns the tree into a configuration, with what old has of it.
func decode(tree *document.Node, env document.Environment, old *configuration) (*configuration, document.Problems) {
	d := component.NewDecoder(env)
	r, fragment := new(root), ""
	switch tree.Name {
	case "adapter":
		if decoded, ok := component.Decode[*root](d, tree, "adapter"); ok {
			r = decoded
		}
	case "channel":
		if c, ok := component.Decode[*channel.Channel](d, tree, "channel"); ok {
			r.List = &channelList{Channels: []*channel.Channel{c}}
		}
	case "produce-connection", "consume-connection":
		fragment = tree.Name
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
		nodes = slices.DeleteFunc(slices.Clone(list.Children), func(n *document.Node) bool { return n.Name != "channel" })
	}
	nameChannels(r, report, nodes)
	if tree.Name == "adapter" && len(r.Channels()) == 0 && len(d.Problems().Errors()) == 0 {
		report.Errorf("", "no-channel", "has no channel; add a <channel-list> with a <channel>")
	}
	c := newConfiguration(r, d.Components())
	if len(d.Problems().Errors()) == 0 {
		c.fingerprints(env)
		if old != nil {
			c.keep(old)
		}
	}
	d.Finish(newLookup(r.Shared))
	if len(d.Problems().Errors()) > 0 {
		return nil, d.Problems()
	}
	c.fragment = fragment
	return c, d.Problems()
}
