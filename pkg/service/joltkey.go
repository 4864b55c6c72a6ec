package service

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// joltKind is what the key of a specification means.
type joltKind int

// The kinds, those that are looked for in the input in the order in which they are tried.
const (
	joltLiteral   joltKind = iota // the key of that name
	joltAmp                       // the key whose name is made of keys further up
	joltStars                     // keys of a pattern with three stars or more
	joltTwoStars                  // keys of a pattern with two
	joltOneStar                   // keys of a pattern with one
	joltAll                       // every key
	joltInput                     // @: the input itself
	joltTranspose                 // @(1,a): a value from further up
	joltDollar                    // $: the name of a key
	joltHash                      // #text: a text
)

// joltKey is a key of a specification.
type joltKey struct {
	kind joltKind
	// text is the name of a literal, the text of a hash, or the key as written.
	text    string
	pattern *regexp.Regexp
	name    joltName
	from    *joltFrom
}

// joltRef names a key that has been matched, from the inside: how many levels up, and which star of it; 0 is the whole key.
type joltRef struct{ up, group int }

// joltName is a name made of texts and of keys that have been matched.
type joltName []joltNamePart

type joltNamePart struct {
	text string
	ref  *joltRef
}

// joltChar is a character of a key; one after a backslash means nothing but itself.
type joltChar struct {
	char    rune
	escaped bool
}

func joltChars(text string) []joltChar {
	var out []joltChar
	escaped := false
	for _, r := range text {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		out = append(out, joltChar{r, escaped})
		escaped = false
	}
	return out
}

func plainChars(chars []joltChar) string {
	var b strings.Builder
	for _, c := range chars {
		b.WriteRune(c.char)
	}
	return b.String()
}

// writtenChars is the text that joltChars reads.
func writtenChars(chars []joltChar) string {
	var b strings.Builder
	for _, c := range chars {
		if c.escaped {
			b.WriteByte('\\')
		}
		b.WriteRune(c.char)
	}
	return b.String()
}

func countChar(chars []joltChar, char rune) int {
	n := 0
	for _, c := range chars {
		if c.char == char && !c.escaped {
			n++
		}
	}
	return n
}

// parseJoltKey reads the key of a specification, its left side.
func parseJoltKey(text string) (*joltKey, error) {
	chars := joltChars(text)
	k := &joltKey{text: plainChars(chars)}
	stars := countChar(chars, '*')
	var err error
	switch {
	case len(chars) == 1 && countChar(chars, '@') == 1:
		k.kind = joltInput
	case len(chars) == 1 && stars == 1:
		k.kind = joltAll
	case countChar(chars[:min(1, len(chars))], '@') == 1:
		k.kind = joltTranspose
		k.from, err = parseJoltFrom(text)
	case countChar(chars, '@') > 0:
		err = fmt.Errorf("key %q has an @ that is not at the front; escape it with \\ if it is part of the name", text)
	case countChar(chars, '[') > 0:
		err = fmt.Errorf("key %q has a bracket, which keys on the left side do not have; escape it with \\ if it is part of the name", text)
	case countChar(chars, '$') > 0:
		k.kind = joltDollar
		var ref joltRef
		if ref, err = parseJoltRef(text, '$'); err == nil {
			k.name = joltName{{ref: &ref}}
		}
	case countChar(chars, '&') > 0:
		k.kind = joltAmp
		if stars > 0 {
			return nil, fmt.Errorf("key %q has both * and &, which do not go together", text)
		}
		k.name, err = parseJoltName(chars)
	case stars > 0:
		k.kind = map[int]joltKind{1: joltOneStar, 2: joltTwoStars}[stars]
		if stars > 2 {
			k.kind = joltStars
		}
		k.pattern = starPattern(chars)
	case len(chars) > 1 && chars[0] == joltChar{char: '#'}:
		k.kind = joltHash
		k.text = strings.TrimPrefix(k.text, "#")
		if strings.HasPrefix(k.text, "(") && strings.HasSuffix(k.text, ")") {
			k.text = k.text[1 : len(k.text)-1]
		}
	case countChar(chars, '#') > 0:
		err = fmt.Errorf("key %q has a # that does not begin a text; escape it with \\ if it is part of the name", text)
	}
	return k, err
}

// parseJoltPattern reads a key of remove and cardinality: a name, or a pattern with stars. No other character means anything.
func parseJoltPattern(text string) *joltKey {
	k := &joltKey{text: text}
	stars := strings.Count(text, "*")
	switch {
	case stars == 0:
		return k
	case text == "*":
		k.kind = joltAll
		return k
	case stars == 1:
		k.kind = joltOneStar
	case stars == 2:
		k.kind = joltTwoStars
	default:
		k.kind = joltStars
	}
	var chars []joltChar
	for _, r := range text {
		chars = append(chars, joltChar{char: r})
	}
	k.pattern = starPattern(chars)
	return k
}

// starPattern finds keys in which every star stands for one character at least, and as few as can be.
func starPattern(chars []joltChar) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for _, c := range chars {
		if c.char == '*' && !c.escaped {
			b.WriteString(`(.+?)`)
		} else {
			b.WriteString(regexp.QuoteMeta(string(c.char)))
		}
	}
	return regexp.MustCompile(b.String() + `$`)
}

// parseJoltName reads a name with references such as &, &1 and &(1,2).
func parseJoltName(chars []joltChar) (joltName, error) {
	var name joltName
	text := func(s string) {
		if n := len(name); n > 0 && name[n-1].ref == nil {
			name[n-1].text += s
			return
		}
		name = append(name, joltNamePart{text: s})
	}
	for i := 0; i < len(chars); {
		if chars[i].char != '&' || chars[i].escaped {
			text(string(chars[i].char))
			i++
			continue
		}
		end := i + 1
		for end < len(chars) && strings.ContainsRune("0123456789(),", chars[end].char) {
			end++
		}
		ref, err := parseJoltRef(plainChars(chars[i:end]), '&')
		if err != nil {
			return nil, err
		}
		name = append(name, joltNamePart{ref: &ref})
		i = end
	}
	return name, nil
}

// parseJoltRef reads a reference: a sign alone, with a number of levels, or with levels and star in parentheses.
func parseJoltRef(text string, sign rune) (joltRef, error) {
	inner, ok := strings.CutPrefix(text, string(sign))
	var ref joltRef
	if ok && inner == "" {
		return ref, nil
	}
	inner, parentheses := strings.CutPrefix(inner, "(")
	if parentheses {
		inner, ok = strings.CutSuffix(inner, ")")
	}
	numbers := strings.Split(inner, ",")
	if len(numbers) > 2 || len(numbers) == 2 && !parentheses {
		ok = false
	}
	for i, to := range []*int{&ref.up, &ref.group} {
		if i >= len(numbers) || !ok {
			break
		}
		n, err := strconv.ParseUint(strings.TrimSpace(numbers[i]), 10, 16)
		ok = err == nil
		*to = int(n)
	}
	if !ok {
		return ref, fmt.Errorf("%q is no reference; write %c, %[2]c1 or %[2]c(1,2)", text, sign)
	}
	return ref, nil
}
