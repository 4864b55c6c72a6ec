package service

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// MetadataToJSON makes the payload a JSON object of metadata, in UTF-8. Interlok: MetadataToJsonService. Keys are in order.
//
// With convert-numeric a value that JSON knows as a number is written with the digits it has (Interlok makes a double of it: 2 becomes
// 2.0); one that only Java knows as a number, such as +5, .5 or 1f, becomes the number that it means.
type MetadataToJSON struct {
	component.ServiceBase
	ConvertNumeric     bool           `xml:"convert-numeric" default:"false" doc:"true writes values that are numbers as numbers; false writes texts only"`
	AddTrailingNewline bool           `xml:"add-trailing-newline" default:"false" doc:"true ends the payload with a line feed"`
	MetadataFilter     MetadataFilter `xml:"metadata-filter" default:"no-op-metadata-filter" doc:"which metadata is written"`
}

// Apply replaces the payload.
func (s *MetadataToJSON) Apply(_ context.Context, m *message.Message) error {
	items, err := filterMetadata(s.MetadataFilter, m)
	if err != nil {
		return fmt.Errorf("metadata-to-json-service: <metadata-filter>: %w", err)
	}
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(a, b MetadataItem) int { return strings.Compare(a.Key, b.Key) })
	object := &expr.Object{}
	for _, item := range items {
		object.Set(item.Key, s.value(item.Value))
	}
	payload := expr.AppendJSON(nil, object)
	if s.AddTrailingNewline {
		payload = append(payload, '\n')
	}
	m.SetEncoding("UTF-8")
	m.SetPayload(payload)
	return nil
}

func (s *MetadataToJSON) value(text string) any {
	if !s.ConvertNumeric {
		return text
	}
	if jsonNumber.MatchString(text) {
		return json.Number(text)
	}
	if !javaNumber.MatchString(text) {
		return text
	}
	f, err := strconv.ParseFloat(strings.TrimRight(text, "dDfF"), 64)
	if err != nil || math.IsInf(f, 0) {
		return text
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

var (
	jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	// javaNumber is what NumberUtils.isCreatable of commons-lang and Double.valueOf both take: an integer with a leading zero is octal for
	// the first, so that 09 is none.
	javaNumber = regexp.MustCompile(`^[+-]?(0[0-7]*|[1-9][0-9]*|[0-9]*\.[0-9]+|[0-9]+\.|[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+|\.[0-9]+[eE][+-]?[0-9]+)[dDfF]?$`)
)

func init() {
	component.Register[MetadataToJSON]("metadata-to-json-service", "com.adaptris.core.transform.json.MetadataToJsonService", component.KindService,
		"makes the payload a JSON object of metadata")
}
