package admin

import "net/http"

// Health is what a probe is answered.
type Health struct {
	// Status is alive; or ready, or not ready.
	Status string `json:"status"`
	// State is the adapter's.
	State string `json:"state"`
	// Reasons are why it is not ready, for clients that may see everything.
	Reasons []string `json:"reasons"`
}

// live says that the process answers, whatever the adapter does: to end it would help nobody else.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	s.answer(w, http.StatusOK, Health{Status: "alive", State: s.status().State})
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	st := s.status()
	if st.Ready {
		s.answer(w, http.StatusOK, Health{Status: "ready", State: st.State})
		return
	}
	h := Health{Status: "not ready", State: st.State, Reasons: st.NotReady}
	switch {
	case !s.guard.knows(r):
		h.Reasons = []string{"the reasons are told to those who bear the token or certificate"}
	case len(h.Reasons) == 0:
		h.Reasons = []string{"the adapter is " + st.State}
	}
	w.Header().Set("Retry-After", "1")
	s.answer(w, http.StatusServiceUnavailable, h)
}
