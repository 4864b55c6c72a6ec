package document

import (
	"fmt"
	"io"
	"os"
)

// Options bound what Parse accepts, so that no document can take more time or memory than its author's machine has to spare.
// A field that is zero or negative has its default.
type Options struct {
	// MaxBytes is the size of the file; default 16 MiB.
	MaxBytes int64
	// MaxDepth is how deep elements may stand in each other, the root being 1; default 200.
	MaxDepth int
	// MaxNodes is how many elements, attributes and runs of text there may be; default 1,000,000.
	MaxNodes int
}

// The defaults of Options. Real documents have some hundred kilobytes and a depth of some tens.
const (
	DefaultMaxBytes = 16 << 20
	DefaultMaxDepth = 200
	DefaultMaxNodes = 1_000_000
)

// maxAttributes bounds one element. The decoder holds all attributes of an element at once, so this is looked at before it runs.
const maxAttributes = 10_000

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.MaxNodes <= 0 {
		o.MaxNodes = DefaultMaxNodes
	}
	return o
}

// Parse reads an XML document. name is what positions call the file.
//
// It is strict: DTDs and entities other than the five predefined are refused, so nothing is fetched and nothing expands; so are
// duplicate attributes, several roots, text outside the root, and whatever is not well-formed. Encodings: UTF-8, UTF-16, and the
// single-byte ones that the XML declaration names, such as ISO-8859-1. If there is an error among the problems, the node is nil.
func Parse(name string, r io.Reader, o Options) (*Node, Problems) {
	o = o.withDefaults()
	data, err := io.ReadAll(io.LimitReader(r, o.MaxBytes+1))
	if err != nil {
		return nil, Problems{fileProblem("unreadable", name, "the file cannot be read: %v", err)}
	}
	if int64(len(data)) > o.MaxBytes {
		return nil, Problems{fileProblem("xml-too-large", name, "the file has more than %d bytes, the most that is accepted; is it a document of an adapter?", o.MaxBytes)}
	}
	src, problem := newSource(name, data)
	if problem != nil {
		return nil, Problems{*problem}
	}
	layouts, problems := scan(src, o)
	if len(problems) > 0 {
		return nil, problems
	}
	root, err := build(src, o, layouts)
	if err != nil {
		return nil, Problems{fileProblem("xml-syntax", name, "the file is no well-formed XML: %v", err)}
	}
	return root, nil
}

// ParseFile is Parse on a file.
func ParseFile(path string, o Options) (*Node, Problems) {
	f, err := os.Open(path)
	if err != nil {
		return nil, Problems{fileProblem("unreadable", path, "the document cannot be opened: %v", cause(err))}
	}
	defer f.Close()
	return Parse(path, f, o)
}

// fileProblem is an error about a file as a whole.
func fileProblem(code, file, format string, args ...any) Problem {
	return Problem{Severity: SeverityError, Code: code, Pos: Position{File: file}, Message: fmt.Sprintf(format, args...)}
}

// cause leaves out the path that an error of the file system repeats.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
