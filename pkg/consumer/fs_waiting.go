package consumer

import "sync/atomic"

// waiting counts the files of the last listing that have not been tried yet. The zero value is ready; it is safe for concurrent use.
type waiting struct {
	files atomic.Int64
	known atomic.Bool
}

// listed notes how many files a listing has.
func (w *waiting) listed(files int) {
	w.files.Store(int64(files))
	w.known.Store(true)
}

// tried notes that one of them is taken, or left for the next listing.
func (w *waiting) tried() { w.files.Add(-1) }

// Waiting implements component.Counted. Of the files in directories below it is not known how many there are until they have been seen.
func (f *FS) Waiting() (int64, bool) {
	return f.waiting.files.Load(), f.waiting.known.Load() && !f.deep
}
