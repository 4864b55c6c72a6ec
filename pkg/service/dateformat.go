package service

import (
	"fmt"
	"time"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// Formats that stand for a number instead of a pattern (Interlok: CustomDateFormat).
const (
	secondsSinceEpoch      = "SECONDS_SINCE_EPOCH"
	millisecondsSinceEpoch = "MILLISECONDS_SINCE_EPOCH"
)

// DateFormat writes times by a pattern of Java's SimpleDateFormat. Interlok: DateFormatBuilder. All three fields are expressions; what is
// the same for every message is checked when the document is.
type DateFormat struct {
	Format      *expr.Template `xml:"format" default:"yyyy-MM-dd'T'HH:mm:ss.SSSZ" example:"yyyy-MM-dd" doc:"pattern of SimpleDateFormat, SECONDS_SINCE_EPOCH or MILLISECONDS_SINCE_EPOCH"`
	LanguageTag *expr.Template `xml:"language-tag" example:"en" doc:"language of month and day names; English is supported"`
	Timezone    *expr.Template `xml:"timezone" example:"UTC" doc:"time zone, such as UTC, Europe/Berlin or GMT+02:00; without it that of the host"`

	pattern *datePattern
	zone    *time.Location
}

// dateFormatter is a registered date format.
type dateFormatter interface {
	format(m *message.Message, t time.Time) (string, error)
}

// Check compiles what is the same for every message.
func (f *DateFormat) Check(r *component.Report) {
	format, constant := constantText(f.Format)
	language, constantLanguage := constantText(f.LanguageTag)
	if constant && constantLanguage {
		p, err := parseDatePattern(format, language)
		if err != nil {
			r.Errorf("format", "bad-value", ": %v", err)
		}
		f.pattern = p
	}
	if zone, constant := constantText(f.Timezone); constant {
		l, err := javaZone(zone)
		if err != nil {
			r.Errorf("timezone", "bad-value", ": %v", err)
		}
		f.zone = l
	}
}

func (f *DateFormat) format(m *message.Message, t time.Time) (string, error) {
	pattern, zone, err := f.resolved(m)
	if err != nil {
		return "", err
	}
	return pattern.format(t.In(zone)), nil
}

func (f *DateFormat) parse(m *message.Message, text string) (time.Time, error) {
	pattern, zone, err := f.resolved(m)
	if err != nil {
		return time.Time{}, err
	}
	return pattern.parse(text, zone)
}

// resolved is the pattern and the time zone for m.
func (f *DateFormat) resolved(m *message.Message) (*datePattern, *time.Location, error) {
	pattern, zone := f.pattern, f.zone
	if pattern == nil {
		format, err := resolve(f.Format, m)
		if err != nil {
			return nil, nil, fmt.Errorf("<format>: %w", err)
		}
		language, err := resolve(f.LanguageTag, m)
		if err != nil {
			return nil, nil, fmt.Errorf("<language-tag>: %w", err)
		}
		if pattern, err = parseDatePattern(format, language); err != nil {
			return nil, nil, fmt.Errorf("<format>: %w", err)
		}
	}
	if zone == nil {
		id, err := resolve(f.Timezone, m)
		if err != nil {
			return nil, nil, fmt.Errorf("<timezone>: %w", err)
		}
		if zone, err = javaZone(id); err != nil {
			return nil, nil, fmt.Errorf("<timezone>: %w", err)
		}
	}
	return pattern, zone, nil
}

func init() {
	component.Register[DateFormat]("date-format-builder", "com.adaptris.core.services.metadata.DateFormatBuilder", component.KindPart,
		"writes times by a pattern")
}
