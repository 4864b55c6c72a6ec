package document

import "strings"

// VariableFiles are the locations of the variable files that the file asks for, whether they can be read or not.
func (b *Bootstrap) VariableFiles() []string {
	locations := b.values(keyVariableURL)
	if p, ok := b.property(keyUseHostname); ok && strings.EqualFold(strings.TrimSpace(p.Value), "true") {
		for i, location := range locations {
			if with, err := withHostname(location); err == nil {
				locations[i] = with
			}
		}
	}
	return locations
}
