package message

// Annotator is an error that tells a failed message's metadata more than its text says, such as the attempts of a record.
type Annotator interface {
	error
	// Annotate adds metadata to the failed message.
	Annotate(*Message)
}

// Annotate lets every error in err's tree that can add its metadata to m.
func Annotate(m *Message, err error) {
	if err == nil {
		return
	}
	if a, ok := err.(Annotator); ok {
		a.Annotate(m)
	}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		Annotate(m, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			Annotate(m, inner)
		}
	}
}
