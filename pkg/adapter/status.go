package adapter

import (
	"time"

	"github.com/adapterd/adapterd/pkg/kpl"
	"github.com/adapterd/adapterd/pkg/workflow"
)

// The states of adapters, channels, workflows and connections.
const (
	StateStopped  = "stopped"
	StateStarting = "starting"
	StateStarted  = "started"
	StatePaused   = "paused"
	StateStopping = "stopping"
	StateFailed   = "failed"
)

// Status is what an operator sees of an adapter at a moment. Its parts are read one after the other while messages flow, so sums need not
// agree to the message. It holds no secret and no payload.
type Status struct {
	Version  string `json:"version"`
	Document string `json:"document"`
	// State is StateStarting, StateStarted, StateStopping, StateStopped, or StateFailed when a channel that should run does not.
	State     string          `json:"state"`
	Now       time.Time       `json:"now"`
	StartedAt time.Time       `json:"startedAt"`
	Counts    workflow.Counts `json:"counts"`
	// Ready says that every channel that should run does: those with auto-start or that an operator has started, but for those that one has
	// stopped. A paused channel does what its operator wants. NotReady has a reason for each that does not run.
	Ready       bool               `json:"ready"`
	NotReady    []string           `json:"notReady"`
	Channels    []ChannelStatus    `json:"channels"`
	Connections []ConnectionStatus `json:"connections"`
	// HotShards warns of shards that get far more than their share, or that throttle.
	HotShards []HotShard `json:"hotShards"`
	// LastReload is nil until there was one.
	LastReload *ReloadStatus `json:"lastReload,omitempty"`
}

// ChannelStatus is a channel at a moment.
type ChannelStatus struct {
	ID        string `json:"id"`
	State     string `json:"state"`
	AutoStart bool   `json:"autoStart"`
	// Error is why State is StateFailed.
	Error string `json:"error,omitempty"`
	// ConsumeConnection and ProduceConnection are ids of Connections; empty for a null-connection.
	ConsumeConnection string           `json:"consumeConnection"`
	ProduceConnection string           `json:"produceConnection"`
	Counts            workflow.Counts  `json:"counts"`
	Workflows         []WorkflowStatus `json:"workflows"`
}

// WorkflowStatus is a workflow at a moment.
type WorkflowStatus struct {
	ID       string          `json:"id"`
	Class    string          `json:"class"`
	Consumer string          `json:"consumer"`
	Producer string          `json:"producer"`
	State    string          `json:"state"`
	Counts   workflow.Counts `json:"counts"`
	// BufferedBytes are the payloads of messages in flight.
	BufferedBytes int64 `json:"bufferedBytes"`
	// MessagesPerSecond ended in the last ten seconds.
	MessagesPerSecond float64 `json:"messagesPerSecond"`
	// Latency is from the consumer to the outcome.
	Latency kpl.Latency `json:"latency"`
	// LatencySum is for counters: see workflow.Gauges.
	LatencySum time.Duration `json:"-"`
}

// ConnectionStatus is a connection at a moment.
type ConnectionStatus struct {
	ID    string `json:"id"`
	Class string `json:"class"`
	State string `json:"state"`
	// UsedBy are the channels of a shared connection, or the one that it stands in.
	UsedBy []string `json:"usedBy"`
	// Producer is there for connections to Kinesis with a KPL engine.
	Producer *kpl.Stats `json:"producer,omitempty"`
}

// HotShard is a warning for the operator.
type HotShard struct {
	Connection string `json:"connection"`
	Stream     string `json:"stream"`
	ShardID    string `json:"shardId"`
	// Reason names the figures and what to do.
	Reason string `json:"reason"`
}

// ReloadStatus is how the last reload went.
type ReloadStatus struct {
	At time.Time `json:"at"`
	// Error is why nothing changed, or why what is new did not start.
	Error string `json:"error,omitempty"`
	// Started and Stopped are channels; one that was replaced is in both, and in Replaced. Kept ones went on. All are empty after an error.
	Started  []string `json:"started"`
	Stopped  []string `json:"stopped"`
	Replaced []string `json:"replaced"`
	Kept     []string `json:"kept"`
	// Shared are the shared connections and services, and the error handler, that were replaced, started or stopped.
	Shared []string `json:"shared"`
}

// Failure is a message that failed.
type Failure struct {
	At       time.Time `json:"at"`
	Channel  string    `json:"channel"`
	Workflow string    `json:"workflow"`
	Message  string    `json:"message"`
	// Reason is the error; Remedy what to do about it, empty if nobody knows.
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"`
	// Stream, ShardID, ErrorCode and Attempts are there for what Kinesis refused.
	Stream    string `json:"stream,omitempty"`
	ShardID   string `json:"shardId,omitempty"`
	ErrorCode string `json:"errorCode,omitempty"`
	Attempts  int    `json:"attempts,omitempty"`
	// Handled says that an error handler took the message; else its source was told.
	Handled bool `json:"handled"`
}
