package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/document"
)

func componentsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "components [ALIAS]",
		Short: "List the components that documents may name, or the fields of one",
		Example: `  adapterd components
  adapterd components fs-consumer
  adapterd components com.adaptris.core.fs.FsConsumer`,
		Args: atMostOne("one alias or Java class"),
		RunE: func(c *cobra.Command, args []string) error {
			out := c.OutOrStdout()
			if len(args) == 0 {
				all := component.Descriptions()
				if asJSON {
					return writeJSON(out, all)
				}
				return listComponents(out, all)
			}
			d, ok := component.Describe(args[0])
			if !ok {
				return unknownComponent(args[0])
			}
			if asJSON {
				return writeJSON(out, d)
			}
			return showComponent(out, d)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func unknownComponent(name string) error {
	if known, ok := component.Catalog(name); ok {
		words := fmt.Sprintf("%s (%s, module %s) is known to Interlok, not supported here", known.Alias, known.Class, known.Module)
		if why := known.WhyNot(); why != "" {
			words += ", because " + why
		}
		return errors.New(words)
	}
	return fmt.Errorf("there is no component %q%s", name, document.DidYouMean(name, component.Aliases(), nil))
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func listComponents(out io.Writer, all []component.Description) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\n", d.Alias, d.Kind, d.Doc)
	}
	return w.Flush()
}

func showComponent(out io.Writer, d component.Description) error {
	fmt.Fprintf(out, "%s (%s): %s\n", d.Alias, d.Kind, d.Doc)
	if d.Class != "" {
		fmt.Fprintln(out, "class "+d.Class)
	}
	if len(d.Fields) == 0 {
		return nil
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range d.Fields {
		about := f.Doc
		switch {
		case f.Effect == "none":
			about += " (without effect)"
		case f.Required && f.Default == "":
			about += " (required)"
		case f.Default != "":
			about += " (default " + f.Default + ")"
		}
		if len(f.Values) > 0 {
			about += "; one of " + strings.Join(f.Values, ", ")
		}
		if f.Range != "" {
			about += "; " + f.Range
		}
		fmt.Fprintf(w, "  <%s>\t%s\t%s\n", f.Element, f.Type, about)
	}
	return w.Flush()
}
