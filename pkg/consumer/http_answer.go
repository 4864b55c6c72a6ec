package consumer

import (
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/web"
)

// pending is a message whose request waits for an answer.
type pending struct {
	outcome chan error
	// ended is set by whichever comes first, the outcome or an answer that does not wait for it.
	ended    atomic.Bool
	response *web.Response
}

// answer waits for the outcome and tells the client. A request's context that ends is no reason to stop waiting: it ends also when a client
// closes its half of the connection only, and whoever then returns without an answer has said 200.
func (h *HTTP) answer(s *httpShift, w http.ResponseWriter, id string, p *pending) {
	wait, status := defaultMaxWait, defaultStatus
	if h.Timeout != nil {
		wait, status = h.Timeout.MaxWait.Duration, h.Timeout.status
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	var slow <-chan time.Time
	if h.WarnAfter.Set {
		warn := time.NewTimer(h.WarnAfter.Duration)
		defer warn.Stop()
		slow = warn.C
	}
	for {
		select {
		case err := <-p.outcome:
			p.finish(w, id, err)
			return
		case <-s.late.Done():
			select {
			case err := <-p.outcome:
				p.finish(w, id, err)
			default:
				unavailable(w, "the program stops, and it is not known whether message "+id+" was delivered; send the request again")
			}
			return
		case <-slow:
			s.log.Warn("request takes long; its message has no outcome yet", zap.String("message", id), zap.Duration("soFar", h.WarnAfter.Duration))
			slow = nil
		case <-timeout.C:
			if !p.ended.CompareAndSwap(false, true) { // the outcome came in the same moment
				p.finish(w, id, <-p.outcome)
				return
			}
			s.log.Warn("request is answered before its message has an outcome", zap.String("message", id), zap.Duration("after", wait), zap.Int("status", status))
			w.WriteHeader(status)
			return
		case <-p.response.Committed():
			if !p.ended.CompareAndSwap(false, true) { // the outcome came in the same moment
				p.finish(w, id, <-p.outcome)
				return
			}
			p.succeed(w)
			return
		}
	}
}

// finish tells the client the outcome: what the workflow said to answer, unless that is no longer true.
func (p *pending) finish(w http.ResponseWriter, id string, err error) {
	answer := p.response.Answer()
	switch {
	case err == nil:
		p.succeed(w)
	case errors.Is(err, component.ErrPaused):
		unavailable(w, "an operator has paused what this path feeds; send the request again later")
	case errors.Is(err, component.ErrStopped):
		unavailable(w, "the program stops; send the request again")
	case answer != nil && answer.Status >= http.StatusBadRequest:
		answer.Write(w)
	default:
		http.Error(w, "message "+id+" failed: "+err.Error(), http.StatusInternalServerError)
	}
}

func (p *pending) succeed(w http.ResponseWriter) {
	if answer := p.response.Answer(); answer != nil {
		answer.Write(w)
		return
	}
	w.WriteHeader(http.StatusOK)
}
