package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	cyclonedx "github.com/CycloneDX/cyclonedx-go"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/generate/bin"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/licensedetect"
	"github.com/CycloneDX/cyclonedx-gomod/pkg/licensedetect/local"
	"github.com/rs/zerolog"
)

// materials writes the bill of materials of a program, in the JSON of CycloneDX: the modules that are in it, with checksums and licences.
func (r *release) materials(p platform, binary string, modules []module) error {
	log := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	g, err := bin.NewGenerator(binary, bin.WithLogger(log), bin.WithIncludeStdlib(true), bin.WithVersionOverride(r.version.text))
	if err != nil {
		return err
	}
	bom, err := g.Generate()
	if err != nil {
		return err
	}
	if err := addLicences(*bom.Components, modules, local.NewDetector(log)); err != nil {
		return err
	}
	// What would be random or of the moment is derived from what is described.
	program, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	id := sha256.Sum256(append([]byte(r.name(p)+"\x00"), program...))
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80 // a UUID of version 8: made of what its maker chose
	bom.SerialNumber = fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
	bom.Metadata.Timestamp = r.at.Format(time.RFC3339)
	bom.Metadata.Tools = &cyclonedx.ToolsChoice{Components: &[]cyclonedx.Component{
		{Type: cyclonedx.ComponentTypeApplication, Author: "CycloneDX", Name: "cyclonedx-gomod", Version: moduleVersion("github.com/CycloneDX/cyclonedx-gomod")},
	}}
	return create(filepath.Join(r.out, r.name(p)+".cdx.json"), func(w io.Writer) error {
		return cyclonedx.NewBOMEncoder(w, cyclonedx.BOMFileFormatJSON).SetPretty(true).SetEscapeHTML(false).EncodeVersion(bom, cyclonedx.SpecVersion1_6)
	})
}

// addLicences adds what the texts of the modules' licences are recognised as. The generator's own way would ask the network for the
// module of the program itself.
func addLicences(components []cyclonedx.Component, modules []module, detector licensedetect.Detector) error {
	for i := range components {
		c := &components[i]
		at := slices.IndexFunc(modules, func(m module) bool { return m.path == c.Name })
		if at < 0 {
			return fmt.Errorf("there is no module %s in the program", c.Name)
		}
		found, err := detector.Detect(c.Name, c.Version, modules[at].directory)
		if err != nil {
			return fmt.Errorf("licence of %s: %w", c.Name, err)
		}
		choices := make(cyclonedx.Licenses, 0, len(found))
		for j := range found {
			choices = append(choices, cyclonedx.LicenseChoice{License: &found[j]})
		}
		if len(choices) > 0 {
			c.Evidence = &cyclonedx.Evidence{Licenses: &choices}
		}
	}
	return nil
}

// moduleVersion is the version of a module that this program is made of.
func moduleVersion(path string) string {
	own, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := buildinfo.ReadFile(own)
	if err != nil {
		return ""
	}
	for _, m := range info.Deps {
		if m.Path == path {
			return m.Version
		}
	}
	return ""
}
