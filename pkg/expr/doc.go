// Package expr compiles the expressions that a document writes into its values, such as %message{customerId}, %payload{jsonpath:$.id} or
// %env{STREAM}, and resolves them for each message. What a text needs of the process is looked up once, when it is compiled; what it
// needs of a message is looked up per message, and a payload is parsed at most once however many expressions read it.
//
// The values that expressions put into a text are data: a value that looks like an expression is not resolved again.
package expr
