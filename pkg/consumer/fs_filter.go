package consumer

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// fileFilter says which files to consume.
type fileFilter interface {
	accepts(f *file, now time.Time) (bool, error)
}

// filterClasses are the Java classes of filters, and their names inside a CompositeFileFilter. Each is made from one text, as in Java.
var filterClasses = map[string]func(text string) (fileFilter, error){}

func init() {
	const fs, commons = "com.adaptris.core.fs.", "org.apache.commons.io.filefilter."
	for name, construct := range map[string]func(string) (fileFilter, error){
		commons + "RegexFileFilter":    newRegexFilter,
		commons + "WildcardFileFilter": newGlobFilter,
		commons + "NameFileFilter":     func(s string) (fileFilter, error) { return nameFilter(func(n string) bool { return n == s }), nil },
		commons + "PrefixFileFilter": func(s string) (fileFilter, error) {
			return nameFilter(func(n string) bool { return strings.HasPrefix(n, s) }), nil
		},
		commons + "SuffixFileFilter": func(s string) (fileFilter, error) {
			return nameFilter(func(n string) bool { return strings.HasSuffix(n, s) }), nil
		},
		fs + "SizeGreaterThan":        sizeFilter(func(size, limit int64) bool { return size > limit }),
		fs + "SizeGreaterThanOrEqual": sizeFilter(func(size, limit int64) bool { return size >= limit }),
		fs + "SizeLessThan":           sizeFilter(func(size, limit int64) bool { return size < limit }),
		fs + "SizeLessThanOrEqual":    sizeFilter(func(size, limit int64) bool { return size <= limit }),
		fs + "NewerThan":              ageFilter(func(modified, at time.Time) bool { return modified.After(at) }),
		fs + "OlderThan":              ageFilter(func(modified, at time.Time) bool { return modified.Before(at) }),
	} {
		filterClasses[name] = construct
	}
	// Those two name other filters, so they can not stand in the literal above.
	filterClasses[fs+"CompositeFileFilter"] = newCompositeFilter
	filterClasses[commons+"NotFileFilter"] = newNotFilter
	for short, class := range map[string]string{
		"NewerThan": "NewerThan", "OlderThan": "OlderThan", "SizeGT": "SizeGreaterThan", "SizeGTE": "SizeGreaterThanOrEqual", "SizeLT": "SizeLessThan", "SizeLTE": "SizeLessThanOrEqual",
	} {
		compositeNames[short] = fs + class
	}
	compositeNames["Regex"] = commons + "RegexFileFilter"
}

// newFileFilter makes the filter of a Java class. Without an expression every file is accepted, whatever the class.
func newFileFilter(class, expression string) (fileFilter, error) {
	class = strings.TrimSpace(class)
	construct := filterClasses[class]
	if construct == nil {
		return nil, fmt.Errorf("%q is no file filter that is supported here; use one of org.apache.commons.io.filefilter.{Regex,Wildcard,Not,Name,Prefix,Suffix}FileFilter or com.adaptris.core.fs.{CompositeFileFilter,NewerThan,OlderThan,SizeGreaterThan,SizeGreaterThanOrEqual,SizeLessThan,SizeLessThanOrEqual}", class)
	}
	if expression == "" {
		return nameFilter(func(string) bool { return true }), nil
	}
	return construct(expression)
}

// nameFilter decides by the name alone.
type nameFilter func(name string) bool

func (n nameFilter) accepts(f *file, _ time.Time) (bool, error) { return n(f.name), nil }

// newRegexFilter matches the whole name, as RegexFileFilter does.
func newRegexFilter(text string) (fileFilter, error) {
	r, err := regexp.Compile(`^(?:` + text + `)$`)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression that is supported here (RE2 syntax, without look-around and back references): %w", text, err)
	}
	return nameFilter(r.MatchString), nil
}

