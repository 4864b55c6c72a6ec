// Package web is what services, producers and consumers share that speak HTTP: how a request is made of a message and its answer read
// (Exchange), and how a message that was made of a request says what to answer (Response).
package web
