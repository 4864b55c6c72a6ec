package main

import (
	"fmt"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
)

const componentIntro = `# Components

What may stand in a document, as ` + "`adapterd components`" + ` lists it. A component is named by its alias, as element or in ` + "`class`" + `, or by its full
Java class name. This page is made from the code that reads the documents.
`

// componentPage groups the components by kind, in the order in which the kinds first appear.
func componentPage(all []component.Description) string {
	var kinds []component.Kind
	byKind := map[component.Kind][]component.Description{}
	for _, d := range all {
		if byKind[d.Kind] == nil {
			kinds = append(kinds, d.Kind)
		}
		byKind[d.Kind] = append(byKind[d.Kind], d)
	}
	var b strings.Builder
	b.WriteString(componentIntro)
	for _, kind := range kinds {
		fmt.Fprintf(&b, "\n## %s\n", title(fmt.Sprint(kind)))
		for _, d := range byKind[kind] {
			writeComponent(&b, d)
		}
	}
	writeUnsupported(&b)
	return b.String()
}

// writeUnsupported lists what Interlok knows besides, so that it can be seen at once what a document can not keep.
func writeUnsupported(b *strings.Builder) {
	supported, rows := 0, []string(nil)
	for _, alias := range component.CatalogAliases() {
		e, _ := component.Catalog(alias)
		if e.Supported() {
			supported++
			continue
		}
		why := e.WhyNot()
		if why == "" {
			why = "not built"
		}
		kind := e.Kind
		if kind == "" {
			kind = "part"
		}
		rows = append(rows, fmt.Sprintf("| `%s` | %s | %s | %s |\n", alias, kind, strings.TrimPrefix(e.Module, "interlok-"), why))
	}
	fmt.Fprintf(b, "\n## Known to Interlok, not supported\n\nOf the %d components in Interlok's catalog %d are supported. A document that names one of these is refused before anything starts.\n\n",
		supported+len(rows), supported)
	b.WriteString("| component | kind | module | why not |\n|---|---|---|---|\n")
	for _, row := range rows {
		b.WriteString(row)
	}
}

func writeComponent(b *strings.Builder, d component.Description) {
	fmt.Fprintf(b, "\n### %s\n", d.Alias)
	if d.Doc != "" {
		fmt.Fprintf(b, "\n%s\n", sentence(d.Doc))
	}
	if d.Class != "" {
		fmt.Fprintf(b, "\nClass `%s`\n", d.Class)
	}
	if len(d.Fields) == 0 {
		return
	}
	b.WriteString("\n| element | type | default | what it does |\n|---|---|---|---|\n")
	for _, f := range d.Fields {
		fallback := ""
		switch {
		case f.Default != "":
			fallback = "`" + f.Default + "`"
		case f.Required:
			fallback = "required"
		}
		about := f.Doc
		if len(f.Values) > 0 {
			about += "; one of " + strings.Join(f.Values, ", ")
		}
		if f.Range != "" {
			about += "; " + f.Range
		}
		if f.Effect == "none" {
			about += " (accepted, without effect)"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.Element, cell(f.Type), cell(fallback), cell(about))
	}
}

// cell keeps a text in its table cell, and its angle brackets visible.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ").Replace(s)
}

func sentence(s string) string {
	s = title(strings.ReplaceAll(s, "<", "&lt;"))
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

func title(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
