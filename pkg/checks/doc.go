// Package checks is what the check command knows beyond what keeps a document from running: the meaning of each code that a problem may
// have, advice that needs the whole document, and questions to the service itself.
package checks
