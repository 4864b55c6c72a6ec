package main

import (
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adapterd/adapterd/pkg/checks"
	"github.com/adapterd/adapterd/pkg/document"
)

// SARIF 2.1.0, as far as a check needs it: the format in which code hosts and editors take the findings of tools.
const (
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	sarifVersion = "2.1.0"
	projectURL   = "https://github.com/adapterd/adapterd"
)

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
	// ColumnKind is how columns are counted. Ours are bytes, which SARIF has no name for; for ASCII text all are the same.
	ColumnKind string `json:"columnKind"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID                   string             `json:"id"`
	ShortDescription     sarifText          `json:"shortDescription"`
	Help                 sarifText          `json:"help"`
	HelpURI              string             `json:"helpUri"`
	DefaultConfiguration sarifConfiguration `json:"defaultConfiguration"`
}

type sarifConfiguration struct {
	Level string `json:"level"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

// sarifOf has a rule for each code that occurs, and a result for each problem.
func sarifOf(problems document.Problems) sarifLog {
	driver := sarifDriver{Name: "adapterd", Version: versionText(), InformationURI: projectURL, Rules: []sarifRule{}}
	results := []sarifResult{}
	for _, p := range problems {
		i := slices.IndexFunc(driver.Rules, func(r sarifRule) bool { return r.ID == p.Code })
		if i < 0 {
			i = len(driver.Rules)
			driver.Rules = append(driver.Rules, ruleOf(p))
		}
		r := sarifResult{RuleID: p.Code, RuleIndex: i, Level: string(p.Severity), Message: sarifText{p.Message}}
		if p.Pos.File != "" {
			at := sarifPhysical{Artifact: sarifArtifact{fileURI(p.Pos.File)}}
			if p.Pos.Line > 0 {
				at.Region = &sarifRegion{p.Pos.Line, p.Pos.Column}
			}
			r.Locations = []sarifLocation{{at}}
		}
		results = append(results, r)
	}
	return sarifLog{sarifSchema, sarifVersion, []sarifRun{{sarifTool{driver}, results, "unicodeCodePoints"}}}
}

// ruleOf describes the code of a problem. One that is not in the registry, which a test rules out, describes itself.
func ruleOf(p document.Problem) sarifRule {
	c, ok := checks.Lookup(p.Code)
	if !ok {
		c = checks.Code{Name: p.Code, Severity: p.Severity, Meaning: p.Code, Remedy: "See the message."}
	}
	return sarifRule{ID: c.Name, ShortDescription: sarifText{c.Meaning}, Help: sarifText{c.Remedy}, HelpURI: c.URL(),
		DefaultConfiguration: sarifConfiguration{string(c.Severity)}}
}

// fileURI is a path as a URI reference: relative ones stay relative, so that a reader finds them from where check was run.
func fileURI(path string) string {
	if strings.Contains(path, "://") {
		return path
	}
	slashed := filepath.ToSlash(path)
	if filepath.IsAbs(path) {
		return (&url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(slashed, "/")}).String()
	}
	return (&url.URL{Path: slashed}).String()
}
