package component

// Kind is what a component is good for; a field of a document takes components of one kind.
type Kind string

// The kinds. Parts are components that only stand inside others (credentials, filters, operators, filename creators, …).
const (
	KindConnection   Kind = "connection"
	KindConsumer     Kind = "consumer"
	KindProducer     Kind = "producer"
	KindService      Kind = "service"
	KindSplitter     Kind = "splitter"
	KindPoller       Kind = "poller"
	KindCondition    Kind = "condition"
	KindErrorHandler Kind = "error-handler"
	KindWorkflow     Kind = "workflow"
	KindPart         Kind = "part"
)
