package kinesislocal

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Fault is something that goes wrong, to order: which requests or records it
// befalls, and what happens to them. Server.Inject makes it so.
//
// A fault with RecordCode or WrongShard befalls records of PutRecord and
// PutRecords, and its Skip, Count and Probability are about records. Any other
// befalls requests. The two kinds can not be mixed in one Fault; inject two.
type Fault struct {
	// Operations are names such as "PutRecords"; none means every operation.
	Operations []string
	// Stream is the name of a stream; empty means any, and requests without one.
	Stream string
	// Shard limits a fault of records to those that this shard owns; empty means any.
	Shard string

	// Skip lets so many pass before the first that is befallen.
	Skip int
	// Count is how many are befallen in all; 0 means no end.
	Count int
	// Probability, from 0 to 1, is the chance of each to be befallen, drawn from
	// Options.Seed; 0 means 1.
	Probability float64

	// Latency passes before the operation is carried out.
	Latency time.Duration
	// AnswerLatency passes between the operation and its answer: what was put is
	// stored, but the client does not know it yet.
	AnswerLatency time.Duration
	// Reshard changes the stream just before the operation is carried out.
	Reshard *Reshard
	// Cut closes the connection instead of answering.
	Cut Cut

	// Status, Code and Message refuse the request, which then changes nothing.
	// Status without Code answers Body, which may be empty. Code without Status
	// has the status of the service: 400, or 500 for InternalFailure and 503 for
	// ServiceUnavailable.
	Status  int
	Code    string
	Message string
	Body    string

	// Answer spoils the answer of an operation that was carried out.
	Answer Answer

	// RecordCode refuses records with this code, such as
	// ProvisionedThroughputExceededException; they are not stored. RecordMessage
	// goes with it; empty means that of the service.
	RecordCode    string
	RecordMessage string
	// WrongShard stores records in the open shard above the one that owns them
	// (the lowest, for the highest). With one open shard there is no other.
	WrongShard bool
}

// Cut says when a connection is cut.
type Cut int

const (
	CutNever  Cut = iota
	CutBefore     // nothing is stored
	CutAfter      // all is stored, the answer is lost
)

// Answer says how an answer is spoiled.
type Answer int

const (
	AnswerWhole     Answer = iota
	AnswerEmpty            // status 200 and no body
	AnswerMalformed        // status 200 and the first half of the body
	AnswerTruncated        // the connection is cut after the first half of the body
	AnswerShort            // PutRecords: the last result is missing
)

// Reshard is a change of shards. Exactly one of its fields is set.
type Reshard struct {
	// ShardCount scales the stream evenly, without the limits of UpdateShardCount.
	ShardCount int
	// Split is the shard to split in its middle, or AnyShard.
	Split string
	// Merge is the shard to merge with the one above it, or AnyShard.
	Merge string
}

// AnyShard is an open shard drawn by the seed.
const AnyShard = "*"

// Injection is a fault that is in force.
type Injection struct {
	fault Fault
	book  *faultBook

	// faultBook.mu guards these.
	seen, hits int
	removed    bool
}

// Remove ends the fault. It may be called more than once.
func (i *Injection) Remove() {
	i.book.mu.Lock()
	defer i.book.mu.Unlock()
	i.removed = true
	i.book.active = slices.DeleteFunc(i.book.active, func(a *Injection) bool { return a == i })
}

// Hits is how many requests or records the fault has befallen.
func (i *Injection) Hits() int {
	i.book.mu.Lock()
	defer i.book.mu.Unlock()
	return i.hits
}

// Inject puts a fault in force for requests that arrive from now on. Faults add
// up: latencies are summed; where two contradict, the one injected first wins.
// The error says what about the fault makes no sense.
func (s *Server) Inject(f Fault) (*Injection, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	f.Operations = slices.Clone(f.Operations)
	return s.faults.add(f), nil
}

func (f *Fault) ofRecords() bool { return f.RecordCode != "" || f.WrongShard }

func (f *Fault) ofRequests() bool {
	return f.Latency != 0 || f.AnswerLatency != 0 || f.Reshard != nil || f.Cut != CutNever ||
		f.Status != 0 || f.Code != "" || f.Answer != AnswerWhole
}

func (f *Fault) check() error {
	var wrong []string
	say := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	for _, name := range f.Operations {
		say(!knownOperation(name), "unknown operation %q", name)
	}
	say(f.Skip < 0 || f.Count < 0, "Skip %d or Count %d is negative", f.Skip, f.Count)
	say(!(f.Probability >= 0 && f.Probability <= 1), "Probability %v is not from 0 to 1", f.Probability)
	say(f.Latency < 0 || f.AnswerLatency < 0, "a latency is negative")
	say(f.Cut < CutNever || f.Cut > CutAfter, "unknown Cut %d", f.Cut)
	say(f.Answer < AnswerWhole || f.Answer > AnswerShort, "unknown Answer %d", f.Answer)
	say(f.Status != 0 && (f.Status < 200 || f.Status > 599), "Status %d is not from 200 to 599", f.Status)
	say(f.Body != "" && f.Status == 0, "Body without Status")
	say(f.Body != "" && f.Code != "", "Body and Code")
	say(f.Message != "" && f.Code == "", "Message without Code")
	say(f.RecordMessage != "" && f.RecordCode == "", "RecordMessage without RecordCode")
	say(f.RecordCode != "" && f.WrongShard, "RecordCode and WrongShard")
	say(f.ofRecords() && f.ofRequests(), "effects on records and on requests; inject two faults")
	say(!f.ofRecords() && !f.ofRequests(), "no effect")
	say(f.Shard != "" && !f.ofRecords(), "Shard, which is for RecordCode and WrongShard only")
	if r := f.Reshard; r != nil {
		set := 0
		for _, is := range []bool{r.ShardCount != 0, r.Split != "", r.Merge != ""} {
			if is {
				set++
			}
		}
		say(set != 1, "Reshard with %d of ShardCount, Split and Merge; give one", set)
		say(r.ShardCount < 0, "Reshard.ShardCount %d", r.ShardCount)
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("kinesislocal: the fault has %s", strings.Join(wrong, "; "))
}
