package explain

// Report is what would happen to one message. Other programs read it as JSON: fields may be added, not changed.
type Report struct {
	Channel  string `json:"channel"`
	Workflow string `json:"workflow"`
	// Class is the alias of the workflow.
	Class string `json:"class"`
	// Start is the message as the consumer would hand it over, End as the services left it.
	Start Snapshot `json:"start"`
	End   Snapshot `json:"end"`
	Steps []*Step  `json:"steps"`
	// Failure says why the message fails; empty if nothing on its way does.
	Failure string `json:"failure,omitempty"`
	// Handlers are the error handlers that would take the failure, the nearest first.
	Handlers []*Handler `json:"handlers,omitempty"`
	// RecordCount is how many records would be put into Kinesis, those that are not told included; without those of error handlers.
	RecordCount int `json:"recordCount"`
	// LeftOut counts steps that are not told because there were too many.
	LeftOut int `json:"leftOut,omitempty"`
}

// Records are the records that would be put into Kinesis and are told, in order.
func (r *Report) Records() []*Record {
	var out []*Record
	var walk func([]*Step)
	walk = func(steps []*Step) {
		for _, s := range steps {
			if s.Record != nil {
				out = append(out, s.Record)
			}
			walk(s.Steps)
		}
	}
	walk(r.Steps)
	return out
}

// Snapshot is a message at one point of its way.
type Snapshot struct {
	PayloadBytes int               `json:"payloadBytes"`
	PayloadKind  string            `json:"payloadKind"`
	Metadata     map[string]string `json:"metadata"`
}

// Kind says what a step is.
type Kind string

// The kinds of step. A part is one piece of a message that a splitter has cut.
const (
	KindService   Kind = "service"
	KindCondition Kind = "condition"
	KindPart      Kind = "part"
	KindProducer  Kind = "producer"
)

// Status says how a step ended.
type Status string

// How steps end. Ignored is a failure after which the message goes on, because continue-on-fail is set.
const (
	StatusDone     Status = "done"
	StatusFailed   Status = "failed"
	StatusIgnored  Status = "failed, ignored"
	StatusDisabled Status = "disabled"
	StatusNotRun   Status = "not run"
)

// Step is one thing that happened to the message, with those inside it.
type Step struct {
	Kind Kind `json:"kind"`
	// Class is the alias of the component, empty for a part; ID its unique-id; At its place in the document.
	Class string `json:"class,omitempty"`
	ID    string `json:"id,omitempty"`
	At    string `json:"at,omitempty"`
	// About says in words what a component is set to, where the alias alone says little.
	About  string `json:"about,omitempty"`
	Status Status `json:"status"`
	// Why is the reason of a failure, or of not being run.
	Why string `json:"why,omitempty"`
	// Holds is the answer of a condition.
	Holds *bool `json:"holds,omitempty"`
	// Part is the number of a part, from 1; PayloadBytes its size.
	Part         int `json:"part,omitempty"`
	PayloadBytes int `json:"payloadBytes,omitempty"`
	// Metadata and Payload are what the step itself changed; steps inside it have their own.
	Metadata []Change       `json:"metadata,omitempty"`
	Payload  *PayloadChange `json:"payload,omitempty"`
	Record   *Record        `json:"record,omitempty"`
	Steps    []*Step        `json:"steps,omitempty"`

	// outer is the step that worked on the same message when this one began.
	outer *Step
}

// Change is what became of one item of metadata: Before is nil for one that is new, After for one that is gone.
type Change struct {
	Key    string  `json:"key"`
	Before *string `json:"before,omitempty"`
	After  *string `json:"after,omitempty"`
}

// PayloadChange is what became of a payload. Preview is how the new one begins.
type PayloadChange struct {
	BytesBefore int    `json:"bytesBefore"`
	BytesAfter  int    `json:"bytesAfter"`
	KindBefore  string `json:"kindBefore"`
	KindAfter   string `json:"kindAfter"`
	Preview     string `json:"preview,omitempty"`
}

// Record is what a Kinesis producer would put.
type Record struct {
	// Connection is the unique-id of the connection, or its alias.
	Connection      string `json:"connection"`
	Stream          string `json:"stream"`
	PartitionKey    string `json:"partitionKey"`
	ExplicitHashKey string `json:"explicitHashKey,omitempty"`
	// HashKey is the decimal number that chooses the shard.
	HashKey   string `json:"hashKey"`
	DataBytes int    `json:"dataBytes"`
	// Shard is where it would go, as far as that is known; ShardNote says on what that rests, or why it is not known.
	Shard     string `json:"shard,omitempty"`
	ShardNote string `json:"shardNote,omitempty"`
	Cost      Cost   `json:"cost"`
}

// Handler is an error handler that would take the failure.
type Handler struct {
	Class string `json:"class"`
	ID    string `json:"id,omitempty"`
	At    string `json:"at,omitempty"`
	About string `json:"about"`
	// Steps are what its service would do with the message as it was consumed.
	Steps []*Step `json:"steps,omitempty"`
	// Failure says why its service fails; empty if it does not.
	Failure string `json:"failure,omitempty"`
}
