package document

import (
	"os"
	"os/user"
	"regexp"
	"runtime"
	"strings"
)

// Lookup answers an external expression: kind is "env" for %env{name} and "sysprop" for %sysprop{name}. It is safe for concurrent use.
type Lookup func(kind, name string) (value string, ok bool)

// Environment is what a document may refer to outside of itself. It is read-only after it was made, and safe for concurrent use.
type Environment struct {
	// Variables are the environment variables.
	Variables map[string]string
	// SystemProperties are what Java calls so: a few that describe the machine, and the sysprop.* of bootstrap.properties.
	SystemProperties map[string]string
}

// HostEnvironment is that of this process. Of Java's system properties it knows java.io.tmpdir, user.dir, user.home, user.name,
// os.name, os.arch (all with the values that Java gives), file.separator, path.separator, line.separator and file.encoding; those
// that describe a Java machine are not defined, since there is none.
func HostEnvironment() Environment {
	e := Environment{Variables: map[string]string{}, SystemProperties: map[string]string{
		"java.io.tmpdir": os.TempDir(),
		"file.separator": string(os.PathSeparator),
		"path.separator": string(os.PathListSeparator),
		"line.separator": "\n",
		"file.encoding":  "UTF-8",
		"os.name":        javaName(runtime.GOOS, map[string]string{"linux": "Linux", "darwin": "Mac OS X", "windows": "Windows", "freebsd": "FreeBSD"}),
		"os.arch":        javaName(runtime.GOARCH, map[string]string{"arm64": "aarch64", "386": "x86"}),
	}}
	if runtime.GOOS == "windows" {
		e.SystemProperties["line.separator"] = "\r\n"
	}
	if dir, err := os.Getwd(); err == nil {
		e.SystemProperties["user.dir"] = dir
	}
	if home, err := os.UserHomeDir(); err == nil {
		e.SystemProperties["user.home"] = home
	}
	if u, err := user.Current(); err == nil {
		e.SystemProperties["user.name"] = u.Username
	}
	for _, pair := range os.Environ() {
		// Windows has variables such as =C:, whose name begins with the separator.
		if i := strings.IndexByte(pair, '='); i > 0 {
			e.Variables[pair[:i]] = pair[i+1:]
		}
	}
	return e
}

func javaName(name string, names map[string]string) string {
	if n, ok := names[name]; ok {
		return n
	}
	return name
}

// Lookup is the method value to hand to whoever takes a Lookup. Kinds in any case.
func (e Environment) Lookup(kind, name string) (string, bool) {
	switch strings.ToLower(kind) {
	case "env":
		v, ok := e.Variables[name]
		if !ok && runtime.GOOS == "windows" { // where names have no case
			for k, v := range e.Variables {
				if strings.EqualFold(k, name) {
					return v, true
				}
			}
		}
		return v, ok
	case "sysprop":
		v, ok := e.SystemProperties[name]
		return v, ok
	}
	return "", false
}

// external finds the expressions that Lookup answers.
var external = regexp.MustCompile(`%((?i:env|sysprop))\{([^{}]*)\}`)

// resolveExternal replaces the external expressions of text; what comes in for one is not looked at again. missing is the first one
// without a value.
func resolveExternal(text string, lookup Lookup) (out, missing string) {
	if !strings.Contains(text, "%") {
		return text, ""
	}
	out = external.ReplaceAllStringFunc(text, func(expression string) string {
		m := external.FindStringSubmatch(expression)
		if lookup != nil {
			if v, ok := lookup(strings.ToLower(m[1]), m[2]); ok {
				return v
			}
		}
		if missing == "" {
			missing = expression
		}
		return expression
	})
	return out, missing
}
