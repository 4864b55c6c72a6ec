package top

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/adapter"
)

// snapshot is what the server says at a moment.
type snapshot struct {
	adapter.Status
	// more is what servers say of shards since some version only.
	more struct {
		Connections []struct {
			Producer *struct {
				Streams []struct {
					Shards []moreOfShard `json:"shards"`
				} `json:"streams"`
			} `json:"producer"`
		} `json:"connections"`
	}
}

// moreOfShard is there as far as the server tells it.
type moreOfShard struct {
	// Landed is how many user records were stored in the shard, wherever they were predicted to go.
	Landed *int64 `json:"landed"`
	// HotKeys are there if the server may show partition keys.
	HotKeys []struct {
		Key   string  `json:"key"`
		Share float64 `json:"share"`
	} `json:"hot_keys"`
}

func parseSnapshot(text []byte) (*snapshot, error) {
	s := new(snapshot)
	if err := json.Unmarshal(text, &s.Status); err != nil {
		return nil, fmt.Errorf("the state that it sent can not be read: %w", err)
	}
	_ = json.Unmarshal(text, &s.more) // a server that means something else by these names just shows less
	return s, nil
}

// moreOf is what is known in addition of the shard at the three places.
func (s *snapshot) moreOf(connection, stream, shard int) moreOfShard {
	if connection >= len(s.more.Connections) || s.more.Connections[connection].Producer == nil {
		return moreOfShard{}
	}
	streams := s.more.Connections[connection].Producer.Streams
	if stream >= len(streams) || shard >= len(streams[stream].Shards) {
		return moreOfShard{}
	}
	return streams[stream].Shards[shard]
}

// mostFailures bounds the failures that are kept, as the server does.
const mostFailures = 200

// state is everything that is shown, whatever shows it.
type state struct {
	*snapshot
	// failures are the last ones, newest first.
	failures []adapter.Failure
}

// add takes a failure that has just happened. One that the list had already, since it was asked for after the events began, stays one.
func (s *state) add(f adapter.Failure) {
	f.At = f.At.UTC() // so that == compares the time
	for _, known := range s.failures {
		if known == f {
			return
		}
		if known.At.Before(f.At.Add(-time.Minute)) {
			break
		}
	}
	s.failures = append([]adapter.Failure{f}, s.failures[:min(len(s.failures), mostFailures-1)]...)
}

// set takes the list that the server keeps.
func (s *state) set(all []adapter.Failure) {
	s.failures = all[:min(len(all), mostFailures)]
	for i := range s.failures {
		s.failures[i].At = s.failures[i].At.UTC()
	}
}
