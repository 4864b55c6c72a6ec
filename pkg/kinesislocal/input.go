package kinesislocal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/aws/smithy-go/encoding/cbor"
)

// input is the decoded body of a request: members by name. Its getters note the
// first member of a wrong type in *err and go on with the zero value.
type input struct {
	members map[string]any
	err     **apiError
}

func newInput(members map[string]any) input {
	return input{members, new(*apiError)}
}

func (in input) failure() *apiError { return *in.err }

func (in input) wrongType(name, want string, got any) {
	if *in.err == nil {
		*in.err = serializationError("member %s can not be read: want %s, got %T", name, want, got)
	}
}

func (in input) has(name string) bool { return in.members[name] != nil }

func (in input) str(name string) string {
	switch v := in.members[name].(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		in.wrongType(name, "a string", v)
		return ""
	}
}

func (in input) number(name string) (float64, bool) {
	switch v := in.members[name].(type) {
	case nil:
		return 0, false
	case float64:
		return v, true
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f, true
		}
	case string: // the query protocol has strings only
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return f, true
		}
	}
	in.wrongType(name, "a number", in.members[name])
	return 0, false
}

func (in input) int(name string) (int64, bool) {
	f, ok := in.number(name)
	if ok && (f != math.Trunc(f) || math.Abs(f) > 1<<53) {
		in.wrongType(name, "an integer", in.members[name])
		return 0, false
	}
	return int64(f), ok
}

func (in input) bool(name string) bool {
	switch v := in.members[name].(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b
		}
	}
	in.wrongType(name, "a boolean", in.members[name])
	return false
}

func (in input) blob(name string) []byte {
	switch v := in.members[name].(type) {
	case nil:
		return nil
	case []byte:
		return v
	case string:
		if b, err := base64.StdEncoding.DecodeString(v); err == nil {
			return b
		}
	}
	in.wrongType(name, "a blob", in.members[name])
	return nil
}

func (in input) time(name string) (time.Time, bool) {
	switch v := in.members[name].(type) {
	case nil:
		return time.Time{}, false
	case time.Time:
		return v, true
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t, true
		}
	}
	f, ok := in.number(name)
	if ok && math.Abs(f) > 1<<43 {
		in.wrongType(name, "a timestamp in seconds", in.members[name])
		return time.Time{}, false
	}
	return time.UnixMilli(int64(math.Round(f * 1e3))), ok
}

func (in input) object(name string) (input, bool) {
	switch v := in.members[name].(type) {
	case nil:
	case map[string]any:
		return input{v, in.err}, true
	default:
		in.wrongType(name, "a structure", v)
	}
	return input{nil, in.err}, false
}

func (in input) list(name string) []any {
	switch v := in.members[name].(type) {
	case nil:
	case []any:
		return v
	case string:
		// The query protocol writes a list without members as an empty value.
		if v == "" {
			return nil
		}
		in.wrongType(name, "a list", v)
	default:
		in.wrongType(name, "a list", v)
	}
	return nil
}

// objects is a list of structures.
func (in input) objects(name string) []input {
	list := in.list(name)
	out := make([]input, 0, len(list))
	for _, v := range list {
		m, ok := v.(map[string]any)
		if !ok {
			in.wrongType(name, "a list of structures", v)
			return nil
		}
		out = append(out, input{m, in.err})
	}
	return out
}

func (in input) numbers(name string) []float64 {
	list := in.list(name)
	out := make([]float64, 0, len(list))
	for _, v := range list {
		one := input{map[string]any{name: v}, in.err}
		if f, ok := one.number(name); ok {
			out = append(out, f)
		}
	}
	return out
}

func (in input) strings(name string) []string {
	list := in.list(name)
	out := make([]string, 0, len(list))
	for _, v := range list {
		one := input{map[string]any{name: v}, in.err}
		out = append(out, one.str(name))
	}
	return out
}

func decodeJSON(body []byte) (input, *apiError) {
	if len(bytes.TrimSpace(body)) == 0 {
		return newInput(nil), nil
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return input{}, serializationError("the body is no JSON object: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return input{}, serializationError("the body has more than one JSON object")
	}
	return newInput(m), nil
}

// decodeCBOR reads a CBOR map. millis says that timestamps count milliseconds.
func decodeCBOR(body []byte, millis bool) (input, *apiError) {
	if len(body) == 0 {
		return newInput(nil), nil
	}
	v, err := cbor.Decode(body)
	if err != nil {
		return input{}, serializationError("the body is no CBOR: %v", err)
	}
	m, ok := fromCBOR(v, millis).(map[string]any)
	if !ok {
		return input{}, serializationError("the body is no CBOR map but %T", v)
	}
	return newInput(m), nil
}

// fromCBOR copies a CBOR value into the types that input knows. What has no
// such type stays as it is, for input to refuse.
func fromCBOR(v cbor.Value, millis bool) any {
	switch v := v.(type) {
	case cbor.Uint:
		return float64(v)
	case cbor.NegInt:
		return -float64(v)
	case cbor.Float32:
		return float64(v)
	case cbor.Float64:
		return float64(v)
	case cbor.Bool:
		return bool(v)
	case cbor.String:
		return string(v)
	case cbor.Slice:
		return append(make([]byte, 0, len(v)), v...)
	case cbor.List:
		out := make([]any, len(v))
		for i := range v {
			out[i] = fromCBOR(v[i], millis)
		}
		return out
	case cbor.Map:
		out := make(map[string]any, len(v))
		for name, member := range v {
			out[name] = fromCBOR(member, millis)
		}
		return out
	case *cbor.Tag:
		f, ok := fromCBOR(v.Value, millis).(float64)
		if v.ID != cborEpochTagID || !ok || math.Abs(f) > 1<<53 {
			return v
		}
		if !millis {
			f *= 1e3
		}
		return time.UnixMilli(int64(math.Round(f)))
	case *cbor.Nil, *cbor.Undefined:
		return nil
	}
	return v
}
