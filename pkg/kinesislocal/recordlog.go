package kinesislocal

// arrival says where a record is.
type arrival struct {
	stream   *stream
	shard    *shard
	sequence uint64
}

// recordLog is the order in which all records arrived. It refers to the records
// of the shards; some may be gone with their streams. Server.mu guards it.
type recordLog struct {
	entries []arrival
	head    int
	base    uint64 // the number of entries[0], counted from the start of the server
}

func (l *recordLog) push(a arrival) { l.entries = append(l.entries, a) }

func (l *recordLog) empty() bool { return l.head == len(l.entries) }

func (l *recordLog) pop() arrival {
	a := l.entries[l.head]
	l.entries[l.head] = arrival{}
	l.head++
	if l.head >= 1024 && l.head*2 >= len(l.entries) {
		kept := copy(l.entries, l.entries[l.head:])
		clear(l.entries[kept:])
		l.base += uint64(l.head)
		l.entries, l.head = l.entries[:kept], 0
	}
	return a
}

// end is the number of the next record.
func (l *recordLog) end() uint64 { return l.base + uint64(len(l.entries)) }

// from returns what arrived at number n and after it.
func (l *recordLog) from(n uint64) []arrival {
	first := l.base + uint64(l.head)
	return l.entries[l.head+int(max(n, first)-first):]
}

// clear forgets all, but goes on counting, so that cursors stay good.
func (l *recordLog) clear() {
	l.base = l.end()
	l.entries, l.head = nil, 0
}
