package kpl

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// encodeQuickly makes the SDK's client encode PutRecords by recordsProtocol.
func encodeQuickly(o *kinesis.Options) {
	if o.Protocol != nil && o.Protocol.ID().Name == "awsJson1_1" {
		o.Protocol = recordsProtocol{o.Protocol}
	}
}

// recordsProtocol gives a PutRecords request a requestBody. The SDK's own way, whose buffer grows as it goes, takes a third of the time of
// sending. All else is the SDK's.
type recordsProtocol struct{ smithyhttp.ClientProtocol }

func (p recordsProtocol) SerializeRequest(ctx context.Context, op *smithy.OperationSchema, in smithy.Serializable, req *smithyhttp.Request) error {
	put, ok := in.(*kinesis.PutRecordsInput)
	if !ok || put.StreamId != nil {
		return p.ClientProtocol.SerializeRequest(ctx, op, in, req)
	}
	req.Method = http.MethodPost
	if req.URL.Path == "" {
		req.URL.Path = "/"
	}
	req.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
	req.Header.Set("Content-Type", "application/x-amz-json-1.1")
	var body *requestBody
	if s := sendingOf(ctx); s != nil {
		s.over() // if it was made before
		body = newRequestBody(put, s.memory)
		s.body.Store(body)
	} else {
		body = newRequestBody(put, nil)
	}
	sent, err := req.SetStream(body.reader())
	if err != nil {
		return err
	}
	*req = *sent
	return nil
}

func appendMember(b []byte, name string, value *string) []byte {
	if value == nil {
		return b
	}
	b = append(b, `,"`...)
	b = append(b, name...)
	b = append(b, `":`...)
	return appendJSON(b, *value)
}

// appendJSON appends a JSON string. The value is valid UTF-8, as Put has checked.
func appendJSON(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
