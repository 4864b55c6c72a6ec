package channel

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adapterd/adapterd/pkg/workflow"
)

func TestAPausedChannelComesBackPausedFromARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _, l := restarting(t, "channel-restart-produce-exception-handler")
		c.Pause()
		if !c.Paused() {
			t.Error("not paused")
		}
		for _, w := range c.All() {
			if !w.Paused() {
				t.Errorf("%s is not paused", w.ID())
			}
		}
		l.take()
		c.restart("", workflow.RestartChannel)
		synctest.Wait()
		if got := l.take(); len(got) == 0 || got[len(got)-1] != "start consume" || !c.Paused() {
			t.Errorf("restarted: %v; paused: %v", got, c.Paused())
		}
		c.Resume()
		if c.Paused() {
			t.Error("paused")
		}
		if err := offer(t, c, 0); err != nil {
			t.Error(err)
		}
		if err := c.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Who looks at a channel learns that it restarts, and why that failed.
func TestAChannelTellsOfItsRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, l := restarting(t, "channel-restart-produce-exception-handler")
		if c.Restarting() || c.RestartFailed() != nil {
			t.Error("it restarts without a reason")
		}
		l.mu.Lock()
		parts["sink1"].fail = "init"
		l.mu.Unlock()
		_ = offer(t, c, 0)
		synctest.Wait()
		if err := c.RestartFailed(); err == nil || !strings.Contains(err.Error(), "sink1 can not init") && !strings.Contains(err.Error(), "sink1") || c.Restarting() {
			t.Errorf("restarting %v, error %v", c.Restarting(), err)
		}
		l.mu.Lock()
		parts["sink1"].fail = ""
		l.mu.Unlock()
		time.Sleep(restartPause)
		synctest.Wait()
		if err := c.RestartFailed(); err != nil || c.Restarting() {
			t.Errorf("restarting %v, error %v", c.Restarting(), err)
		}
		if err := errors.Join(c.Stop(t.Context()), c.RestartFailed()); err != nil {
			t.Error(err)
		}
	})
}
