// Package connection holds what consumers and producers share: the engine that sends to Kinesis with its credentials, HTTP listeners,
// and references to connections that stand under shared-components.
package connection
