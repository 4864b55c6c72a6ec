package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A version is what `git describe --tags --always --dirty` says, taken apart.
type version struct {
	// text is what the program says of itself.
	text string
	// core is MAJOR.MINOR.PATCH, 0.0.0 before the first tag.
	core string
	// pre is what follows the tag's "-", such as rc.1.
	pre string
	// since counts the commits since the tag, commit abbreviates the last of them; 0 and "" on the tag itself.
	since  int
	commit string
	dirty  bool
}

var (
	tagged   = regexp.MustCompile(`^v?(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-(alpha|beta|pre|rc)\.?(\d{0,8}))?(?:-(\d{1,8})-g([0-9a-f]{4,64}))?(-dirty)?$`)
	untagged = regexp.MustCompile(`^([0-9a-f]{4,64})(-dirty)?$`)
)

// parseVersion takes a tag such as v1.2.3 or v1.2.3-rc.1, one with commits since, such as v1.2.3-4-gdeadbee, or a commit alone. Other tags
// are refused: packages would sort before or after versions that they should not.
func parseVersion(text string) (version, error) {
	if m := untagged.FindStringSubmatch(text); m != nil {
		return version{text: text, core: "0.0.0", commit: m[1], dirty: m[2] != ""}, nil
	}
	m := tagged.FindStringSubmatch(text)
	if m == nil {
		return version{}, fmt.Errorf("%q is no version; give one such as v1.2.3, v1.2.3-rc.1 (or alpha, beta, pre), or what git describe says of a commit after it: make release VERSION=v1.2.3", text)
	}
	v := version{text: text, core: m[1] + "." + m[2] + "." + m[3], commit: m[7], dirty: m[8] != ""}
	if m[4] != "" {
		v.pre = m[4]
		if m[5] != "" {
			v.pre += "." + m[5]
		}
	}
	if m[6] != "" {
		var err error
		if v.since, err = strconv.Atoi(m[6]); err != nil {
			return version{}, err
		}
	}
	return v, nil
}

// file is the version in the names of archives.
func (v version) file() string { return strings.TrimPrefix(v.text, "v") }

// debian is the version in deb and rpm packages: ~ sorts before nothing, + after it.
func (v version) debian(at time.Time) string {
	s := v.core
	switch {
	case v.untagged():
		s += "~git" + at.UTC().Format("20060102150405") + "." + v.commit
	case v.pre != "":
		s += "~" + v.pre
	}
	if v.commit != "" && !v.untagged() {
		s += "+" + strconv.Itoa(v.since) + ".g" + v.commit
	}
	if v.dirty {
		s += "+dirty"
	}
	return s
}

// alpine is the version in apk packages, which know no names but those of their suffixes. That a tree was dirty can not be said there.
func (v version) alpine(at time.Time) string {
	s := v.core
	switch {
	case v.untagged():
		s += "_git" + at.UTC().Format("20060102150405")
	case v.pre != "":
		s += "_" + strings.ReplaceAll(v.pre, ".", "")
	}
	if v.commit != "" && !v.untagged() {
		s += "_git" + strconv.Itoa(v.since)
	}
	return s
}

func (v version) untagged() bool {
	return v.core == "0.0.0" && v.commit != "" && v.since == 0 && v.pre == ""
}
