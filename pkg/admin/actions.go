package admin

import (
	"context"
	"errors"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// action does what an operator asks for. Its context ends with the limit of actions, not with the request: an operator who does not wait
// for a channel to drain does not want its messages given back.
type action func(ctx context.Context, r *http.Request) (any, error)

func (s *Server) action(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := s.act(w, r, do)
		if err != nil {
			s.fail(w, err)
			return
		}
		s.answer(w, http.StatusOK, body)
	}
}

func (s *Server) act(w http.ResponseWriter, r *http.Request, do action) (any, error) {
	if err := noBody(r); err != nil {
		return nil, err
	}
	if s.stopping.Load() {
		return nil, refuse(http.StatusServiceUnavailable, "the program is stopping, and takes no action any more")
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return nil, &refusal{status: http.StatusServiceUnavailable, text: "too many actions are under way; try again when one has ended", retryAfter: time.Second}
	}
	ctx, cancel := context.WithTimeout(s.acting, s.options.ActionLimit)
	defer cancel()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.options.ActionLimit + answerTime)) // every connection of net/http can
	began := time.Now()
	body, err := do(ctx, r)
	log, fields := s.options.Log, []zap.Field{zap.String("action", r.URL.Path), zap.String("from", r.RemoteAddr), zap.Duration("took", time.Since(began))}
	var told *refusal
	switch {
	case err == nil:
		log.Info("an operator's action is done", fields...)
	case errors.As(err, &told):
		log.Warn("an operator's action is refused", append(fields, zap.Int("status", told.status), zap.String("because", told.text))...)
	default:
		log.Error("an operator's action failed", append(fields, zap.Error(err))...)
	}
	return body, err
}

// running is the adapter, if it can be told something.
func (s *Server) running() (Source, error) {
	if a := s.adapter(); a != nil {
		return a, nil
	}
	return nil, &refusal{status: http.StatusServiceUnavailable, text: "the adapter is not there yet: the document is being read", retryAfter: time.Second}
}

func (s *Server) postChannel(ctx context.Context, r *http.Request) (any, error) {
	a, err := s.running()
	if err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	do, known := map[string]func(context.Context, string) error{
		"start": a.StartChannel, "stop": a.StopChannel, "restart": a.RestartChannel, "pause": a.PauseChannel, "resume": a.ResumeChannel,
	}[r.PathValue("action")]
	if !known {
		return nil, refuse(http.StatusNotFound, "there is no action "+short(r.PathValue("action"))+"; there are start, stop, restart, pause and resume")
	}
	if _, err := s.channel(id); err != nil {
		return nil, err
	}
	switch err := do(ctx, id); {
	case errors.Is(err, adapter.ErrNoChannel): // a reload has taken it away meanwhile
		return nil, noChannel(id)
	case err != nil:
		return nil, s.conflict(ctx, err)
	}
	return s.channel(id)
}

func (s *Server) postFlush(ctx context.Context, _ *http.Request) (any, error) {
	a, err := s.running()
	if err != nil {
		return nil, err
	}
	if err := a.Flush(ctx); err != nil {
		return nil, s.conflict(ctx, err)
	}
	return Flushed{true}, nil
}

// Flushed is the answer to a flush.
type Flushed struct {
	Flushed bool `json:"flushed"`
}

// conflict answers an action that the state of things was against: it did not come to its end in time, or what it asked of others failed.
func (s *Server) conflict(ctx context.Context, err error) error {
	switch {
	case s.stopping.Load():
		return refuse(http.StatusServiceUnavailable, "the program is stopping, which cut the action short: "+err.Error())
	case ctx.Err() != nil:
		return refuse(http.StatusGatewayTimeout, "the action took longer than "+s.options.ActionLimit.String()+", and was cut short: "+err.Error())
	}
	return refuse(http.StatusConflict, err.Error())
}
