// Package failed works on the messages that an error handler wrote to a directory: it keeps beside each payload what is known of its failure,
// lists them, shows one, gives one back to its workflow, and drops one.
//
// The directory itself is as Interlok would write it: one file for each message, nothing else. What is known stands in the subdirectory
// .adapterd, which no consumer of files looks into:
//
//	failed/order-7                                          the payload
//	failed/.adapterd/order-7.QZ3F…26 letters….json          its Details
//	failed/.adapterd/lock                                   held while somebody retries or drops
//	failed/.adapterd/QZ3F…26 letters….deleted               a message in the moment of its deletion
//
// Details are on disk before their payload appears, each in a file of its own that nothing replaces, so whatever is cut short leaves either a
// message with its details or details without a message. The latter are swept when they are old. A payload without details, such as one that
// Interlok wrote, is a message all the same.
package failed