// newGlobFilter takes * and ? as WildcardFileFilter does; there are no character classes.
func newGlobFilter(text string) (fileFilter, error) {
	pattern := strings.NewReplacer(`\`, `\\`, `[`, `\[`).Replace(text)
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, fmt.Errorf("%q is no wildcard pattern; use * and ?: %w", text, err)
	}
	return nameFilter(func(name string) bool {
		ok, _ := path.Match(pattern, name) // the pattern was tried above
		return ok
	}), nil
}

// newNotFilter inverts the filter that it names: a regular expression, or "Name=expression" as in a CompositeFileFilter.
func newNotFilter(text string) (fileFilter, error) {
	inner, err := newCompositeFilter(text)
	if err != nil {
		if inner, err = newRegexFilter(text); err != nil {
			return nil, err
		}
	}
	return notFilter{inner}, nil
}

type notFilter struct{ fileFilter }

func (n notFilter) accepts(f *file, now time.Time) (bool, error) {
	ok, err := n.fileFilter.accepts(f, now)
	return !ok, err
}

// compositeNames are the names that a CompositeFileFilter knows for classes.
var compositeNames = map[string]string{}

// newCompositeFilter reads "Name=expression" parts that stand between __@@__; a file must pass all of them.
func newCompositeFilter(text string) (fileFilter, error) {
	var all allFilters
	for part := range strings.SplitSeq(text, "__@@__") {
		name, expression, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("%q has no =; write parts such as SizeGT=4096 or Regex=.*\\.xml, with __@@__ between them", part)
		}
		class := name
		if full := compositeNames[name]; full != "" {
			class = full
		}
		f, err := newFileFilter(class, expression)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

type allFilters []fileFilter

func (a allFilters) accepts(f *file, now time.Time) (bool, error) {
	for _, inner := range a {
		if ok, err := inner.accepts(f, now); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// statFilter decides by size or time.
type statFilter func(f *file, now time.Time) (bool, error)

func (s statFilter) accepts(f *file, now time.Time) (bool, error) { return s(f, now) }

func sizeFilter(holds func(size, limit int64) bool) func(string) (fileFilter, error) {
	return func(text string) (fileFilter, error) {
		limit, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || limit < 0 {
			return nil, fmt.Errorf("%q is no size; give a number of bytes", text)
		}
		return statFilter(func(f *file, _ time.Time) (bool, error) {
			info, err := f.info()
			return err == nil && holds(info.Size(), limit), err
		}), nil
	}
}

// ageFilter compares with a time: milliseconds since 1970, or an ISO 8601 duration from now, usually negative such as -PT30S.
func ageFilter(holds func(modified, at time.Time) bool) func(string) (fileFilter, error) {
	return func(text string) (fileFilter, error) {
		at, err := parseMoment(strings.TrimSpace(text))
		if err != nil {
			return nil, err
		}
		return statFilter(func(f *file, now time.Time) (bool, error) {
			info, err := f.info()
			return err == nil && holds(info.ModTime(), at(now)), err
		}), nil
	}
}

var isoDuration = regexp.MustCompile(`^(-?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

func parseMoment(text string) (func(now time.Time) time.Time, error) {
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil && ms >= 0 {
		return func(time.Time) time.Time { return time.UnixMilli(ms) }, nil
	}
	m := isoDuration.FindStringSubmatch(text)
	if m == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return nil, fmt.Errorf("%q is no time; give milliseconds since 1970 or an ISO 8601 duration such as -PT30S", text)
	}
	sign := 1
	if m[1] == "-" {
		sign = -1
	}
	var parts [7]int // years to minutes at 2 to 6
	for i := 2; i <= 6; i++ {
		n, err := strconv.Atoi("0" + m[i])
		if err != nil || n > longest {
			return nil, fmt.Errorf("%q is too long a time; each part of it may be %d at most", text, longest)
		}
		parts[i] = sign * n
	}
	seconds, err := strconv.ParseFloat("0"+m[7], 64)
	if err != nil || seconds > longest {
		return nil, fmt.Errorf("%q is too long a time; each part of it may be %d at most", text, longest)
	}
	clock := time.Duration(parts[5])*time.Hour + time.Duration(parts[6])*time.Minute + time.Duration(float64(sign)*seconds*float64(time.Second))
	return func(now time.Time) time.Time { return now.AddDate(parts[2], parts[3], parts[4]).Add(clock) }, nil
}

// longest is the largest number in a duration: far beyond the age of any file, and nowhere near an overflow.
const longest = 1_000_000
