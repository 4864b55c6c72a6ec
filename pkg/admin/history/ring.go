package history

// Most is how many samples are kept.
const Most = 600

// span is for how many seconds a sample is kept.
const span = 600

const columns = 10

// row is a sample in the order of its fields.
func (s *Sample) row() [columns]Figure {
	return [columns]Figure{s.Time, s.Records, s.Messages, s.Lately, s.P50, s.P99, s.Failed, s.Throttled, s.InWorkflows, s.InProducers}
}

// ring has the last samples in columns. It takes as much memory when it is empty as when it is full: 48 kB.
type ring struct {
	columns  [columns][Most]Figure
	first, n int
}

func (r *ring) push(row [columns]Figure) {
	for r.n == Most || r.n > 0 && r.columns[0][r.first] < row[0]-span {
		r.first = (r.first + 1) % Most
		r.n--
	}
	at := (r.first + r.n) % Most
	for i, v := range row {
		r.columns[i][at] = v
	}
	r.n++
}

func (r *ring) clear() { r.n = 0 }

// newest is the time of the last sample; unknown if there is none.
func (r *ring) newest() Figure {
	if r.n == 0 {
		return unknown
	}
	return r.columns[0][(r.first+r.n-1)%Most]
}

// column is a copy, oldest first.
func (r *ring) column(i int) Column {
	out := make(Column, 0, r.n)
	end := r.first + r.n
	out = append(out, r.columns[i][r.first:min(end, Most)]...)
	return append(out, r.columns[i][:max(0, end-Most)]...)
}
