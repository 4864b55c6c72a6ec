package connection

import "github.com/adapterd/adapterd/pkg/component"

// Null is a connection to nothing, for consumers and producers that need none.
type Null struct {
	base
}

func init() {
	component.Register[Null]("null-connection", "com.adaptris.core.NullConnection", component.KindConnection,
		"connects to nothing; for consumers and producers that need no connection")
}
