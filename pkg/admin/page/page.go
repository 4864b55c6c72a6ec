// Package page holds the status page: what a browser needs to show an adapter and to steer it, as files that are served as they are. There
// is no build step: the scripts are ES modules, and the one library, uPlot, lies beside them with its licence.
//
// The page asks pkg/admin alone, at the place that it came from, so it works without any other network. What the server says is put into it
// as text, never as markup, and it needs no script, style or frame but its own files: the strictest content security policy will do.
package page

import "embed"

// Files are index.html, which belongs at /, and the folder static, which belongs at /static/. They are read-only and safe for concurrent use.
//
//go:embed index.html static
var Files embed.FS
