package workflow

import "sync"

// jobsAtOnce bounds the error handlers of one workflow that run side by side: they write files or put records, and a burst of failures
// must not open thousands of either.
const jobsAtOnce = 8

// jobs runs what the goroutine that learned of a failure must not wait for, on at most jobsAtOnce goroutines, started when needed and
// ended when there is nothing to do. The zero value is ready; it is safe for concurrent use. How many may wait is its user's matter.
type jobs struct {
	running count
	// mu guards the fields below.
	mu      sync.Mutex
	waiting []func()
	workers int
}

func (j *jobs) add(job func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, job)
	if j.workers == jobsAtOnce {
		return
	}
	j.workers++
	j.running.add()
	go j.work()
}

func (j *jobs) work() {
	defer j.running.done()
	for job := j.next(); job != nil; job = j.next() {
		job()
	}
}

// next takes a job; nil ends the worker.
func (j *jobs) next() func() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.waiting) == 0 {
		j.workers--
		return nil
	}
	job := j.waiting[0]
	j.waiting[0] = nil
	j.waiting = j.waiting[1:]
	return job
}

// none returns a channel that is closed as soon as no job runs or waits, for once.
func (j *jobs) none() <-chan struct{} { return j.running.none() }
