package kpl

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// configKey is one key of the configuration: how its text is read, what is allowed, what it sets and what is said about it.
// configKeys is the one list of them; parsing, Validate, DefaultConfig and ConfigurationMarkdown all go by it.
type configKey struct {
	name string
	kind valueKind
	unit string
	// fallback is the value when nothing is set.
	fallback value
	// min and max are for numbers, both included.
	min, max int64
	// pattern is the KPL's pattern for texts, in its words; empty: any text. fits decides.
	pattern string
	fits    func(string) bool
	doc     string
	effect  effect
	// ours says that the KPL has no such key.
	ours bool
	// subject is what the KPL's messages call the key; empty: the name with a small first letter.
	subject string
	// words make the message for a number out of range where the KPL departs from its usual one.
	words func(got int64) string
	// remedy says what to do about a text that does not fit.
	remedy func(string) string

	// field names what is set in Config; without effect here, get and set are nil.
	field string
	get   func(*Config) value
	set   func(*Config, value)
}

// valueKind is the type of the KPL's setter.
type valueKind string

const (
	kindBool  valueKind = "bool"
	kindLong  valueKind = "long"
	kindInt   valueKind = "int"
	kindText  valueKind = "string"
	kindOther valueKind = "object" // a setter that no text can reach
)

// effect says what becomes of a key.
type effect int

const (
	works effect = iota
	// daemonOnly keys are about the KPL's native process: checked, accepted, without effect.
	daemonOnly
	// notByText keys name objects; the KPL knows and ignores them.
	notByText
	// refused keys would change the records themselves if they were heeded.
	refused
)

// value is a number, a truth or a text, as the key's kind says.
type value struct {
	number int64
	truth  bool
	text   string
}

// binding ties a key to a field of Config.
type binding struct {
	field string
	get   func(*Config) value
	set   func(*Config, value)
}

func whole[T int | int64](field string, at func(*Config) *T) binding {
	return binding{field,
		func(c *Config) value { return value{number: int64(*at(c))} },
		func(c *Config, v value) { *at(c) = T(v.number) }}
}

// millis ties a number of milliseconds to a Duration. What no Duration can hold becomes the longest one, which stands for "never";
// the KPL lets it overflow.
func millis(field string, at func(*Config) *time.Duration) binding {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return binding{field,
		func(c *Config) value {
			d := *at(c)
			if d < 0 { // rounded down, so that -1 ns is not taken for 0
				return value{number: int64((d+1)/time.Millisecond) - 1}
			}
			return value{number: int64(d / time.Millisecond)}
		},
		func(c *Config, v value) {
			if v.number > most {
				*at(c) = math.MaxInt64
				return
			}
			*at(c) = time.Duration(v.number) * time.Millisecond
		}}
}

func truth(field string, at func(*Config) *bool) binding {
	return binding{field,
		func(c *Config) value { return value{truth: *at(c)} },
		func(c *Config, v value) { *at(c) = v.truth }}
}

func text[T ~string](field string, at func(*Config) *T) binding {
	return binding{field,
		func(c *Config) value { return value{text: string(*at(c))} },
		func(c *Config, v value) { *at(c) = T(v.text) }}
}

func boolKey(name string, fallback bool, b binding, doc string) configKey {
	return configKey{name: name, kind: kindBool, fallback: value{truth: fallback}, doc: doc}.bound(b)
}

func longKey(name, unit string, fallback, least, most int64, b binding, doc string) configKey {
	return configKey{name: name, kind: kindLong, unit: unit, fallback: value{number: fallback}, min: least, max: most, doc: doc}.bound(b)
}

func textKey(name, fallback string, b binding, doc string) configKey {
	return configKey{name: name, kind: kindText, fallback: value{text: fallback}, doc: doc}.bound(b)
}

// wordKey is a text that must be one of the words between the bars.
func wordKey(name, fallback, words string, b binding, doc string) configKey {
	return textKey(name, fallback, b, doc).matching(words, regexp.MustCompile("^(?:"+words+")$").MatchString, func(string) string {
		return "write one of " + strings.ReplaceAll(words, "|", ", ")
	})
}

func (k configKey) bound(b binding) configKey {
	k.field, k.get, k.set = b.field, b.get, b.set
	return k
}

