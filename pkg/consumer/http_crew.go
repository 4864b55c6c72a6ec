package consumer

import "context"

// idleMost bounds the goroutines that an httpCrew keeps.
const idleMost = 256

// httpCrew takes messages on their way in goroutines that are used again: their stacks have grown by then to what services and producers need,
// which costs more than all else of a new goroutine.
type httpCrew struct {
	members outstanding
	jobs    chan func()   // taken by those that are idle only
	idle    chan struct{} // a token of each
	stopped chan struct{}
}

func newHTTPCrew() *httpCrew {
	return &httpCrew{jobs: make(chan func()), idle: make(chan struct{}, idleMost), stopped: make(chan struct{})}
}

// run starts a job, and does not wait for it.
func (c *httpCrew) run(job func()) {
	select {
	case c.jobs <- job:
	default:
		c.members.add()
		go c.work(job)
	}
}

func (c *httpCrew) work(job func()) {
	defer c.members.settled()
	for {
		job()
		select {
		case c.idle <- struct{}{}:
		default:
			return
		}
		select {
		case job = <-c.jobs:
			<-c.idle
		case <-c.stopped:
			return
		}
	}
}

// stop ends the idle ones, and the others after their job, and waits for all until ctx ends. It is called once.
func (c *httpCrew) stop(ctx context.Context) error {
	close(c.stopped)
	return c.members.wait(ctx)
}
