package kpl

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// vectorDifferences are the cases of testdata/config.json, recorded from the KPL 1.0.7, in which we mean to differ, with what we do.
// A value beginning with "error: " is part of the error; "key=value" is what is changed.
var vectorDifferences = map[string]string{
	// A boolean is true or false; what is neither is told, not taken for false.
	"AggregationEnabled=true \n": "",
	"AggregationEnabled=yes\n":   `error: "yes" is neither true nor false`,
	"AggregationEnabled=1\n":     `error: "1" is neither true nor false`,
	"AggregationEnabled=\n":      `error: "" is neither true nor false`,
	// Trailing blanks are no part of a number.
	"CollectionMaxCount=500 \n": "",
	// A drop-in must run configurations that ask for more than a request can hold.
	"CollectionMaxCount=1000\n": "",
	"CollectionMaxCount=501\n":  "",
	// An endpoint may be a URL.
	"KinesisEndpoint=http://localhost:4566\n": "KinesisEndpoint=http://localhost:4566",
	// Valid UTF-8 is read as such.
	"MetricsNamespace=hé\n": "MetricsNamespace=hé",
	// Keys about the native daemon are checked, but hold no value here.
	"ThreadingModel=POOLED\n":                       "",
	"ThreadPoolSize=128\n":                          "",
	"StsEndpoint=x\nStsPort=1\nMinConnections=16\n": "",
	"MinConnections=16\n":                           "",
	"StsPort=1\n":                                   "",
	"StsPort=65535\n":                               "",
}

type vectorCase struct {
	Properties string            `json:"properties"`
	Accepted   bool              `json:"accepted"`
	Changed    map[string]string `json:"changed"`
	Error      string            `json:"error"`
	Cause      string            `json:"cause"`
}

func readConfigVectors(t testing.TB) (defaults map[string]string, cases []vectorCase) {
	t.Helper()
	raw, err := os.ReadFile("testdata/config.json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Defaults map[string]string `json:"defaults"`
		Cases    []vectorCase      `json:"cases"`
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	return all.Defaults, all.Cases
}

// changes lists what differs from the defaults, by key, in the words of the vectors: durations beyond the longest are as given.
func changes(c Config, properties string) map[string]string {
	changed := map[string]string{}
	plain := DefaultConfig()
	for i := range configKeys {
		k := &configKeys[i]
		if k.get == nil {
			continue
		}
		got := k.shown(k.get(&c))
		if got == k.shown(k.get(&plain)) {
			continue
		}
		if got == "9223372036854" && strings.Contains(properties, "9223372036854775807") {
			got = "9223372036854775807" // saturated
		}
		changed[k.name] = got
	}
	return changed
}

func TestConfigKeysHaveTheDefaultsOfTheKPL(t *testing.T) {
	defaults, _ := readConfigVectors(t)
	for i := range configKeys {
		k := &configKeys[i]
		want, known := defaults[k.name]
		switch {
		case !known && !k.ours && k.kind != kindOther && k.name != "CredentialsRefreshDelay" && k.name != "GlueSchemaRegistryPropertiesFilePath":
			t.Errorf("%s is no key of the KPL", k.name)
		case known && k.shown(k.fallback) != want:
			t.Errorf("%s: default %q, want %q", k.name, k.shown(k.fallback), want)
		}
		delete(defaults, k.name)
	}
	if len(defaults) > 0 {
		t.Errorf("keys of the KPL that we do not know: %v", defaults)
	}
	if err := DefaultConfig().Validate(); err != nil {
		t.Errorf("the defaults are not valid: %v", err)
	}
}

func TestParsePropertiesAsTheKPLDoes(t *testing.T) {
	_, cases := readConfigVectors(t)
	if len(cases) != 133 {
		t.Fatalf("%d cases, want 133", len(cases))
	}
	used := map[string]bool{}
	for _, c := range cases {
		t.Run(c.Properties, func(t *testing.T) {
			difference, differs := vectorDifferences[c.Properties]
			used[c.Properties] = true
			wantError, wantChanged := "", c.Changed
			switch {
			case !differs && !c.Accepted:
				wantError = c.Cause
				if strings.HasPrefix(c.Cause, "For input string") { // Java's words for what is no number
					wantError = "whole number|no value|too large"
				} else if strings.HasPrefix(c.Cause, "No enum constant") {
					wantError = "threadingModel must match the pattern PER_REQUEST|POOLED, got pooled"
				} else if strings.HasPrefix(c.Cause, "Malformed") {
					wantError = `malformed \u escape`
				}
			case strings.HasPrefix(difference, "error: "):
				wantError = strings.TrimPrefix(difference, "error: ")
			case differs:
				wantChanged = map[string]string{}
				if key, v, found := strings.Cut(difference, "="); found {
					wantChanged[key] = v
				}
			}
			got, warnings, err := ParseProperties("kpl.properties", strings.NewReader(c.Properties))
			if wantError != "" {
				if err == nil {
					t.Fatalf("accepted, want an error with %q", wantError)
				}
				if !containsAny(err.Error(), wantError) {
					t.Errorf("error %q, want %q in it", err, wantError)
				}
				if !strings.HasPrefix(err.Error(), "kpl.properties:1:") {
					t.Errorf("error %q does not begin with the position", err)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v (warnings %v)", err, warnings)
			}
			changed := changes(got, c.Properties)
			if len(changed) != len(wantChanged) {
				t.Errorf("changed %v, want %v", changed, wantChanged)
			}
			for key, v := range wantChanged {
				if changed[key] != v {
					t.Errorf("%s = %q, want %q", key, changed[key], v)
				}
			}
			if err := got.Validate(); err != nil {
				t.Errorf("read, but not valid: %v", err)
			}
		})
	}
	for text := range vectorDifferences {
		if !used[text] {
			t.Errorf("no such case: %q", text)
		}
	}
}

// containsAny splits alternatives that are not a KPL pattern.
func containsAny(text, wanted string) bool {
	if strings.Contains(text, wanted) {
		return true
	}
	if strings.Contains(wanted, "must match") {
		return false
	}
	for one := range strings.SplitSeq(wanted, "|") {
		if strings.Contains(text, one) {
			return true
		}
	}
	return false
}
