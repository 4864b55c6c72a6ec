package kpl

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// KeyValue is one setting as a pair of texts, with where it stands.
type KeyValue struct {
	Key, Value string
	// Pos is for errors and warnings, such as file:line:column; it may be empty.
	Pos string
}

// ParseProperties reads a configuration in the format of java.util.Properties, as KinesisProducerConfiguration.fromPropertiesFile of
// the KPL does, and starts from DefaultConfig. name is what errors call the text. Keys are case-sensitive; the last of two equal
// ones wins. Unlike the KPL it reads valid UTF-8 as such, tells all errors at once (a ConfigErrors), and takes a boolean only for
// true or false.
func ParseProperties(name string, r io.Reader) (Config, []Warning, error) {
	all, err := readProperties(name, r)
	if err != nil {
		return Config{}, nil, ConfigErrors{err}
	}
	return apply(all)
}

// ParsePairs reads a configuration from pairs of key and value, by the same rules as ParseProperties.
func ParsePairs(pairs []KeyValue) (Config, []Warning, error) {
	all := make([]property, len(pairs))
	for i, p := range pairs {
		all[i] = property{key: p.Key, value: p.Value, keyPos: p.Pos, valuePos: p.Pos}
	}
	return apply(all)
}

// reading is a configuration in the making.
type reading struct {
	config   Config
	given    map[string]property
	idle     []property // without effect here
	warnings []Warning
	errs     ConfigErrors
}

func apply(all []property) (Config, []Warning, error) {
	r := reading{config: DefaultConfig(), given: make(map[string]property, len(all))}
	last := make(map[string]int, len(all))
	for i, p := range all {
		last[p.key] = i
	}
	for i, p := range all {
		r.errs = append(r.errs, p.malformed...)
		if winner := last[p.key]; winner != i {
			r.warn(p.keyPos, p.key, fmt.Sprintf("%s is given again%s; the last one counts", p.key, at(all[winner].keyPos)))
			continue
		}
		r.given[p.key] = p
		if len(p.malformed) == 0 {
			r.set(p)
		}
	}
	if len(r.errs) > 0 {
		return Config{}, r.warnings, r.errs
	}
	r.noteIdle()
	r.notePort("KinesisPort", "KinesisEndpoint", r.config.KinesisEndpoint, r.config.KinesisPort)
	r.notePort("CloudwatchPort", "CloudwatchEndpoint", r.config.CloudWatchEndpoint, r.config.CloudWatchPort)
	return r.config, r.warnings, nil
}

func at(pos string) string {
	if pos == "" {
		return ""
	}
	return " at " + pos
}

func (r *reading) warn(pos, key, text string) {
	r.warnings = append(r.warnings, Warning{Pos: pos, Key: key, Text: text, Severity: SeverityWarning})
}

func (r *reading) set(p property) {
	i := slices.IndexFunc(configKeys, func(k configKey) bool { return k.name == p.key })
	if i < 0 {
		r.unknown(p)
		return
	}
	k := &configKeys[i]
	switch k.effect {
	case refused:
		r.errs = append(r.errs, &ConfigError{
			Pos: p.keyPos, Key: p.key, Problem: "the Glue schema registry is not supported: records would silently lack their schema header",
			Remedy: "remove the key and encode the data before it is put",
		})
		return
	case notByText:
		r.idle = append(r.idle, p)
		return
	}
	v, words, remedy := k.read(p.value)
	if words != "" {
		trimmed := strings.Trim(p.value, " \t\f\r\n")
		if trimmed != p.value {
			v, words, remedy = k.read(trimmed)
			if k.name == collectionCountKey && v.number > collectionCountLimit || words == "" {
				r.warn(p.valuePos, p.key, fmt.Sprintf("blanks around the value of %s are dropped (the KPL keeps them)", p.key))
			}
		}
	}
	if k.name == collectionCountKey && v.number > collectionCountLimit {
		r.warn(p.valuePos, p.key, fmt.Sprintf("%s=%d is above the limit of %d records in one request; %d is used",
			p.key, v.number, collectionCountLimit, collectionCountLimit))
		v.number, words = collectionCountLimit, ""
	}
	if words != "" {
		r.errs = append(r.errs, &ConfigError{
			Pos: p.valuePos, Key: p.key, Value: hidingUser(p.value), Allowed: k.allowed(), Problem: words, Remedy: remedy,
		})
		return
	}
	if k.effect == daemonOnly {
		r.idle = append(r.idle, p)
		return
	}
	k.set(&r.config, v)
}

func (r *reading) unknown(p property) {
	text := fmt.Sprintf("Property %s ignored as there is no corresponding set method in KinesisProducerConfiguration", p.key)
	if near := nearestKey(p.key); near != "" {
		text += "; did you mean " + near + "?"
	}
	r.warn(p.keyPos, p.key, text)
}

// noteIdle names all keys without effect in one note.
func (r *reading) noteIdle() {
	if len(r.idle) == 0 {
		return
	}
	names := make([]string, len(r.idle))
	for i, p := range r.idle {
		names[i] = p.key
	}
	list := strings.Join(names, ", ")
	verb := "has"
	if len(names) > 1 {
		verb = "have"
	}
	r.warnings = append(r.warnings, Warning{
		Pos: r.idle[0].keyPos, Key: list, Severity: SeverityNote,
		Text: fmt.Sprintf("%s %s no effect here: there is no native daemon, and credentials come from the connection", list, verb),
	})
}

// notePort tells of a port that does not count.
func (r *reading) notePort(portKey, endpointKey, endpoint string, port int) {
	p, given := r.given[portKey]
	if !given || port == defaultPort {
		return
	}
	switch own := portOf(endpoint); {
	case endpoint == "":
		r.warn(p.valuePos, portKey, fmt.Sprintf("%s=%d has no effect without %s", portKey, port, endpointKey))
	case own != "" && own != fmt.Sprint(port):
		r.warn(p.valuePos, portKey, fmt.Sprintf("%s=%d has no effect: %s names port %s", portKey, port, endpointKey, own))
	}
}

// nearestKey is the known key that an unknown one was probably meant to be, or empty.
func nearestKey(given string) string {
	trimmed := strings.TrimSpace(given)
	best, bestDistance := "", 3 // two typing errors at most
	for i := range configKeys {
		name := configKeys[i].name
		if strings.EqualFold(name, trimmed) {
			return name
		}
		if d := editDistance(strings.ToLower(name), strings.ToLower(trimmed), bestDistance); d < bestDistance {
			best, bestDistance = name, d
		}
	}
	return best
}

// editDistance counts insertions, deletions and replacements that make b of a; at least limit when their lengths differ by that much.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
