package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func TestWrongUsageExitsWith2AndSaysWhatIsRight(t *testing.T) {
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown command", []string{"chekc"}, `there is no command "chekc"; did you mean check?`},
		{"unknown command below a command", []string{"password", "enocde"}, `there is no command "password enocde"; did you mean encode?`},
		{"help of an unknown command", []string{"help", "chekc"}, `there is no command "chekc"; did you mean check?`},
		{"help of an unknown command below", []string{"help", "password", "decod"}, `there is no command "password decod"; did you mean decode?`},
		{"nothing like it", []string{"frobnicate"}, "there is no command \"frobnicate\"\nSee: adapterd --help\n"},
		{"unknown flag", []string{"run", "a.xml", "--nope"}, "unknown flag: --nope\nSee: adapterd run --help\n"},
		{"mistyped flag", []string{"check", "a.xml", "--varibles", "x"}, "unknown flag: --varibles; did you mean --variables?"},
		{"unknown short flag", []string{"run", "a.xml", "-x"}, "unknown shorthand flag: 'x'"},
		{"flag without its value", []string{"run", "a.xml", "--log-level"}, "flag needs an argument: --log-level"},
		{"no number", []string{"tail", "s", "--count", "some"}, `invalid argument "some" for "--count"`},
		{"variable without a name", []string{"run", "a.xml", "--set", "=x"}, "--set takes NAME=VALUE, but what was given has no name or no ="},
		{"variable without a value", []string{"check", "a.xml", "--set", "x"}, "--set takes NAME=VALUE"},
		{"zero duration", []string{"run", "a.xml", "--until-idle", "0s"}, "take a positive time"},
		{"no drain", []string{"run", "a.xml", "--drain-timeout", "0s"}, "take a positive time"},
		{"embedded without a port", []string{"run", "a.xml", "--embedded-kinesis", "localhost"}, `--embedded-kinesis is "localhost"; it takes host:port`},
		{"embedded nowhere", []string{"run", "a.xml", "--embedded-kinesis", ""}, `--embedded-kinesis is ""; it takes host:port`},
		{"address without a port", []string{"kinesis", "127.0.0.1"}, `ADDR is "127.0.0.1"; it takes host:port`},
		{"no shards", []string{"kinesis", "127.0.0.1:0", "--shards", "0"}, "--shards takes 1 or more"},
		{"a stream with no shards", []string{"kinesis", "127.0.0.1:0", "--stream", "s:0"}, "--stream takes NAME or NAME:SHARDS, with 1 shard or more"},
		{"a stream that is none", []string{"kinesis", "127.0.0.1:0", "--stream", "a b"}, `--stream`},
		{"negative count", []string{"tail", "s", "--count", "-1"}, "--count takes a number of user records, 0 for all"},
		{"no endpoint", []string{"tail", "s", "--endpoint", "localhost:4567"}, "--endpoint takes a URL, such as http://127.0.0.1:4567"},
		{"no stream", []string{"tail"}, "want one stream, got 0 arguments"},
		{"argument of demo", []string{"demo", "now"}, "want no argument, got 1 argument"},
		{"no wait", []string{"demo", "--once", "--wait", "0s"}, "--wait takes a positive time"},
		{"two components", []string{"components", "a", "b"}, "want at most one alias or Java class, got 2 arguments"},
		{"argument of version", []string{"version", "1"}, "want no argument, got 1 argument"},
		{"no document", []string{"run"}, "want one document, got 0 arguments"},
		{"two documents", []string{"check", "a.xml", "b.xml"}, "want one document, got 2 arguments"},
		{"bad level", []string{"run", "a.xml", "--log-level", "loud"}, `--log-level is "loud"; use trace, debug, info, warn or error`},
		{"bad format", []string{"run", "a.xml", "--log-format", "xml"}, `--log-format is "xml"; use console or json`},
		{"bad duration", []string{"run", "a.xml", "--until-idle", "-1s"}, "--until-idle and --drain-timeout take a positive time"},
		{"no address", []string{"kinesis"}, "want an address such as 127.0.0.1:4567, got 0 arguments"},
		{"bad stream", []string{"kinesis", "127.0.0.1:0", "--stream", "s:none"}, "--stream takes NAME or NAME:SHARDS"},
		{"bad start", []string{"tail", "s", "--from", "yesterday"}, `--from is "yesterday"; use trim_horizon or latest`},
		{"secret as an argument", []string{"password", "encode", "hunter2"}, "no argument: a secret on the command line would be seen by others"},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, _, errOut := command(t, c.args...)
			if code != exitUsage || !strings.Contains(errOut, c.want) {
				t.Errorf("exit %d, %q; want %d and %q", code, errOut, exitUsage, c.want)
			}
		})
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "completion" { // cobra's own
			return
		}
		if c.Example == "" || c.Short == "" {
			t.Errorf("%s: no example or no description", c.CommandPath())
		}
		for _, args := range [][]string{{"--help"}, {"help"}} {
			path := strings.Fields(c.CommandPath())[1:]
			if args[0] == "help" {
				args = append(args, path...)
			} else {
				args = append(path, args...)
			}
			code, out, errOut := command(t, args...)
			if code != exitDone || errOut != "" || !strings.Contains(out, "Examples:\n"+c.Example) || !strings.Contains(out, "Usage:") {
				t.Errorf("%v: exit %d\n%s%s", args, code, out, errOut)
			}
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if !strings.Contains(out, "--"+f.Name) || f.Usage == "" {
					t.Errorf("%v does not tell --%s", args, f.Name)
				}
			})
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(rootCommand())
	code, out, _ := command(t)
	if code != exitDone || !strings.Contains(out, "adapterd demo") {
		t.Errorf("without arguments: exit %d\n%s", code, out)
	}
	if code, out, _ := command(t, "password"); code != exitDone || !strings.Contains(out, "decode") {
		t.Errorf("password alone: exit %d\n%s", code, out)
	}
}

func TestVersionNamesProgramAndPlatform(t *testing.T) {
	code, out, _ := command(t, "version")
	if code != exitDone || !regexp.MustCompile(`^adapterd \S+ [a-z0-9]+/[a-z0-9]+ go1\.\d+\S*\n$`).MatchString(out) {
		t.Errorf("exit %d, %q", code, out)
	}
}
