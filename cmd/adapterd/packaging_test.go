package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/adapterd/adapterd/pkg/adapter"
)

func packaged(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "packaging"}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type chartValues struct {
	Document     string `yaml:"document"`
	DrainSeconds int    `yaml:"drainSeconds"`
}

func chart(t *testing.T) chartValues {
	t.Helper()
	var v chartValues
	if err := yaml.Unmarshal([]byte(packaged(t, "helm", "adapterd", "values.yaml")), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDocumentsOfPackagesRun(t *testing.T) {
	for name, text := range map[string]string{
		"example": packaged(t, "examples", "adapter.xml"),
		"chart":   chart(t).Document,
		"try":     packaged(t, "try", "adapter.xml"),
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errOut := command(t, "check", write(t, filepath.Join(t.TempDir(), "adapter.xml"), text))
			if code != exitDone || !strings.Contains(out, "0 errors, 0 warnings") {
				t.Errorf("exit %d\n%s%s", code, out, errOut)
			}
		})
	}
}

// Who ends the program gives it longer than it drains for, or messages would be left to be sent twice.
func TestServiceManagersWaitForTheDrain(t *testing.T) {
	const margin = 15 * time.Second
	for name, c := range map[string]struct{ text, seconds string }{
		"systemd stop":  {packaged(t, "systemd", "adapterd.service"), `(?m)^TimeoutStopSec=(\d+)s$`},
		"OpenRC":        {packaged(t, "openrc", "adapterd.initd"), `(?m)^retry="TERM/(\d+)/KILL/5"$`},
		"container end": {packaged(t, "container", "Containerfile"), `docker stop --time (\d+)\.`},
	} {
		m := regexp.MustCompile(c.seconds).FindStringSubmatch(c.text)
		if m == nil {
			t.Errorf("%s: no time is given", name)
			continue
		}
		if n, err := strconv.Atoi(m[1]); err != nil || time.Duration(n)*time.Second < adapter.DefaultDrain+margin {
			t.Errorf("%s: %s seconds, want %v at least", name, m[1], adapter.DefaultDrain+margin)
		}
	}
	if d := time.Duration(chart(t).DrainSeconds) * time.Second; d != adapter.DefaultDrain {
		t.Errorf("the chart drains for %v, the program for %v", d, adapter.DefaultDrain)
	}
	deployment := packaged(t, "helm", "adapterd", "templates", "deployment.yaml")
	if !strings.Contains(deployment, "terminationGracePeriodSeconds: {{ add .Values.preStopSeconds .Values.drainSeconds 15 }}") {
		t.Error("the chart's pods do not get preStop, drain and 15 s")
	}
}

// Who comes back by itself: a directory that is not mounted yet, or a port that is not free yet, ends a start, and nobody looks at night.
func TestServiceManagersTryForEver(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"systemd": {packaged(t, "systemd", "adapterd.service"), "\nStartLimitIntervalSec=0\n"},
		"OpenRC":  {packaged(t, "openrc", "adapterd.initd"), "\nrespawn_max=0\n"},
	} {
		if !strings.Contains(c.text, c.want) {
			t.Errorf("%s: want %q", name, c.want)
		}
	}
	if strings.Contains(packaged(t, "systemd", "adapterd.service"), "RestartPreventExitStatus") {
		t.Error("an exit code is not tried again; that of wrong usage is that of a panic too")
	}
}

// Without the tag gRPC's tracing makes the linker keep every method, and the program a quarter larger.
func TestEveryBuildOfTheProgramLeavesOutTracingOfGRPC(t *testing.T) {
	build := regexp.MustCompile(`(?:go build|"go", "build").*`)
	for _, path := range [][]string{{"..", "Makefile"}, {"container", "Containerfile"}, {"..", "scripts", "release", "compile.go"}} {
		lines := build.FindAllString(packaged(t, path...), -1)
		if len(lines) == 0 {
			t.Errorf("%v builds nothing", path)
		}
		for _, l := range lines {
			if !regexp.MustCompile(`-tags"?,? "?grpcnotrace`).MatchString(l) {
				t.Errorf("%v: no tag in %s", path, l)
			}
		}
	}
}

// What packages and charts pass has to be what run takes.
func TestPackagesPassFlagsThatThereAre(t *testing.T) {
	flags := runCommand().Flags()
	for _, path := range [][]string{{"systemd", "adapterd.env"}, {"openrc", "adapterd.confd"}, {"helm", "adapterd", "templates", "deployment.yaml"}, {"container", "Containerfile"}} {
		text := packaged(t, path...)
		found := regexp.MustCompile(`(?m)(?:^ *- |["' ])--([a-z-]+)[ ="\n]`).FindAllStringSubmatch(text, -1)
		if len(found) == 0 {
			t.Errorf("%v passes no flag", path)
		}
		health := healthCommand().Flags()
		for _, m := range found {
			known := flags.Lookup(m[1]) != nil || health.Lookup(m[1]) != nil
			switch m[1] {
			case "from", "platform", "build-arg", "interval", "timeout", "start-period", "retries", "time": // of container tools
				known = known || path[0] == "container"
			}
			if !known {
				t.Errorf("%v passes --%s, which run does not take", path, m[1])
			}
		}
	}
}
