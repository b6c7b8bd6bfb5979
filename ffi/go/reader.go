package hypersieve

import (
	"fmt"
	"io"
)

// Blocked is the error of a Reader whose text asks for more than is let through.
type Blocked struct {
	Action   Action
	Findings []Finding
}

func (b *Blocked) Error() string {
	if len(b.Findings) == 0 {
		return fmt.Sprintf("hypersieve: %v: a limit", b.Action)
	}
	return fmt.Sprintf("hypersieve: %v: %s", b.Action, b.Findings[0].Rule)
}

// Reader gives the bytes of another reader, each as soon as it has been judged, and not one of those that have not.
//
// It fails with *Blocked as soon as the text asks for Deny or worse.
type Reader struct {
	source io.Reader
	stream *Stream
	deny   Action
	// Bytes that were pushed and not given yet; the first ones may be.
	held  []byte
	given uint64
	ready int
	err   error
}

// NewReader makes a reader; deny is the least action that ends it.
func (s *Scanner) NewReader(source io.Reader, channel Channel, deny Action) (*Reader, error) {
	stream, err := s.Stream(channel)
	if err != nil {
		return nil, err
	}
	return &Reader{source: source, stream: stream, deny: deny}, nil
}

// Read gives bytes that were judged; it may have to read much more than that.
func (r *Reader) Read(p []byte) (int, error) {
	for r.ready == 0 && r.err == nil {
		r.err = r.fill()
	}
	if r.ready == 0 {
		return 0, r.err
	}
	n := copy(p, r.held[:r.ready])
	r.held = r.held[n:]
	r.ready -= n
	r.given += uint64(n)
	return n, nil
}

// fill reads a piece and judges it.
func (r *Reader) fill() error {
	piece := make([]byte, 32*1024)
	n, readErr := r.source.Read(piece)
	r.held = append(r.held, piece[:n]...)
	progress, err := r.stream.Push(piece[:n])
	if err != nil {
		return err
	}
	if progress.Action >= r.deny {
		findings, err := r.stream.Findings()
		if err != nil {
			return err
		}
		return &Blocked{progress.Action, findings}
	}
	switch readErr {
	case nil:
		r.ready = int(progress.Cleared - r.given)
		return nil
	case io.EOF:
		verdict, err := r.stream.Finish()
		if err != nil {
			return err
		}
		if verdict.Action >= r.deny {
			return &Blocked{verdict.Action, verdict.Findings}
		}
		r.ready = len(r.held)
		return io.EOF
	default:
		return readErr
	}
}

// Close frees the stream, and closes the source if that can be closed.
func (r *Reader) Close() error {
	r.stream.Close()
	if closer, ok := r.source.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}
