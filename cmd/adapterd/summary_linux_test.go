package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
	"github.com/adapterd/adapterd/pkg/logging"
)

// pseudoTerminal is a terminal of the system's, what is written to it, and a function that waits until all of it has been read.
func pseudoTerminal(t *testing.T, columns uint16) (terminal *os.File, d *display, read func()) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	control, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failed error
	if err := control.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
		if failed == nil {
			failed = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns})
		}
	}); err != nil || failed != nil {
		t.Fatal(err, failed)
	}
	if terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	d, done := new(display), make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(d, master) // ends when nobody has the terminal open any more
	}()
	read = func() {
		terminal.Close()
		<-done
	}
	t.Cleanup(read)
	return terminal, d, read
}

// onTerminal runs a command line whose standard error is a terminal, until it ends or stop is called.
func onTerminal(t *testing.T, terminal *os.File, args ...string) (code <-chan int, stop func()) {
	t.Helper()
	t.Setenv("TERM", "xterm")
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	ended := make(chan int, 1)
	go func() { ended <- execute(ctx, args, strings.NewReader(""), io.Discard, terminal) }()
	return ended, stop
}

// logLine is a line as the console format has it.
var logLine = regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}  (INFO|WARN|ERROR)  \S.*$`)

// onlyLog says which lines are no whole lines of log.
func onlyLog(t *testing.T, d *display) {
	t.Helper()
	lines := d.shown()
	for _, line := range lines[:len(lines)-1] {
		if !logLine.MatchString(line) {
			t.Errorf("not a line of log: %q", line)
		}
	}
	if last := lines[len(lines)-1]; last != "" {
		t.Errorf("left on the terminal: %q", last)
	}
}

func TestARunOnATerminalShowsALiveLine(t *testing.T) {
	terminal, d, read := pseudoTerminal(t, 120)
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in", "bad.json"), `{"nothing":"here"}`) // its key is not there, so it fails
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
	code, stop := onTerminal(t, terminal, "run", doc, "--embedded-kinesis", "127.0.0.1:0")
	await(t, "the failure on the live line", func() bool {
		return regexp.MustCompile(`^\d+ records/s  0 in flight  1 failed  0 throttled  0 delivered in \d+s$`).MatchString(d.last())
	})
	for i := range 20 {
		write(t, filepath.Join(dir, "in", fmt.Sprint(i, ".json")), fmt.Sprintf(`{"id":"%d"}`, i))
	}
	await(t, "the records on the live line", func() bool { return strings.Contains(d.last(), "20 delivered in ") })
	if !strings.Contains(d.bytes(), red+"1 failed"+normal) {
		t.Error("the failure has no colour")
	}
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit %d", got)
	}
	read()
	onlyLog(t, d)
}

func TestAJobOnATerminalShowsItsProgress(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	terminal, d, read := pseudoTerminal(t, 100)
	dir := t.TempDir()
	manyFiles(t, dir, 40)
	doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, synchronous, ""))
	code, stop := onTerminal(t, terminal, "run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "10m")
	done := regexp.MustCompile(`^\[#{25}\]  100 %  done; ends in (10|\d)m\d+s  40 of 40 messages  \d+ records/s  0 failed$`)
	await(t, "the full bar", func() bool { return done.MatchString(d.last()) })
	stop()
	if got := <-code; got != exitDone {
		t.Errorf("exit %d", got)
	}
	read()
	onlyLog(t, d)
	if raw := d.bytes(); strings.Contains(raw, red) || strings.Contains(raw, normal) {
		t.Errorf("%q", raw)
	}
}

