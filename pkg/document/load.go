package document

import (
	"bytes"
	"context"
)

// ReadDocument reads the document at a path, file URL or http(s) URL and replaces its variables. The node is nil if there is no
// well-formed document.
func ReadDocument(ctx context.Context, location string, v *Variables, o Options) (*Node, Problems) {
	o = o.withDefaults()
	name, data, err := ReadLocation(ctx, location, o.MaxBytes)
	if err != nil {
		return nil, Problems{fileProblem("unreadable", name, "the document cannot be read: %v", err)}
	}
	root, problems := Parse(name, bytes.NewReader(data), o)
	if root == nil {
		return nil, problems
	}
	return root, append(problems, v.Apply(root)...)
}
