package kinesislocal

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// Names that the services have in their protocols.
const (
	kinesisTarget    = "Kinesis_20131202"
	cloudWatchTarget = "GraniteServiceVersion20100801"

	cloudWatchVersion = "2010-08-01"
	stsVersion        = "2011-06-15"

	serviceKinesis    = "Kinesis"
	serviceCloudWatch = "CloudWatch"
	serviceSTS        = "STS"
)

// maxBodyBytes is beyond what 10 MiB of records take in base64 with their keys.
const maxBodyBytes = 24 << 20

var protocolNames = map[format]string{
	formatJSON:      "json",
	formatCBOR11:    "cbor",
	formatRPCv2CBOR: "rpc-v2-cbor",
	formatXML:       "query",
}

// bodies recycles what request bodies are read into. Nothing that outlives a
// request may refer to its body.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readBody reads the body, unpacked. CloudWatch clients pack large requests.
func readBody(r *http.Request, into *bytes.Buffer) *apiError {
	if r.ContentLength > maxBodyBytes {
		return tooLarge()
	}
	var from io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	// The AWS SDKs of old sent amz-1.0 to say that there is no encoding.
	case "", "identity", "amz-1.0":
		into.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	case "gzip":
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return serializationError("the body is no gzip: %v", err)
		}
		from = unpacked
	default:
		return serializationError("content encoding %q is not understood", encoding)
	}
	n, err := into.ReadFrom(io.LimitReader(from, maxBodyBytes+1))
	switch {
	case n > maxBodyBytes:
		return tooLarge()
	case err != nil:
		return serializationError("the body can not be read: %v", err)
	}
	return nil
}

func tooLarge() *apiError {
	return &apiError{status: http.StatusRequestEntityTooLarge, code: "RequestEntityTooLargeException",
		message: fmt.Sprintf("The request body has more than %d bytes.", maxBodyBytes)}
}

// identify finds service, operation and protocol of a request, and the members
// of its body if the protocol is the query protocol.
func (c *call) identify(r *http.Request) *apiError {
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if rest, ok := strings.CutPrefix(r.URL.Path, "/service/"); ok && r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
		c.format = formatRPCv2CBOR
		target, operation, ok := strings.Cut(rest, "/operation/")
		if !ok {
			return unknownOperation(rest)
		}
		return c.target(target, operation)
	}
	if header := r.Header.Get("X-Amz-Target"); header != "" {
		if contentType == "application/x-amz-cbor-1.1" {
			c.format = formatCBOR11
		}
		target, operation, _ := strings.Cut(header, ".")
		return c.target(target, operation)
	}
	if contentType == "application/x-www-form-urlencoded" || r.URL.Query().Has("Action") {
		c.format = formatXML
		form, err := url.ParseQuery(string(c.body))
		if err != nil {
			return refuse("MalformedQueryString", "The query string is malformed: %v", err)
		}
		for name, values := range r.URL.Query() {
			form[name] = append(form[name], values...)
		}
		c.operation = form.Get("Action")
		switch form.Get("Version") {
		case cloudWatchVersion:
			c.service = serviceCloudWatch
		case stsVersion:
			c.service = serviceSTS
		default:
			return refuse("InvalidAction", "Could not find operation %s for version %s", c.operation, form.Get("Version"))
		}
		c.in, err = parseQuery(form)
		if err != nil {
			return refuse("MalformedQueryString", "%v", err)
		}
		return nil
	}
	return unknownOperation("")
}

func (c *call) target(target, operation string) *apiError {
	switch target {
	case kinesisTarget:
		c.service = serviceKinesis
	case cloudWatchTarget:
		c.service = serviceCloudWatch
	default:
		return unknownOperation(operation)
	}
	c.operation = operation
	return nil
}

func unknownOperation(name string) *apiError {
	if name == "" {
		return refuse("UnknownOperationException", "The request names no operation.")
	}
	return refuse("UnknownOperationException", "Operation %s is not known here.", name)
}

// decode fills c.in, unless the protocol has done so or the operation reads the
// body itself.
func (c *call) decode() (err *apiError) {
	switch {
	case c.format == formatXML:
	case c.format == formatJSON && c.service == serviceKinesis && c.operation == "PutRecords":
		c.put, err = scanPutRecords(c.body)
	case c.format == formatJSON:
		c.in, err = decodeJSON(c.body)
	default:
		c.in, err = decodeCBOR(c.body, c.format == formatCBOR11)
	}
	return err
}

var errTooManyMembers = errors.New("the query nests or counts too far")

// parseQuery turns A.member.1.B=x into the nested members of the query protocol.
// Lists are the maps whose only member is "member", numbered from 1.
func parseQuery(form url.Values) (input, error) {
	root := map[string]any{}
	for name, values := range form {
		parts := strings.Split(name, ".")
		if len(parts) > 16 {
			return input{}, errTooManyMembers
		}
		at := root
		for _, part := range parts[:len(parts)-1] {
			next, ok := at[part].(map[string]any)
			if !ok {
				if at[part] != nil {
					return input{}, fmt.Errorf("%s is both a value and a structure", part)
				}
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
		last := parts[len(parts)-1]
		if _, taken := at[last]; taken {
			return input{}, fmt.Errorf("%s is both a value and a structure", last)
		}
		at[last] = values[0]
	}
	members, _ := fold(root).(map[string]any)
	return newInput(members), nil
}

// fold replaces the maps that stand for lists.
func fold(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	if numbered, ok := m["member"].(map[string]any); ok && len(m) == 1 {
		list := make([]any, 0, len(numbered))
		for i := 1; len(list) < len(numbered); i++ {
			item, ok := numbered[fmt.Sprint(i)]
			if !ok {
				break
			}
			list = append(list, fold(item))
		}
		return list
	}
	for name := range m {
		m[name] = fold(m[name])
	}
	return m
}
