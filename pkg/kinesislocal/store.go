package kinesislocal

import "time"

// store puts a record into a shard and returns its sequence number. The caller
// holds mu.
func (s *Server) store(st *stream, sh *shard, e *putEntry, requestID string, now time.Time) uint64 {
	st.sequence++
	st.stored++
	sh.records = append(sh.records, record{
		data:            e.data,
		partitionKey:    e.partitionKey,
		explicitHashKey: e.explicitHashKey,
		requestID:       requestID,
		sequence:        st.sequence,
		arrival:         now,
	})
	s.held += sh.records[len(sh.records)-1].heldBytes()
	s.stored.push(arrival{st, sh, st.sequence})
	return st.sequence
}

// trim drops the oldest records while there are too many bytes of them, and
// those beyond retention. The caller holds mu.
func (s *Server) trim(now time.Time) {
	horizon := now.Add(-retention)
	for !s.stored.empty() {
		sh := s.stored.entries[s.stored.head].shard
		if s.held <= s.opts.MaxStoredBytes {
			if held := sh.held(); len(held) > 0 && held[0].arrival.After(horizon) {
				return
			}
		}
		s.stored.pop()
		s.held -= sh.dropOldest()
	}
}

// place returns the shard that takes a record, and whether it is the one that
// owns the hash key. The caller holds mu.
func (st *stream) place(k hashKey, elsewhere bool) *shard {
	if st.autoDistributed && st.onDemand {
		st.nextAuto = (st.nextAuto + 1) % len(st.open)
		return st.open[st.nextAuto]
	}
	sh := st.owner(k)
	if elsewhere {
		return st.open[(st.openIndex(sh)+1)%len(st.open)]
	}
	return sh
}
