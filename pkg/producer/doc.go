// Package producer holds where messages go: Kinesis, files, nowhere.
package producer
