package kinesislocal

import (
	"fmt"
	"net/http"
)

// apiError is an answer that refuses a request, with the service's code and words.
type apiError struct {
	status  int
	code    string
	message string
	noBody  bool // a fault may order an answer that is its message and nothing else

	// queryCode is the code in the query protocol, if it is another.
	queryCode string
}

func refuse(code, format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, message: fmt.Sprintf(format, args...)}
}

func invalidArgument(format string, args ...any) *apiError {
	return refuse("InvalidArgumentException", format, args...)
}

func serializationError(format string, args ...any) *apiError {
	return refuse("SerializationException", format, args...)
}

func (s *Server) streamNotFound(name string) *apiError {
	return refuse("ResourceNotFoundException", "Stream %s under account %s not found.", name, s.opts.Account)
}

func (s *Server) shardNotFound(id, stream string) *apiError {
	return refuse("ResourceNotFoundException", "Could not find shard %s in stream %s under account %s.", id, stream, s.opts.Account)
}

func (s *Server) rateExceededMessage(shard, stream string) string {
	return "Rate exceeded for shard " + shard + " in stream " + stream + " under account " + s.opts.Account + "."
}
