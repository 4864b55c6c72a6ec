package admin

import (
	"net/http"

	"github.com/adapterd/adapterd/pkg/adapter"
	"github.com/adapterd/adapterd/pkg/kpl"
)

// Stream is a stream and the connection whose producer sends to it.
type Stream struct {
	Connection string `json:"connection"`
	kpl.StreamStats
}

// mostFailures bounds the list of failures.
const mostFailures = 200

func (s *Server) getStatus(*http.Request) (any, error) { return s.status(), nil }

func (s *Server) getHistory(*http.Request) (any, error) { return s.history.History(), nil }

func (s *Server) getChannels(*http.Request) (any, error) { return s.status().Channels, nil }

func (s *Server) getChannel(r *http.Request) (any, error) { return s.channel(r.PathValue("id")) }

func (s *Server) channel(id string) (adapter.ChannelStatus, error) {
	for _, c := range s.status().Channels {
		if c.ID == id {
			return c, nil
		}
	}
	return adapter.ChannelStatus{}, noChannel(id)
}

func noChannel(id string) error {
	return refuse(http.StatusNotFound, "there is no channel "+short(id)+"; /api/channels lists those that there are")
}

func (s *Server) getStreams(*http.Request) (any, error) {
	var out []Stream
	for _, c := range s.status().Connections {
		if c.Producer == nil {
			continue
		}
		for _, st := range c.Producer.Streams {
			out = append(out, Stream{c.ID, st})
		}
	}
	return out, nil
}

func (s *Server) getFailures(*http.Request) (any, error) {
	a := s.adapter()
	if a == nil {
		return []adapter.Failure{}, nil
	}
	all := a.Failures()
	return all[:min(len(all), mostFailures)], nil
}
