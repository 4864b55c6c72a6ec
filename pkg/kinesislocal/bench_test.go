package kinesislocal

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// putBody is a PutRecords request of n records of size bytes.
func putBody(stream string, n, size int) []byte {
	var b bytes.Buffer
	data := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{'x'}, size))
	fmt.Fprintf(&b, `{"StreamName":%q,"Records":[`, stream)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"Data":%q,"PartitionKey":"key-%d"}`, data, i)
	}
	b.WriteString("]}")
	return b.Bytes()
}

// BenchmarkServerTakesPutRecords says how many bytes of data one client can put
// per second.
func BenchmarkServerTakesPutRecords(b *testing.B) {
	for _, tt := range []struct {
		scheme string
		size   int
	}{{"http", 200}, {"http", 4 << 10}, {"http", 50 << 10}, {"https", 50 << 10}} {
		size := tt.size
		b.Run(fmt.Sprintf("scheme=%s/size=%d", tt.scheme, size), func(b *testing.B) {
			s := NewTest(b, Options{Streams: map[string]int{"s": 4}})
			count := min(500, (5<<20)/size)
			body := putBody("s", count, size)
			client, url := httpClient(b, s.CertPool()), s.URL()
			if tt.scheme == "https" {
				url = s.TLSURL()
			}
			b.SetBytes(int64(count * size))
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, url, bytes.NewReader(body))
				if err != nil {
					b.Fatal(err)
				}
				req.Header.Set("Content-Type", "application/x-amz-json-1.1")
				req.Header.Set("X-Amz-Target", "Kinesis_20131202.PutRecords")
				resp, err := client.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					b.Fatal(resp.Status)
				}
			}
		})
	}
}

// BenchmarkScannerReadsPutRecords says how fast a JSON body is read.
func BenchmarkScannerReadsPutRecords(b *testing.B) {
	body := putBody("s", 500, 4<<10)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := scanPutRecords(body); err != nil {
			b.Fatal(err.message)
		}
	}
}
