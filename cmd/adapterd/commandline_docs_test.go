package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	shownFlag    = regexp.MustCompile(`--([a-z][a-z-]*[a-z])`)
	shownDefault = regexp.MustCompile("`--([a-z-]+) [A-Z:=]+` \\(([^)]+)\\)")
	shownCommand = regexp.MustCompile(`\badapterd ([a-z]+)`)
)

// flagsOf are the flags of a command and of those below it, by their names; one that several have is the last one's.
func flagsOf(c *cobra.Command) map[string]*pflag.Flag {
	all := make(map[string]*pflag.Flag)
	c.InitDefaultHelpFlag()
	c.Flags().VisitAll(func(f *pflag.Flag) { all[f.Name] = f })
	for _, sub := range c.Commands() {
		for name, f := range flagsOf(sub) {
			all[name] = f
		}
	}
	return all
}

// The page on the command line has every command and every flag, and no others.
func TestThePageOnTheCommandLineIsTheProgramsOwn(t *testing.T) {
	page := sections(t, "command-line.md", "##")
	root := rootCommand()
	root.InitDefaultCompletionCmd()
	commands := map[string]*cobra.Command{}
	for _, c := range available(root) {
		if c.Name() != "help" {
			commands[c.Name()] = c
		}
	}
	if len(commands) < 10 {
		t.Fatalf("only %d commands found: this shows little", len(commands))
	}
	for name, c := range commands {
		if !strings.Contains(page[""], "`"+name+" ") && !strings.Contains(page[""], "`"+name+"`") {
			t.Errorf("the table of commands does not have %s", name)
		}
		flags := flagsOf(c)
		text, there := page[name]
		if there != (len(flags) > 1 || c.HasAvailableSubCommands()) { // every command has --help
			t.Errorf("%s has a section: %v; it has %d flags", name, there, len(flags))
		}
		for _, sub := range available(c) {
			if !strings.Contains(text, sub.Name()) {
				t.Errorf("the section on %s does not have %s", name, sub.Name())
			}
		}
		for flag := range flags {
			if name == "service" && flagsOf(commands["run"])[flag] != nil {
				continue // its section leads to those of run
			}
			if flag != "help" && !slices.Contains(flagNames(text), flag) {
				t.Errorf("the section on %s does not have --%s", name, flag)
			}
		}
		for _, m := range shownDefault.FindAllStringSubmatch(text, -1) {
			if f := flags[m[1]]; f != nil && f.DefValue != m[2] && f.DefValue != m[2]+"0m0s" {
				t.Errorf("the default of --%s of %s is %s; the page has %s", m[1], name, f.DefValue, m[2])
			}
		}
	}
	for name, text := range page {
		switch {
		case name == "":
			continue
		case commands[name] == nil && name != "service": // which Windows alone has
			t.Errorf("there is a section on %s, which is no command", name)
		}
		for line := range strings.Lines(text) {
			about := append([]string{name}, shownCommands(line)...)
			if strings.Contains(line, "`run`") {
				about = append(about, "run")
			}
			known := make(map[string]*pflag.Flag)
			for _, c := range about {
				if commands[c] != nil {
					for flag, f := range flagsOf(commands[c]) {
						known[flag] = f
					}
				}
			}
			for _, flag := range flagNames(line) {
				if known[flag] == nil && commands[name] != nil {
					t.Errorf("the section on %s has --%s, which it does not take: %s", name, flag, line)
				}
			}
		}
	}
}

func flagNames(text string) (all []string) {
	for _, m := range shownFlag.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}

func shownCommands(line string) (all []string) {
	for _, m := range shownCommand.FindAllStringSubmatch(line, -1) {
		all = append(all, m[1])
	}
	return all
}