func TestWhereThereIsNoLiveLine(t *testing.T) {
	for _, c := range []struct {
		name, term string
		args       []string
	}{
		{"not wanted", "xterm", []string{"--no-live"}},
		{"for machines", "xterm", []string{"--log-format", "json"}},
		{"dumb", "dumb", nil},
		{"no kind of terminal", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			terminal, d, read := pseudoTerminal(t, 100)
			dir := t.TempDir()
			manyFiles(t, dir, 1)
			doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, ""))
			t.Setenv("TERM", c.term)
			code := execute(t.Context(), append([]string{"run", doc, "--embedded-kinesis", "127.0.0.1:0", "--until-idle", "100ms"}, c.args...), strings.NewReader(""), io.Discard, terminal)
			read()
			if raw := d.bytes(); code != exitDone || strings.Contains(raw, "\x1b") || strings.Contains(raw, "records/s") {
				t.Errorf("exit %d\n%q", code, raw)
			}
		})
	}
	t.Run("no terminal", func(t *testing.T) {
		if (&screen{out: new(output)}).terminal() != nil {
			t.Error("a buffer is taken for a terminal")
		}
		file, err := os.Create(filepath.Join(t.TempDir(), "log"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if (&screen{out: file}).terminal() != nil {
			t.Error("a file is taken for a terminal")
		}
	})
}

// What repeats is said in few lines, whose numbers are those of what has happened.
func TestRunSumsWhatRepeats(t *testing.T) {
	const throttled, bad = 4, 25
	for _, c := range []struct {
		name   string
		args   []string
		before []kinesislocal.Fault
		summed bool
	}{
		{name: "summed", summed: true},
		{name: "summed while the shards are not known", summed: true,
			before: []kinesislocal.Fault{{Operations: []string{"ListShards"}, Code: "LimitExceededException"}}},
		{name: "not wanted", args: []string{"--log-repeats"}},
		{name: "debug", args: []string{"--log-level", "debug"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true, DefaultShards: 1})
			faults := append(c.before, kinesislocal.Fault{Operations: []string{"PutRecords"}, RecordCode: "ProvisionedThroughputExceededException", Count: throttled})
			for _, f := range faults {
				if _, err := server.Inject(f); err != nil {
					t.Fatal(err)
				}
			}
			dir := t.TempDir()
			manyFiles(t, dir, 10)
			for i := range bad {
				write(t, filepath.Join(dir, "in", fmt.Sprintf("bad%02d.json", i)), `{"nothing":"here"}`)
			}
			doc := write(t, filepath.Join(dir, "a.xml"), filesInto(dir, asynchronous, pair("KinesisEndpoint", server.URL())))
			began := time.Now()
			code, _, errOut := command(t, append([]string{"run", doc, "--until-idle", "300ms"}, c.args...)...)
			// On a machine that is busy what repeats may take longer than a sum spans. There is a sum for each then.
			spans := 2 + int(time.Since(began)/logging.Span)
			failures, stand := linesOf(t, errOut, "message failed; there is no message-error-handler")
			if code != exitFailed || stand != bad || c.summed != (failures <= spans) {
				t.Errorf("exit %d; %d lines stand for %d failures, want %d\n%s", code, failures, stand, bad, errOut)
			}
			// The engine sums whatever the command line says: of a shard, and of a stream as long as its shards are not known.
			said, stand := linesOf(t, errOut, "throttled ")
			if stand != throttled || said > 2*spans {
				t.Errorf("%d lines stand for %d throttled records, want %d\n%s", said, stand, throttled, errOut)
			}
			if spans == 2 && !regexp.MustCompile(`throttled [\d,]+ records on (shardId-000000000000 of )?orders in the last \d+s`).MatchString(errOut) {
				t.Errorf("nothing summed of throttling\n%s", errOut)
			}
		})
	}
}

// linesOf counts the lines of a log that begin with some words, and those that they stand for.
func linesOf(t *testing.T, log, words string) (lines, standFor int) {
	t.Helper()
	repeated := regexp.MustCompile(`"repeated": (\d+)`)
	for line := range strings.SplitSeq(log, "\n") {
		if parts := strings.SplitN(line, "  ", 3); len(parts) < 3 || !strings.HasPrefix(parts[2], words) {
			continue
		}
		lines++
		times := 1
		if sum := repeated.FindStringSubmatch(line); sum != nil {
			var err error
			if times, err = strconv.Atoi(sum[1]); err != nil {
				t.Fatal(err)
			}
		}
		standFor += times
	}
	return lines, standFor
}
