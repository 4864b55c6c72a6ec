package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/zap"
)

// A third signal ends the program as the system does it, so what was counted is written at the second.
func TestASecondSignalWritesTheSums(t *testing.T) {
	var out output
	f := &runFlags{logFlags: logFlags{level: "info", format: formatConsole}}
	log, end, err := f.summingLogger(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for range 3 {
		log.Warn("message failed", zap.String("channel", "files"))
	}
	signals, stopped := make(chan os.Signal, 1), make(chan error, 1)
	signals <- syscall.SIGINT
	r := &running{flags: f, log: log, notify: silent{}}
	if err := r.drained(stopped, signals, func() {
		if said := out.String(); !strings.Contains(said, "message failed (2 more in the last ") {
			t.Errorf("cut short before the sums were written:\n%s", said)
		}
		stopped <- nil
	}); err != nil {
		t.Error(err)
	}
}

func TestFlagsOfTheLogThatAreWrong(t *testing.T) {
	for _, f := range []logFlags{{level: "loud", format: formatConsole}, {level: "info", format: "xml"}} {
		if _, _, err := f.summingLogger(new(output)); err == nil {
			t.Errorf("%+v is taken", f)
		}
	}
}
