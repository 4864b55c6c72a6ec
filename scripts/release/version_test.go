package main

import (
	"regexp"
	"testing"
	"time"
)

var at = time.Date(2026, 11, 24, 12, 30, 5, 0, time.UTC)

func TestVersionsOfPackages(t *testing.T) {
	for name, c := range map[string]struct{ text, debian, alpine, file string }{
		"release":               {"v1.2.3", "1.2.3", "1.2.3", "1.2.3"},
		"without v":             {"1.2.3", "1.2.3", "1.2.3", "1.2.3"},
		"candidate":             {"v1.2.3-rc.1", "1.2.3~rc.1", "1.2.3_rc1", "1.2.3-rc.1"},
		"candidate without dot": {"v1.2.3-rc1", "1.2.3~rc.1", "1.2.3_rc1", "1.2.3-rc1"},
		"beta without number":   {"v1.2.3-beta", "1.2.3~beta", "1.2.3_beta", "1.2.3-beta"},
		"after a release":       {"v1.2.3-4-gdeadbee", "1.2.3+4.gdeadbee", "1.2.3_git4", "1.2.3-4-gdeadbee"},
		"after a candidate":     {"v1.2.3-rc.1-4-gdeadbee", "1.2.3~rc.1+4.gdeadbee", "1.2.3_rc1_git4", "1.2.3-rc.1-4-gdeadbee"},
		"dirty":                 {"v1.2.3-dirty", "1.2.3+dirty", "1.2.3", "1.2.3-dirty"},
		"dirty after a release": {"v1.2.3-4-gdeadbee-dirty", "1.2.3+4.gdeadbee+dirty", "1.2.3_git4", "1.2.3-4-gdeadbee-dirty"},
		"no tag yet":            {"7df8b58", "0.0.0~git20261124123005.7df8b58", "0.0.0_git20261124123005", "7df8b58"},
		"no tag yet, dirty":     {"7df8b58-dirty", "0.0.0~git20261124123005.7df8b58+dirty", "0.0.0_git20261124123005", "7df8b58-dirty"},
		"all digits":            {"1234567", "0.0.0~git20261124123005.1234567", "0.0.0_git20261124123005", "1234567"},
		"tag of zeros":          {"v0.0.0", "0.0.0", "0.0.0", "0.0.0"},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := parseVersion(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if d, a, f := v.debian(at), v.alpine(at), v.file(); d != c.debian || a != c.alpine || f != c.file {
				t.Errorf("%s, %s, %s; want %s, %s, %s", d, a, f, c.debian, c.alpine, c.file)
			}
		})
	}
}

func TestWhatIsNoVersionIsRefused(t *testing.T) {
	for _, text := range []string{"", "dev", "v1", "v1.2", "v1.2.3.4", "v01.2.3", "v1.2.3-final", "v1.2.3-rc.1.2", "v1.2.3+build", "v1.2.3\n", "v1.2.3/../x", "latest"} {
		if v, err := parseVersion(text); err == nil {
			t.Errorf("%q: %+v", text, v)
		}
	}
}

// What packages take as a version. The rule of apk is that of its own documentation: digits, then suffixes from two lists.
var (
	debianVersion = regexp.MustCompile(`^\d[A-Za-z0-9.+~]*$`)
	alpineVersion = regexp.MustCompile(`^\d+(\.\d+)*(_(alpha|beta|pre|rc)\d*)?(_(cvs|svn|git|hg|p)\d*)?$`)
)

func FuzzParseVersion(f *testing.F) {
	for _, s := range []string{"v1.2.3", "v1.2.3-rc.1-4-gdeadbee-dirty", "7df8b58-dirty", "v0.0.0", "1.2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := parseVersion(text)
		if err != nil {
			return
		}
		if d := v.debian(at); !debianVersion.MatchString(d) {
			t.Errorf("%q: %q", text, d)
		}
		if a := v.alpine(at); !alpineVersion.MatchString(a) {
			t.Errorf("%q: %q", text, a)
		}
	})
}
