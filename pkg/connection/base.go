package connection

// base holds the fields that every connection has; connections embed it.
type base struct {
	UniqueID               string       `xml:"unique-id" doc:"name of the connection: in logs, and for shared-connection"`
	ConnectionErrorHandler ErrorHandler `xml:"connection-error-handler" doc:"accepted for compatibility; a connection recovers by itself"`
	WorkersFirstOnShutdown bool         `xml:"workers-first-on-shutdown" default:"false" effect:"none" doc:"accepted for compatibility; workflows stop before the connection they produce to, always"`
}

// ConnectionID is the unique-id.
func (b *base) ConnectionID() string { return b.UniqueID }
