// Package configs holds example documents.
package configs

import "embed"

// Files are the documents of this folder, so that programs and tests have them without the source tree.
//
//go:embed *.xml *.properties
var Files embed.FS
