package component

import "crypto/sha256"

// FileConfigured is a component whose configuration stands partly in files that it reads while the document is checked. A reload takes the
// component for changed when one of them has changed.
type FileConfigured interface {
	// ConfigFiles are their locations, as the document gives them: paths, and file: or http: URLs.
	ConfigFiles() []string
	// ConfigHash is a hash of what was read from them.
	ConfigHash() [sha256.Size]byte
}
