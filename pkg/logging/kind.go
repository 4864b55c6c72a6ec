package logging

import (
	"go.uber.org/zap/zapcore"
)

// The fields that tell lines with the same words apart.
const (
	channel = iota
	workflow
	service
	connection
	stream
	shard
	code
	queue
	directory
	path
	variable
	places
)

// place is where something happened, by the values of those fields.
type place [places]string

// kind is what lines have in common that are summed.
type kind struct {
	level zapcore.Level
	words string
	at    place
}

// placeOf is the place that a field names, or -1.
func placeOf(key string) int {
	switch key {
	case "channel":
		return channel
	case "workflow":
		return workflow
	case "service":
		return service
	case "connection":
		return connection
	case "stream":
		return stream
	case "shard":
		return shard
	case "code":
		return code
	case "queue":
		return queue
	case "directory":
		return directory
	case "path":
		return path
	case "variable":
		return variable
	}
	return -1
}

// note takes over what fields say of the place.
func (p *place) note(fields []zapcore.Field) {
	for i := range fields {
		if f := &fields[i]; f.Type == zapcore.StringType {
			if at := placeOf(f.Key); at >= 0 {
				p[at] = f.String
			}
		}
	}
}

// Repeated is the field that says how many lines a line stands for. A line that has it is a sum already, and is not summed again.
const Repeated = "repeated"

// of says what fields show a line to be.
type of struct {
	// one says that the line is about one message or file of many, single that it is not to be summed: it stands for several lines, or tells
	// what an operator has done.
	one, single bool
}

func (o *of) note(fields []zapcore.Field) {
	for i := range fields {
		switch fields[i].Key {
		case "message", "file":
			o.one = true
		case Repeated, "action", "from":
			o.single = true
		}
	}
}

// counted are the fields that count things; in a sum they are added up.
var counted = [...]string{"user_records", "kinesis_records", "records", "messages"}

// counts are the sums of those fields.
type counts [len(counted)]int64

func (c *counts) add(fields []zapcore.Field) {
	for i := range fields {
		f := &fields[i]
		if f.Type != zapcore.Int64Type && f.Type != zapcore.Int32Type {
			continue
		}
		for j, key := range counted {
			if f.Key == key {
				c[j] += f.Integer
			}
		}
	}
}

// put writes the sums over the fields of a single line.
func (c *counts) put(fields []zapcore.Field) {
	for i := range fields {
		for j, key := range counted {
			if fields[i].Key == key {
				fields[i].Integer = c[j]
			}
		}
	}
}

// keepable says that a field may be kept for seconds: it is small, and does not change meanwhile. Stacks and objects are not.
func keepable(f *zapcore.Field) bool {
	switch f.Type {
	case zapcore.StringType, zapcore.ErrorType, zapcore.BoolType, zapcore.DurationType, zapcore.TimeType, zapcore.TimeFullType, zapcore.Float64Type,
		zapcore.Int64Type, zapcore.Int32Type, zapcore.Uint64Type, zapcore.Uint32Type:
		return f.Key != "stack"
	}
	return false
}
