package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/adapterd/adapterd/pkg/checks"
)

func TestCheckAsSARIF(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "a document.xml", `<channel>
<workflow><producer class="aws-kinesis-stream-producer"><stream>s</stream><partition-key>%message{key 1}</partition-key><nonsense/></producer></workflow>
</channel>`)
	for path, c := range map[string]struct {
		code  int
		rules []string
	}{
		"a document.xml": {exitFailed, []string{"constant-partition-key", "literal-expression", "unknown-element"}},
		"none.xml":       {exitFailed, []string{"unreadable"}},
	} {
		code, out, errOut := command(t, "check", path, "--format", "sarif")
		if code != c.code || errOut != "" {
			t.Errorf("%s: exit %d\n%s", path, code, errOut)
		}
		// What the schema of SARIF 2.1.0 asks of the properties that are used.
		var log struct {
			Schema  string `json:"$schema"`
			Version string
			Runs    []struct {
				Tool struct {
					Driver struct {
						Name, InformationURI string
						Rules                []struct {
							ID, HelpURI            string
							ShortDescription, Help struct{ Text string }
							DefaultConfiguration   struct{ Level string }
						}
					}
				}
				ColumnKind string
				Results    []struct {
					RuleID, Level string
					RuleIndex     *int
					Message       struct{ Text string }
					Locations     []struct {
						PhysicalLocation struct {
							ArtifactLocation struct{ URI string }
							Region           *struct{ StartLine, StartColumn int }
						}
					}
				}
			}
		}
		d := json.NewDecoder(strings.NewReader(out))
		if err := d.Decode(&log); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if log.Version != "2.1.0" || !strings.HasPrefix(log.Schema, "https://") || len(log.Runs) != 1 {
			t.Fatalf("no log of SARIF 2.1.0:\n%s", out)
		}
		run := log.Runs[0]
		levels := []string{"none", "note", "warning", "error"}
		if run.Tool.Driver.Name != "adapterd" || !slices.Contains([]string{"utf16CodeUnits", "unicodeCodePoints"}, run.ColumnKind) {
			t.Errorf("tool %+v, columns %s", run.Tool, run.ColumnKind)
		}
		var rules []string
		for _, r := range run.Tool.Driver.Rules {
			rules = append(rules, r.ID)
			if u, err := url.Parse(r.HelpURI); err != nil || u.Fragment != r.ID || r.ShortDescription.Text == "" || r.Help.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
				t.Errorf("rule %+v", r)
			}
		}
		slices.Sort(rules)
		if !slices.Equal(rules, c.rules) {
			t.Errorf("%s: rules %v, want %v", path, rules, c.rules)
		}
		for _, r := range run.Results {
			if r.RuleIndex == nil || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || !slices.Contains(levels, r.Level) {
				t.Errorf("result %+v", r)
			}
			for _, l := range r.Locations {
				at := l.PhysicalLocation
				if u, err := url.Parse(at.ArtifactLocation.URI); err != nil || u.Path != path || at.Region != nil && (at.Region.StartLine < 1 || at.Region.StartColumn < 1) {
					t.Errorf("location %+v", at)
				}
			}
		}
	}
}

func TestFilesInSARIFAreURIs(t *testing.T) {
	for path, want := range map[string]string{
		"a b.xml": "a%20b.xml", "config/a.xml": "config/a.xml", "/etc/ä.xml": "file:///etc/%C3%A4.xml", "https://host/a.xml": "https://host/a.xml",
	} {
		if got := fileURI(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestFormatsOfCheck(t *testing.T) {
	path := "../../configs/example5.xml"
	_, byName, _ := command(t, "check", path, "--format", "json")
	_, byAlias, _ := command(t, "check", path, "--json")
	if byName != byAlias || !json.Valid([]byte(byName)) {
		t.Errorf("--json is not --format json:\n%s\n%s", byAlias, byName)
	}
	for _, args := range [][]string{{"--format", "sraif"}, {"--json", "--format", "sarif"}, {"--timeout", "-1s"}} {
		if code, _, errOut := command(t, append([]string{"check", path}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d\n%s", args, code, errOut)
		}
	}
}

// Every code that any document of these tests has must be one that the reference explains.
func TestSARIFRulesComeFromTheRegistry(t *testing.T) {
	for _, c := range checks.Codes() {
		if found, ok := checks.Lookup(c.Name); !ok || found != c {
			t.Errorf("%s is not found", c.Name)
		}
	}
}