func (k configKey) matching(pattern string, fits func(string) bool, remedy func(string) string) configKey {
	k.pattern, k.fits, k.remedy = pattern, fits, remedy
	return k
}

func (k configKey) without(e effect) configKey {
	k.effect, k.field, k.get, k.set = e, "", nil, nil
	return k
}

func (k configKey) saying(subject string, words func(int64) string) configKey {
	k.subject, k.words = subject, words
	return k
}

func (k configKey) own() configKey {
	k.ours = true
	return k
}

func (k *configKey) called() string {
	return cmp.Or(k.subject, strings.ToLower(k.name[:1])+k.name[1:])
}

// check says in the KPL's words what is wrong with a value, and what to do; empty: nothing is.
func (k *configKey) check(v value) (words, remedy string) {
	switch k.kind {
	case kindLong, kindInt:
		if v.number >= k.min && v.number <= k.max {
			return "", ""
		}
		if k.words != nil {
			return k.words(v.number), "give a number " + k.allowed()
		}
		return fmt.Sprintf("%s must be between %d and %d, got %d", k.called(), k.min, k.max, v.number), "give a number in that range"
	case kindText:
		if k.fits == nil || k.fits(v.text) {
			return "", ""
		}
		return fmt.Sprintf("%s must match the pattern %s, got %s", k.called(), k.pattern, hidingUser(v.text)), k.remedy(v.text)
	}
	return "", ""
}

// read makes a value of the raw text, or says what is wrong with it and what to do.
func (k *configKey) read(raw string) (v value, words, remedy string) {
	switch k.kind {
	case kindBool:
		// As Boolean.parseBoolean for true; the KPL takes all else for false, typing errors too.
		switch {
		case strings.EqualFold(raw, "true"):
			v.truth = true
		case !strings.EqualFold(raw, "false"):
			return v, fmt.Sprintf("%q is neither true nor false (the KPL would silently take it for false)", raw), "write true or false"
		}
	case kindLong, kindInt:
		bits := 64
		if k.kind == kindInt {
			bits = 32
		}
		n, err := strconv.ParseInt(raw, 10, bits)
		if err != nil {
			words, remedy = k.notANumber(raw, bits)
			return v, words, remedy
		}
		v.number = n
	default:
		v.text = raw
	}
	words, remedy = k.check(v)
	return v, words, remedy
}

func (k *configKey) notANumber(raw string, bits int) (words, remedy string) {
	remedy = "give a decimal number " + k.allowed()
	bare := strings.TrimRight(raw, "; \t")
	switch {
	case raw == "":
		return "there is no value", remedy
	case bare != raw && strings.Contains(raw, ";"):
		if _, err := strconv.ParseInt(bare, 10, bits); err == nil {
			return fmt.Sprintf("%q is not a whole number: the ; at its end is the trouble", raw), "write " + bare
		}
	case allDigits(raw):
		return fmt.Sprintf("%s is too large for a number of %d bits", raw, bits), remedy
	}
	return fmt.Sprintf("%q is not a whole number", raw), remedy
}

func allDigits(s string) bool {
	return strings.Trim(strings.TrimLeft(s, "+-"), "0123456789") == ""
}

// allowed says which values may be given, for errors and the reference.
func (k *configKey) allowed() string {
	switch k.kind {
	case kindBool:
		return "true or false"
	case kindLong, kindInt:
		if k.max == math.MaxInt64 && k.min >= 0 {
			return fmt.Sprintf("of at least %d", k.min)
		}
		return fmt.Sprintf("from %d to %d", k.min, k.max)
	case kindText:
		if k.pattern != "" {
			return k.pattern
		}
	}
	return "any text"
}

// shown is a value as text. It is for values that were refused; keys that take any text, passwords among them, never are.
func (k *configKey) shown(v value) string {
	switch k.kind {
	case kindBool:
		return strconv.FormatBool(v.truth)
	case kindLong, kindInt:
		return strconv.FormatInt(v.number, 10)
	}
	return hidingUser(v.text)
}

// hidingUser drops what stands before an @, where URLs carry user and password.
func hidingUser(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return s
	}
	scheme, _, found := strings.Cut(s[:at], "://")
	if !found {
		return "(user and password)" + s[at:]
	}
	return scheme + "://(user and password)" + s[at:]
}
