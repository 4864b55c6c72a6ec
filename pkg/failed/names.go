package failed

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Subdirectory is where details are kept, below the directory of the messages. Consumers of files leave it alone.
const Subdirectory = ".adapterd"

const (
	detailsSuffix = ".json"
	lockName      = "lock"
	asideSuffix   = ".deleted" // of what is about to be deleted
	tokenLength   = 26         // of rand.Text
	// longestKey leaves room for the token and the suffix in the 255 bytes that a name can have.
	longestKey = 200
	cutKey     = 150
	// underWay is what a consumer that reads the directory gives files by default while they are under way.
	underWay = ".wip"
)

// halfWritten are the names of files that an fs-producer has not finished.
var halfWritten = regexp.MustCompile(`^\.[A-Z2-7]{26}\.wip$`)

// keyOf is what the files of a message's details begin with: its name, or something shorter for a long one.
func keyOf(name string) string {
	if len(name) <= longestKey {
		return name
	}
	cut := cutKey
	for cut > cutKey-utf8.UTFMax && !utf8.RuneStart(name[cut]) { // some file systems refuse names that are no UTF-8
		cut--
	}
	sum := sha256.Sum256([]byte(name))
	return name[:cut] + "~" + hex.EncodeToString(sum[:16])
}

// keyIn is the key that the name of a file of details has in it.
func keyIn(file string) (key string, ok bool) {
	rest, ok := strings.CutSuffix(file, detailsSuffix)
	at := len(rest) - tokenLength - 1
	if !ok || at < 1 || rest[at] != '.' {
		return "", false
	}
	for _, c := range rest[at+1:] {
		if (c < 'A' || c > 'Z') && (c < '2' || c > '7') {
			return "", false
		}
	}
	return rest[:at], true
}

// checkName refuses what is not the plain name of a file. No name leads out of its directory.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsRune(name, 0) || strings.ContainsRune(name, '/') ||
		strings.ContainsRune(name, filepath.Separator) || !filepath.IsLocal(name) || strings.EqualFold(name, Subdirectory) {
		return fmt.Errorf("%w: %q is no plain name of a file", ErrNoMessage, name)
	}
	return nil
}

// isMessage says whether a file of that name is a failed message, and not one that is being written or consumed.
func isMessage(name string, hasDetails bool) bool {
	return !halfWritten.MatchString(name) && (hasDetails || !strings.HasSuffix(name, underWay))
}
