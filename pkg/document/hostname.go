package document

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// formatSpecifier finds what Java's String.format would replace.
var formatSpecifier = regexp.MustCompile(`%(%|(1\$)?s|[^%]?)`)

// withHostname puts the name of this machine where a location has %s or %1$s, as variable-substitution.url.useHostname asks for.
func withHostname(location string) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", fmt.Errorf("the name of this machine is not known: %w", err)
	}
	var bad string
	out := formatSpecifier.ReplaceAllStringFunc(location, func(s string) string {
		switch s {
		case "%%":
			return "%"
		case "%s", "%1$s":
			return host
		}
		bad = s
		return s
	})
	if bad != "" {
		return "", fmt.Errorf("the location %s has a %s; only %%1$s, the name of the machine, and %%%% for a %% can stand there", location, strings.TrimSpace(bad))
	}
	return out, nil
}
