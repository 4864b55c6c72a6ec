package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/adapterd/adapterd/pkg/component"
	"github.com/adapterd/adapterd/pkg/expr"
	"github.com/adapterd/adapterd/pkg/message"
)

// YAMLToJSON makes JSON of a YAML document. Interlok: YamlToJsonService. Keys keep their order and decimal numbers their digits; numbers
// that JSON cannot write so (0x1F, 1_000) become decimal, and dates, infinities and NaN are texts. Of several documents the first one
// counts. Aliases and << stand for what they name.
type YAMLToJSON struct {
	component.ServiceBase
	Source DataInput  `xml:"source" default:"string-payload-data-input-parameter" doc:"where the YAML is"`
	Target DataOutput `xml:"target" default:"string-payload-data-output-parameter" doc:"where the JSON goes"`
}

// Apply converts.
func (s *YAMLToJSON) Apply(_ context.Context, m *message.Message) error {
	text, err := s.Source.Read(m)
	if err != nil {
		return fmt.Errorf("yaml-to-json: <source>: %w", err)
	}
	value, err := yamlValue(text)
	if err != nil {
		return fmt.Errorf("yaml-to-json: what <source> gave cannot be converted: %w", err)
	}
	if err := s.Target.Write(m, expr.JSONText(value)); err != nil {
		return fmt.Errorf("yaml-to-json: <target>: %w", err)
	}
	return nil
}

// maxYAMLValues bounds what the aliases of a small text may stand for; so does maxCopiedBytes, for texts, numbers and keys.
const maxYAMLValues = 1 << 20

// maxYAMLDepth bounds how deep values may be nested, as in JSON.
const maxYAMLDepth = 1000

type yamlReader struct {
	values, depth int
	// aliases is how many aliases lead to the value that is read, and bytes what they have stood for.
	aliases, bytes int
}

// yamlValue is the first document of a YAML text as a JSON value.
func yamlValue(text string) (any, error) {
	var root yaml.Node
	if err := yaml.NewDecoder(strings.NewReader(text)).Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it is empty; there must be a YAML document")
		}
		return nil, fmt.Errorf("it is not YAML: %w", err)
	}
	return (&yamlReader{}).value(&root)
}

func (r *yamlReader) value(n *yaml.Node) (any, error) {
	r.values++
	r.depth++
	defer func() { r.depth-- }()
	if r.values > maxYAMLValues || r.depth > maxYAMLDepth {
		return nil, fmt.Errorf("line %d: it has more than %d values or more than %d levels, or an alias inside of what it names", n.Line, maxYAMLValues, maxYAMLDepth)
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0])
	case yaml.AliasNode:
		r.aliases++
		defer func() { r.aliases-- }()
		return r.value(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := r.value(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n)
	}
	if err := r.count(n, r.aliases > 0); err != nil {
		return nil, err
	}
	return scalarOfYAML(n)
}

// count adds a text to what aliases stand for, if it stands for one.
func (r *yamlReader) count(n *yaml.Node, aliased bool) error {
	if !aliased {
		return nil
	}
	if r.bytes += len(n.Value); r.bytes > maxCopiedBytes {
		return fmt.Errorf("line %d: its aliases stand for more than %d bytes; write it with fewer of them, or split it", n.Line, maxCopiedBytes)
	}
	return nil
}

func (r *yamlReader) mapping(n *yaml.Node) (any, error) {
	o := &expr.Object{}
	var merged []any
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		v, err := r.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		aliased := r.aliases > 0
		for key.Kind == yaml.AliasNode {
			key, aliased = key.Alias, true
		}
		if err := r.count(key, aliased); err != nil {
			return nil, err
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			return nil, fmt.Errorf("line %d: a key is a list or a mapping; JSON has only texts for keys", key.Line)
		case key.ShortTag() == "!!merge":
			merged = append(merged, v)
		default:
			o.Set(key.Value, v)
		}
	}
	for _, v := range merged {
		if err := mergeYAML(o, v); err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
	}
	return o, nil
}

// mergeYAML adds the members of v, a mapping or a list of them, that o does not have.
func mergeYAML(o *expr.Object, v any) error {
	switch v := v.(type) {
	case *expr.Object:
		for _, member := range v.Members() {
			if _, there := o.Get(member.Key); !there {
				o.Set(member.Key, member.Value)
			}
		}
		return nil
	case []any:
		for _, element := range v {
			if _, ok := element.(*expr.Object); !ok {
				return fmt.Errorf("<< has %s in its list; it takes mappings only", kindOfJSON(element))
			}
			if err := mergeYAML(o, element); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("<< has %s; it takes a mapping, or a list of them", kindOfJSON(v))
}

func scalarOfYAML(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int":
		if jsonNumber.MatchString(n.Value) {
			return json.Number(n.Value), nil
		}
		var signed int64
		if err := n.Decode(&signed); err == nil {
			return json.Number(strconv.FormatInt(signed, 10)), nil
		}
		var unsigned uint64
		if err := n.Decode(&unsigned); err == nil {
			return json.Number(strconv.FormatUint(unsigned, 10)), nil
		}
	case "!!float":
		if jsonNumber.MatchString(n.Value) {
			return json.Number(n.Value), nil
		}
		var f float64
		if err := n.Decode(&f); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
		}
	}
	return n.Value, nil
}

func init() {
	component.Register[YAMLToJSON]("yaml-to-json", "com.adaptris.core.transform.json.YamlToJsonService", component.KindService, "makes JSON of a YAML document")
}
