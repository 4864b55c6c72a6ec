// Package service holds what happens to a message between its consumer and its producer: one file per service or family of services.
//
// Each service is one struct, registered by its Interlok alias. Services that contain others (service-list, if-then-otherwise,
// advanced-message-splitter-service) run them with component.Apply and forward the lifecycle to them; the one they share
// (shared-service) belongs to the document, which starts and stops it once.
package service
