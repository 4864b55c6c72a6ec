package web

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/message"
)

// Status says with which status to answer (Interlok: HttpStatusProvider). It is safe for concurrent use.
type Status interface {
	Status(m *message.Message) (int, error)
}

// ParseStatus reads a status as Interlok writes it: its name and number, such as ACCEPTED_202, or the number alone.
func ParseStatus(text string) (int, error) {
	digits := text[strings.LastIndexByte(text, '_')+1:]
	code, err := strconv.Atoi(digits)
	if err != nil || len(digits) != 3 {
		return 0, fmt.Errorf("%q is no status; write one as Interlok does, such as ACCEPTED_202", text)
	}
	return code, CheckStatus(code)
}

// CheckStatus refuses a number that can not be the last status of an answer.
func CheckStatus(code int) error {
	if code < 200 || code > 599 {
		return fmt.Errorf("the status is %d; an answer needs one from 200 to 599", code)
	}
	return nil
}

// ConfiguredStatus is Interlok's ConfiguredStatusProvider.
type ConfiguredStatus struct {
	Name string `xml:"status,required" default:"INTERNAL_ERROR_500" example:"OK_200" doc:"the HTTP status, as Interlok writes it: OK_200, ACCEPTED_202, …"`
	Text string `xml:"text" effect:"none" doc:"accepted for compatibility: the text beside the number is the usual one"`

	code int
}

// Check implements component.Checker.
func (c *ConfiguredStatus) Check(r *component.Report) { c.code = statusOf(r, "status", c.Name) }

// Status implements Status.
func (c *ConfiguredStatus) Status(*message.Message) (int, error) { return c.code, nil }

// RawStatus is Interlok's RawStatusProvider.
type RawStatus struct {
	Code int    `xml:"code" default:"500" min:"200" max:"599" doc:"the HTTP status"`
	Text string `xml:"text" effect:"none" doc:"accepted for compatibility: the text beside the number is the usual one"`
}

// Status implements Status.
func (c *RawStatus) Status(*message.Message) (int, error) { return c.Code, nil }

// MetadataStatus is Interlok's MetadataStatusProvider.
type MetadataStatus struct {
	CodeKey string `xml:"code-key,required" example:"httpStatus" doc:"metadata that holds the HTTP status, as a number"`
	TextKey string `xml:"text-key" effect:"none" doc:"accepted for compatibility: the text beside the number is the usual one"`
	Default string `xml:"default-status,required" default:"INTERNAL_ERROR_500" doc:"the status when there is no number in the metadata, as Interlok writes it"`

	fallback int
}

// Check implements component.Checker.
func (c *MetadataStatus) Check(r *component.Report) {
	c.fallback = statusOf(r, "default-status", c.Default)
}

// Status implements Status.
func (c *MetadataStatus) Status(m *message.Message) (int, error) {
	text, _ := m.Metadata(c.CodeKey)
	code, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return c.fallback, nil
	}
	if err := CheckStatus(int(code)); err != nil {
		return 0, fmt.Errorf("metadata %s: %w", c.CodeKey, err)
	}
	return int(code), nil
}

func statusOf(r *component.Report, element, text string) int {
	if text == "" {
		return 0 // reported by the decoder
	}
	code, err := ParseStatus(text)
	if err != nil {
		r.Errorf(element, "bad-value", ": %v", err)
	}
	return code
}

func init() {
	const kind, pkg = component.KindPart, "com.adaptris.core.http.server."
	component.Register[ConfiguredStatus]("http-configured-status", pkg+"ConfiguredStatusProvider", kind, "one status for all answers")
	component.Register[RawStatus]("http-raw-status", pkg+"RawStatusProvider", kind, "one status for all answers, as a number")
	component.Register[MetadataStatus]("http-metadata-status", pkg+"MetadataStatusProvider", kind, "takes the status of an answer from metadata")
}
