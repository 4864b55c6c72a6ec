package admin

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ErrNoFailedMessage says that there is no such failed message, any more perhaps.
var ErrNoFailedMessage = errors.New("there is no such failed message; it may have been retried or dropped already")

// Failed are the directories that failed messages were written to. It is safe for concurrent use.
type Failed interface {
	// List has the messages of all directories, the newest first, a thousand or so at most. A directory keeps its number.
	List(ctx context.Context) ([]FailedMessage, error)
	// Show, Retry and Drop wrap ErrNoFailedMessage when there is none of that name in the directory with that number. The name has no
	// separator of paths in it.
	Show(ctx context.Context, dir int, name string) (FailedDetail, error)
	// Retry puts it where its workflow takes it again.
	Retry(ctx context.Context, dir int, name string) error
	// Drop removes it for good.
	Drop(ctx context.Context, dir int, name string) error
}

// FailedMessage is a message that was written to a directory of failed ones. What was not kept with it is empty.
type FailedMessage struct {
	// Dir is the number of Directory, for the paths of the API.
	Dir       int       `json:"dir"`
	Directory string    `json:"directory"`
	Name      string    `json:"name"`
	At        time.Time `json:"at"`
	Bytes     int64     `json:"bytes"`
	Channel   string    `json:"channel,omitempty"`
	Workflow  string    `json:"workflow,omitempty"`
	Message   string    `json:"message,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	Remedy    string    `json:"remedy,omitempty"`
	Stream    string    `json:"stream,omitempty"`
	ShardID   string    `json:"shardId,omitempty"`
	ErrorCode string    `json:"errorCode,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
}

// FailedDetail is a failed message with its content.
type FailedDetail struct {
	FailedMessage
	Metadata map[string]string `json:"metadata"`
	// Payload is its beginning, as text, or in Base64 if it is none.
	Payload   string `json:"payload"`
	Base64    bool   `json:"base64"`
	Truncated bool   `json:"truncated"`
}

// FailedDone is the answer to retry and drop.
type FailedDone struct {
	Name   string `json:"name"`
	Action string `json:"action"`
}

func (s *Server) getFailedList(r *http.Request) (any, error) {
	if s.options.Failed == nil {
		return []FailedMessage{}, nil
	}
	return s.options.Failed.List(r.Context())
}

func (s *Server) getFailed(r *http.Request) (any, error) {
	dir, name, err := s.failedMessage(r)
	if err != nil {
		return nil, err
	}
	detail, err := s.options.Failed.Show(r.Context(), dir, name)
	if errors.Is(err, ErrNoFailedMessage) {
		return nil, refuse(http.StatusNotFound, err.Error())
	}
	if detail.Metadata == nil {
		detail.Metadata = map[string]string{}
	}
	return detail, err
}

func (s *Server) postFailed(ctx context.Context, r *http.Request) (any, error) {
	dir, name, err := s.failedMessage(r)
	if err != nil {
		return nil, err
	}
	what := r.PathValue("action")
	do, known := map[string]func(context.Context, int, string) error{"retry": s.options.Failed.Retry, "drop": s.options.Failed.Drop}[what]
	if !known {
		return nil, refuse(http.StatusNotFound, "there is no action "+short(what)+"; there are retry and drop")
	}
	switch err := do(ctx, dir, name); {
	case errors.Is(err, ErrNoFailedMessage):
		return nil, refuse(http.StatusNotFound, err.Error())
	case err != nil:
		return nil, s.conflict(ctx, err)
	}
	return FailedDone{name, what}, nil
}

// failedMessage is the message that a path names. No name leads out of its directory.
func (s *Server) failedMessage(r *http.Request) (dir int, name string, err error) {
	dir, err = strconv.Atoi(r.PathValue("dir"))
	name = r.PathValue("name")
	if s.options.Failed == nil || err != nil || dir < 0 || name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return 0, "", refuse(http.StatusNotFound, ErrNoFailedMessage.Error())
	}
	return dir, name, nil
}
