package kpl

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// storedButLost stores the first n requests and then says that the connection broke.
func storedButLost(f *fakeKinesis, n int, err error) *lossy {
	return &lossy{fakeKinesis: f, left: n, err: err}
}

type lossy struct {
	*fakeKinesis
	left int
	err  error
}

func (l *lossy) PutRecords(ctx context.Context, in *kinesis.PutRecordsInput, o ...func(*kinesis.Options)) (*kinesis.PutRecordsOutput, error) {
	out, err := l.fakeKinesis.PutRecords(ctx, in, o...)
	lose := false
	l.order(func() {
		if lose = l.left > 0; lose {
			l.left--
		}
	})
	if lose && err == nil {
		return nil, l.err
	}
	return out, err
}

var errBroken = errors.New("read: connection reset by peer")

func TestEachCopyBeyondTheFirstHasALedgerEntry(t *testing.T) {
	t.Parallel()
	for lost := range 4 {
		t.Run(fmt.Sprintf("%d answers lost", lost), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				cfg := testConfig(f)
				cfg.API = storedButLost(f, lost, errBroken)
				var told []Duplicate
				cfg.OnDuplicate = func(d Duplicate) { told = append(told, d) }
				p := start(t, cfg)
				defer p.close()
				r, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", ExplicitHashKey: "007", Data: []byte("x")})
				if err != nil {
					t.Fatal(err)
				}
				if copies := len(f.userRecords(t)); copies != lost+1 || len(r.Attempts) != lost+1 {
					t.Fatalf("%d copies after %d attempts, want %d of both", copies, len(r.Attempts), lost+1)
				}
				recent, total := p.Duplicates()
				if len(recent) != lost || total != int64(lost) || len(told) != lost {
					t.Fatalf("%d entries listed, %d counted, %d told, want %d", len(recent), total, len(told), lost)
				}
				for _, d := range recent {
					if d.Stream != "s" || d.PartitionKey != "k" || d.ExplicitHashKey != "7" || d.HashKey.String() != "7" || d.Cause != codeRequest || d.ShardID != f.shards[0].id || d.Time.IsZero() {
						t.Errorf("entry %+v", d)
					}
				}
			})
		})
	}
}

func TestWhatWasRefusedIsNoDuplicate(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"throttled request":  apiError(codeThrottled, "slow down"),
		"refused connection": &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		"no credentials":     errors.New("get identity: get credentials: none"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake(1)
				f.before = func(n int, _ *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					if n == 0 {
						return nil, err
					}
					return nil, nil
				}
				p := start(t, testConfig(f))
				defer p.close()
				if _, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}); err != nil {
					t.Fatal(err)
				}
				if _, total := p.Duplicates(); total != 0 {
					t.Errorf("%d entries, want none", total)
				}
			})
		})
	}
}

func TestARecordRefusedByItselfIsNoDuplicate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		refused := false
		f.refuse = func(types.PutRecordsRequestEntry, string) string {
			if !refused {
				refused = true
				return "InternalFailure"
			}
			return ""
		}
		p := start(t, testConfig(f))
		defer p.close()
		if _, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		if _, total := p.Duplicates(); total != 0 {
			t.Errorf("%d entries, want none", total)
		}
	})
}

func TestAFailureSaysThatItMayBeStored(t *testing.T) {
	t.Parallel()
	for _, lost := range []int{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			f := newFake(1)
			cfg := testConfig(f)
			cfg.RecordTTL = 300 * time.Millisecond
			cfg.API = storedButLost(f, lost, errBroken)
			if lost == 0 {
				f.refuse = func(types.PutRecordsRequestEntry, string) string { return codeThrottled }
			} else {
				f.before = func(n int, _ *kinesis.PutRecordsInput) (*kinesis.PutRecordsOutput, error) {
					if n > 0 {
						return nil, apiError(codeThrottled, "slow down")
					}
					return nil, nil
				}
			}
			p := start(t, cfg)
			defer p.close()
			_, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
			var failed *RecordError
			if !errors.As(err, &failed) || failed.Code != codeExpired || failed.MayBeStored != (lost > 0) {
				t.Errorf("%d answers lost: %v", lost, err)
			}
		})
	}
}

func TestTheLedgerKeepsTheNewest(t *testing.T) {
	t.Parallel()
	var p Producer
	for i := range maxDuplicates + 3 {
		p.duplicates.add(Duplicate{PartitionKey: fmt.Sprint(i)})
	}
	recent, total := p.Duplicates()
	if total != maxDuplicates+3 || len(recent) != maxDuplicates || recent[0].PartitionKey != "3" || recent[maxDuplicates-1].PartitionKey != fmt.Sprint(maxDuplicates+2) {
		t.Errorf("%d entries of %d, from %s to %s", len(recent), total, recent[0].PartitionKey, recent[len(recent)-1].PartitionKey)
	}
}

func TestTheLedgerNamesTheRequest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer    func(w http.ResponseWriter)
		requestID string // empty: any
		cause     string
	}{
		"connection cut": {func(w http.ResponseWriter) { panic(http.ErrAbortHandler) }, "", codeConnectionReset},
		"503": {func(w http.ResponseWriter) {
			w.Header().Set("x-amzn-RequestId", "id-of-the-service")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "id-of-the-service", "HTTP503"},
		"unreadable answer": {func(w http.ResponseWriter) { fmt.Fprint(w, `{"Records":[`) }, "", codeRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first := true
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var body bytes.Buffer
				_, _ = body.ReadFrom(r.Body)
				w.Header().Set("Content-Type", "application/x-amz-json-1.1")
				switch target := r.Header.Get("X-Amz-Target"); {
				case target == "Kinesis_20131202.ListShards":
					fmt.Fprint(w, `{"Shards":[{"ShardId":"shardId-000000000000","HashKeyRange":{"StartingHashKey":"0","EndingHashKey":"340282366920938463463374607431768211455"},"SequenceNumberRange":{"StartingSequenceNumber":"1"}}]}`)
				case target != "Kinesis_20131202.PutRecords":
					w.WriteHeader(http.StatusBadRequest)
				case first:
					first = false
					c.answer(w)
				default:
					fmt.Fprint(w, `{"FailedRecordCount":0,"Records":[{"SequenceNumber":"1","ShardId":"shardId-000000000000"}]}`)
				}
			}))
			t.Cleanup(server.Close)
			cfg := DefaultConfig()
			cfg.Region, cfg.KinesisEndpoint, cfg.MetricsLevel = "us-east-1", server.URL, MetricsNone
			cfg.Credentials = aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("AKID", "secret", ""))
			p := start(t, cfg)
			defer p.close()
			if _, err := p.PutSync(t.Context(), Record{Stream: "s", PartitionKey: "k", Data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
			recent, _ := p.Duplicates()
			if len(recent) != 1 || recent[0].RequestID == "" || c.requestID != "" && recent[0].RequestID != c.requestID {
				t.Fatalf("entries %+v, want one with request id %q", recent, c.requestID)
			}
			if recent[0].Cause != c.cause {
				t.Errorf("cause %s, want %s", recent[0].Cause, c.cause)
			}
		})
	}
}

func TestAPanicOfOnDuplicateCostsNoResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFake(1)
		c := testConfig(f)
		c.API = storedButLost(f, 1, errBroken)
		c.OnDuplicate = func(Duplicate) { panic("ordered") }
		b := start(t, c)
		b.put("r", Record{Stream: "s", PartitionKey: "k", Data: []byte("x")})
		b.close()
		if r := b.result("r"); r.Err != nil {
			t.Error(r.Err)
		}
	})
}
