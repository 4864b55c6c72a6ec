package main

import (
	"slices"
	"strings"
)

// noLicence stands in a release where the project's licence would, as long as it has none. None is made up.
var noLicence = file{"NO-LICENSE.txt", 0o644, []byte(`adapterd has no licence yet: its authors have not said under which terms it may be used, changed or passed on.
Ask them before you do. What it is made of has licences, which are in THIRD-PARTY-LICENSES.txt.
`)}

// own are the files with the project's own licence, or the one that says that there is none.
func (f files) own() files {
	return slices.DeleteFunc(f.clone(), func(one file) bool { return !strings.HasPrefix(one.path, "LICENSE") && one.path != noLicence.path })
}

// licence is what packages say of it, in the words of SPDX: that there is none, or that it is a text of the project's. Which of those with a
// name that text is, nobody guesses here: whoever adds it writes the name here.
func (f files) licence() string {
	if _, err := f.named(noLicence.path); err == nil {
		return "NONE"
	}
	return "LicenseRef-adapterd"
}
