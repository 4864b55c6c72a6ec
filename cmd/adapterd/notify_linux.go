package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// systemd speaks sd_notify(3): a datagram of NAME=VALUE lines to the socket that NOTIFY_SOCKET names. A socket whose name begins with @ is
// an abstract one, which package net knows.
type systemd struct {
	log     *zap.Logger
	address *net.UnixAddr
	// beat is nil without a watchdog.
	beat *time.Ticker
	// deaf is set once a message could not be sent, so that it is said once.
	deaf bool
}

// notifyTimeout bounds a message to a systemd that reads none: its socket's queue may be full, of other services' messages too. It is long,
// since a READY that is lost ends the program, and short beside every time that systemd gives it.
const notifyTimeout = 5 * time.Second

func environmentNotifier(log *zap.Logger) notifier {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return silent{}
	}
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		log.Warn("the service manager is told nothing: NOTIFY_SOCKET names no Unix socket", zap.String("NOTIFY_SOCKET", socket))
		return silent{}
	}
	s := &systemd{log: log, address: &net.UnixAddr{Name: socket, Net: "unixgram"}}
	every, err := watchdogInterval(os.Getenv("WATCHDOG_USEC"), os.Getenv("WATCHDOG_PID"), os.Getpid())
	if err != nil {
		log.Warn("the watchdog gets no signs of life", zap.Error(err))
	}
	if every > 0 {
		s.beat = time.NewTicker(every)
	}
	return s
}

// watchdogInterval is how often a sign of life is due, half the time after which the program counts as dead; 0 if none is asked of it.
func watchdogInterval(usec, pid string, own int) (time.Duration, error) {
	if usec == "" || pid != "" && pid != strconv.Itoa(own) { // meant for the process that started this one
		return 0, nil
	}
	n, err := strconv.ParseInt(usec, 10, 64)
	if err != nil || n < 2 || n > int64(24*365*time.Hour/time.Microsecond) {
		return 0, fmt.Errorf("WATCHDOG_USEC is %q; it takes microseconds, from 2 to those of a year", usec)
	}
	return time.Duration(n) * time.Microsecond / 2, nil
}

func (s *systemd) ready(status string) { s.send("READY=1", "STATUS="+status) }

// reloading has the time of the monotonic clock with it: by it systemd tells a reload that it asked for from an earlier one.
func (s *systemd) reloading() {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		s.log.Warn("the service manager is not told of the reload: the monotonic clock can not be read", zap.Error(err))
		return
	}
	s.send("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000), "STATUS=reloading the document")
}

func (s *systemd) stopping() { s.send("STOPPING=1", "STATUS=draining: nothing new is taken") }

func (s *systemd) beats() <-chan time.Time {
	if s.beat == nil {
		return nil
	}
	return s.beat.C
}

func (s *systemd) alive(status string) { s.send("WATCHDOG=1", "STATUS="+status) }

func (s *systemd) close() {
	if s.beat != nil {
		s.beat.Stop()
	}
}

func (s *systemd) send(lines ...string) {
	err := s.write(strings.Join(lines, "\n"))
	if err != nil && !s.deaf {
		s.log.Warn("the service manager could not be told; it may end this program", zap.String("NOTIFY_SOCKET", s.address.Name), zap.Error(err))
	}
	s.deaf = err != nil
}

// write opens the socket for each message: they are rare, and the socket of a systemd that was started anew is another one.
func (s *systemd) write(text string) error {
	c, err := net.DialUnix("unixgram", nil, s.address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetWriteDeadline(time.Now().Add(notifyTimeout)); err != nil {
		return err
	}
	_, err = c.Write([]byte(text))
	return err
}
