package crash

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adapterd/adapterd/pkg/kinesislocal"
)

// clients is how many send requests at the same time.
const clients = 24

func TestRequestsAnswered200AreInTheStreamWhateverHappens(t *testing.T) {
	for round := range rounds(t) {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			server := kinesislocal.NewTest(t, kinesislocal.Options{CreateStreams: true})
			slow(t, server, 10*time.Millisecond, 10*time.Millisecond)
			port := unusedPort(t)
			arguments := []string{"--set", "port=" + port, "--set", "endpoint=" + server.URL()}
			p := start(t, t.TempDir(), "http.xml", arguments...)
			p.listens(t, port)

			s := newSenders(port, fmt.Sprintf("r%d", round))
			s.start()
			enough := int64(100 + rand.IntN(400))
			await(t, "answers", func() bool { return s.answered.Load() >= enough })
			// Answers come in waves, one for each request to Kinesis; the kill is to fall anywhere between them.
			<-time.After(rand.N(100 * time.Millisecond))
			p.kill()
			s.wait() // they end when nobody answers

			here := delivered(t, server, "requests")
			for _, body := range s.ok {
				if here[body] == 0 {
					t.Errorf("%s was answered 200 and is not in the stream", body)
				}
			}
			if len(s.unanswered) == 0 {
				t.Error("every request was answered before the kill: this round shows nothing")
			}
			t.Logf("%d answered 200, %d without an answer, %d records", len(s.ok), len(s.unanswered), len(here))

			// Who got no answer sends again, and nothing of the crash is in the way.
			start(t, t.TempDir(), "http.xml", arguments...).listens(t, port)
			for _, body := range s.unanswered {
				if status, err := s.post(body); err != nil || status != http.StatusOK {
					t.Fatalf("%s, sent again, is answered %d (%v)", body, status, err)
				}
			}
			s.client.CloseIdleConnections()
			here = delivered(t, server, "requests")
			for _, body := range s.unanswered {
				if here[body] == 0 {
					t.Errorf("%s was sent again, answered 200, and is not in the stream", body)
				}
			}
		})
	}
}

// senders send requests until one of theirs is not answered.
type senders struct {
	url, name string
	client    *http.Client
	group     sync.WaitGroup
	answered  atomic.Int64 // so many have been answered 200; read while they run

	// mu guards the fields below while they run.
	mu sync.Mutex
	// ok are the bodies of requests that were answered 200, unanswered those of the others.
	ok, unanswered []string
}

func newSenders(port, name string) *senders {
	return &senders{
		url: "http://127.0.0.1:" + port + "/in", name: name,
		client: &http.Client{Timeout: patience, Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
}

func (s *senders) start() {
	for client := range clients {
		s.group.Go(func() { s.send(client) })
	}
}

func (s *senders) wait() {
	s.group.Wait()
	s.client.CloseIdleConnections()
}

func (s *senders) send(client int) {
	for n := 0; ; n++ {
		body := fmt.Sprintf(`{"id":"%s-%d-%d"}`, s.name, client, n)
		status, err := s.post(body)
		s.mu.Lock()
		if err != nil || status != http.StatusOK {
			s.unanswered = append(s.unanswered, body)
			s.mu.Unlock()
			return
		}
		s.ok = append(s.ok, body)
		s.mu.Unlock()
		s.answered.Add(1)
	}
}

// post returns the status when the whole answer is there.
func (s *senders) post(body string) (int, error) {
	answer, err := s.client.Post(s.url, "application/json", strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, err
}

// unusedPort is one that was free a moment ago.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// listens waits until the program takes requests.
func (p *process) listens(t *testing.T, port string) {
	t.Helper()
	await(t, "the program's port", func() bool {
		select {
		case <-p.exited:
			t.Fatalf("the program has ended:\n%s", p.said.String())
		default:
		}
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = c.Close() // nothing was sent
		}
		return err == nil
	})
}
