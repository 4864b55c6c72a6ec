package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// newBare is the yardstick whose requests are written by hand: no SDK, but its signature.
func newBare(_ context.Context, s settings) (way, error) {
	y := &yardstick{settings: s, work: newWork(s), client: plainClient()}
	signer := v4.NewSigner()
	who := aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}
	y.put = func(ctx context.Context, entries []entry) error {
		body := appendRequest(make([]byte, 0, requestLength(entries)), entries)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+s.tls+"/", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
		r.Header.Set("Content-Type", "application/x-amz-json-1.1")
		sum := sha256.Sum256(body)
		if err := signer.SignHTTP(ctx, who, r, hex.EncodeToString(sum[:]), "kinesis", "us-east-1", time.Now()); err != nil {
			return err
		}
		answer, err := y.client.Do(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if err == nil && answer.StatusCode != http.StatusOK {
			err = fmt.Errorf("the sink answered %s", answer.Status)
		}
		return err
	}
	return y, nil
}

const entryFrame = `{"Data":"","ExplicitHashKey":"","PartitionKey":"a"},`

func requestLength(entries []entry) int {
	n := len(`{"Records":[],"StreamName":""}`) + len(stream)
	for i := range entries {
		n += len(entryFrame) + base64.StdEncoding.EncodedLen(len(entries[i].data)) + len(entries[i].hashKey)
	}
	return n
}

func appendRequest(b []byte, entries []entry) []byte {
	b = append(b, `{"Records":[`...)
	for i := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Data":"`...)
		b = base64.StdEncoding.AppendEncode(b, entries[i].data)
		b = append(b, `","ExplicitHashKey":"`...)
		b = append(b, entries[i].hashKey...)
		b = append(b, `","PartitionKey":"a"}`...)
	}
	b = append(b, `],"StreamName":"`...)
	b = append(b, stream...)
	return append(b, `"}`...)
}
