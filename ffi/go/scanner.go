package hypersieve

// #include <hypersieve.h>
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// Finding is a match of a rule.
type Finding struct {
	// Rule and Category are the rule's id and category.
	Rule, Category string
	Severity       Severity
	Channel        Channel
	// View is raw, or what disguise it was found behind.
	View string
	// Start and End are offsets in the scanned bytes.
	Start, End uint64
	// Matched is what stood there, masked where it is a secret.
	Matched string
	// Pointer is the JSON pointer of the string it lies in, where the whole text was one JSON document.
	Pointer string
}

// Verdict is what a scan concludes.
type Verdict struct {
	Action Action
	// Findings are sorted by their place; of each rule the first 100.
	Findings []Finding
	// Counts has the exact number of findings by the id of their rule.
	Counts map[string]uint64
	// Limits names the limits that were hit; each of them blocks.
	Limits []string
}

// Progress is how far a stream has come.
type Progress struct {
	// Pushed counts the bytes pushed.
	Pushed uint64
	// Cleared is the offset below which all has been judged.
	Cleared uint64
	// Action is what the findings so far ask for.
	Action Action
}

func goFindings(data *C.hypersieve_finding, length C.size_t) []Finding {
	var findings []Finding
	for _, f := range unsafe.Slice(data, int(length)) {
		findings = append(findings, Finding{
			Rule:     goText(f.rule.id),
			Category: goText(f.rule.category),
			Severity: Severity(f.severity),
			Channel:  Channel(f.channel),
			View:     goText(f.view),
			Start:    uint64(f.start),
			End:      uint64(f.end),
			Matched:  goText(f.matched),
			Pointer:  goText(f.pointer),
		})
	}
	return findings
}

func goVerdict(v *C.hypersieve_verdict) *Verdict {
	verdict := &Verdict{Action: Action(v.action), Findings: goFindings(v.findings, v.findings_len)}
	if v.counts_len > 0 {
		verdict.Counts = make(map[string]uint64)
	}
	for _, count := range unsafe.Slice(v.counts, int(v.counts_len)) {
		verdict.Counts[goText(count.rule.id)] = uint64(count.findings)
	}
	for _, limit := range unsafe.Slice(v.limits, int(v.limits_len)) {
		verdict.Limits = append(verdict.Limits, goText(limit))
	}
	return verdict
}

// Scanner is a database with a policy.
type Scanner struct {
	handle *C.hypersieve_scanner
	// Caches that no goroutine uses at the moment.
	caches sync.Pool
}

type cache struct{ handle *C.hypersieve_cache }

// NewScanner makes a scanner. The policy is JSON, as hypersieve.h describes it; an empty string sets nothing.
func NewScanner(database *Database, policy string) (*Scanner, error) {
	var told *C.hypersieve_error
	var stated *C.hypersieve_policy
	if policy != "" {
		text, length := charsOf(policy)
		if err := check(C.hypersieve_policy_from_json(text, length, &stated, &told), told); err != nil {
			return nil, err
		}
		defer C.hypersieve_policy_free(stated)
	}
	var handle *C.hypersieve_scanner
	if err := check(C.hypersieve_scanner_new(database.handle, stated, &handle, &told), told); err != nil {
		return nil, err
	}
	runtime.KeepAlive(database)
	scanner := &Scanner{handle: handle}
	runtime.SetFinalizer(scanner, (*Scanner).Close)
	return scanner, nil
}

// Close frees the scanner; its streams stay of use.
func (s *Scanner) Close() {
	C.hypersieve_scanner_free(s.handle)
	s.handle = nil
	runtime.SetFinalizer(s, nil)
}

func (s *Scanner) takeCache() (*cache, error) {
	if pooled, ok := s.caches.Get().(*cache); ok {
		return pooled, nil
	}
	made := &cache{}
	var told *C.hypersieve_error
	if err := check(C.hypersieve_cache_new(s.handle, &made.handle, &told), told); err != nil {
		return nil, err
	}
	runtime.SetFinalizer(made, func(c *cache) { C.hypersieve_cache_free(c.handle) })
	return made, nil
}

// Scan scans a text.
func (s *Scanner) Scan(text []byte, channel Channel) (*Verdict, error) {
	cache, err := s.takeCache()
	if err != nil {
		return nil, err
	}
	var verdict *C.hypersieve_verdict
	var told *C.hypersieve_error
	data, length := bytesOf(text)
	status := C.hypersieve_scan(s.handle, cache.handle, data, length, C.uint32_t(channel), &verdict, &told)
	if err := check(status, told); err != nil {
		return nil, err
	}
	scanned := goVerdict(verdict)
	runtime.KeepAlive(s)
	// Not after an error: the cache may be of no use any more, and is collected.
	s.caches.Put(cache)
	return scanned, nil
}

// Stream is a text that arrives in pieces. However it is cut, the verdict is that of the text as a whole.
type Stream struct{ handle *C.hypersieve_stream }

// Stream opens a stream.
func (s *Scanner) Stream(channel Channel) (*Stream, error) {
	stream := &Stream{}
	var told *C.hypersieve_error
	status := C.hypersieve_stream_open(s.handle, C.uint32_t(channel), &stream.handle, &told)
	if err := check(status, told); err != nil {
		return nil, err
	}
	runtime.KeepAlive(s)
	runtime.SetFinalizer(stream, (*Stream).Close)
	return stream, nil
}

// Push takes the next bytes.
func (s *Stream) Push(piece []byte) (Progress, error) {
	var progress C.hypersieve_progress
	var told *C.hypersieve_error
	data, length := bytesOf(piece)
	status := C.hypersieve_stream_push(s.handle, data, length, &progress, &told)
	runtime.KeepAlive(s)
	return goProgress(progress), check(status, told)
}

// Boundary judges what is pending as if the text ended here, and clears it.
func (s *Stream) Boundary() (Progress, error) {
	var progress C.hypersieve_progress
	var told *C.hypersieve_error
	status := C.hypersieve_stream_boundary(s.handle, &progress, &told)
	runtime.KeepAlive(s)
	return goProgress(progress), check(status, told)
}

func goProgress(p C.hypersieve_progress) Progress {
	return Progress{uint64(p.pushed), uint64(p.cleared), Action(p.action)}
}

// Findings are those that are certain so far.
func (s *Stream) Findings() ([]Finding, error) {
	var data *C.hypersieve_finding
	var length C.size_t
	var told *C.hypersieve_error
	if err := check(C.hypersieve_stream_findings(s.handle, &data, &length, &told), told); err != nil {
		return nil, err
	}
	findings := goFindings(data, length)
	runtime.KeepAlive(s)
	return findings, nil
}

// Finish ends the text and concludes.
func (s *Stream) Finish() (*Verdict, error) {
	var verdict *C.hypersieve_verdict
	var told *C.hypersieve_error
	if err := check(C.hypersieve_stream_finish(s.handle, &verdict, &told), told); err != nil {
		return nil, err
	}
	concluded := goVerdict(verdict)
	runtime.KeepAlive(s)
	return concluded, nil
}

// Close frees the stream.
func (s *Stream) Close() {
	C.hypersieve_stream_free(s.handle)
	s.handle = nil
	runtime.SetFinalizer(s, nil)
}
