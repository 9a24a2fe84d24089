package httpd

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"sync/atomic"

	"slipway/server/internal/contract"
)

// framing refuses heads that two readers may read differently and that net/http takes: a line that ends without CR, a
// folded line, a length together with a transfer encoding, an encoding that is not chunked alone. net/http itself refuses
// the rest of clause 11.5.
//
// It follows the bytes on their way to net/http just closely enough to know where a head begins. What it refuses it spoils,
// by a NUL in place of the line's end, which net/http answers with 400 in its turn, before any request is made of it.
type framing struct {
	place place
	// left is what is to come of a body or a chunk.
	left uint64
	// heads is how many have ended, last the byte that ended the latest body with a length.
	heads uint64
	last  byte
	// line is the beginning of a line whose end has not come yet.
	line  []byte
	lines int
	size  int

	hasLength, isChunked bool
	// large: some head had more than clause 11.2 allows.
	large  atomic.Bool
	spoilt bool
	ended  bool
}

// place is where the next byte belongs.
type place uint8

const (
	inHead place = iota
	inBody
	inChunkSize
	inChunkExtension
	inChunk
	behindChunk
	inTrailer
	inEmptyTrailer
)

// insideHead tells whether a head has begun and not ended.
func (f *framing) insideHead() bool {
	return f.place == inHead && (f.lines > 0 || len(f.line) > 0)
}

// lastByte returns the last byte of the body of a request, counted from 1, where all of it has arrived and no other request.
func (f *framing) lastByte(request uint64) (byte, bool) {
	return f.last, f.heads == request && f.place == inHead
}

// end has net/http see the end of a head that was spoilt: nothing of the connection is read any more.
func (f *framing) end(into []byte) (int, error) {
	if f.ended {
		return 0, io.EOF
	}
	f.ended = true
	return copy(into, "\n\n"), nil
}

// inspect looks at bytes that have just arrived, and spoils what is to be refused.
func (f *framing) inspect(arrived []byte) {
	for len(arrived) > 0 && !f.spoilt {
		taken := 1
		switch f.place {
		case inHead:
			taken = f.head(arrived)
		case inBody, inChunk:
			taken = int(min(f.left, uint64(len(arrived))))
			if f.left -= uint64(taken); f.left == 0 {
				if f.place == inBody {
					f.place, f.last = inHead, arrived[taken-1]
				} else {
					f.place = behindChunk
				}
			}
		default:
			f.betweenChunks(arrived[0])
		}
		arrived = arrived[taken:]
	}
}

// head takes one line of a head, or as much of it as is there.
func (f *framing) head(arrived []byte) int {
	end := bytes.IndexByte(arrived, '\n')
	if end < 0 {
		// net/http answers 431 to a longer one.
		if len(f.line) <= 2*contract.HeaderBytes {
			f.line = append(f.line, arrived...)
		}
		return len(arrived)
	}
	line := arrived[:end]
	if len(f.line) > 0 {
		f.line = append(f.line, line...)
		line = f.line
	}
	text, ok := bytes.CutSuffix(line, []byte("\r"))
	switch {
	case ok && len(text) == 0:
		if f.lines > 0 {
			f.endHead()
		}
	case ok:
		ok = f.note(text)
	}
	f.line = f.line[:0]
	if !ok {
		arrived[end] = 0
		f.spoilt = true
	}
	return end + 1
}

// note takes a line of the head, and tells whether it may pass.
func (f *framing) note(line []byte) bool {
	f.lines++
	if f.lines == 1 {
		return true
	}
	f.size += len(line) + len("\r\n")
	switch line[0] {
	case ' ', '\t':
		return false
	case 'c', 'C', 't', 'T':
	default:
		return true
	}
	name, value, _ := strings.Cut(string(line), ":")
	value = strings.Trim(value, " \t")
	switch {
	case strings.EqualFold(name, "content-length"):
		f.hasLength = true
		// net/http refuses what is no number, and two that differ.
		f.left, _ = strconv.ParseUint(value, 10, 63)
	case strings.EqualFold(name, "transfer-encoding"):
		if f.isChunked || !strings.EqualFold(value, "chunked") {
			return false
		}
		f.isChunked = true
	}
	return !f.hasLength || !f.isChunked
}

func (f *framing) endHead() {
	f.heads++
	if f.lines-1 > contract.HeaderLines || f.size > contract.HeaderBytes {
		f.large.Store(true)
	}
	switch {
	case f.isChunked:
		f.place, f.left = inChunkSize, 0
	case f.left > 0:
		f.place = inBody
	}
	f.lines, f.size, f.hasLength, f.isChunked = 0, 0, false, false
}

// betweenChunks takes a byte that net/http reads too, and strictly: here only the ends matter.
func (f *framing) betweenChunks(c byte) {
	switch {
	case f.place == inChunkSize && isHex(c):
		digit, _ := strconv.ParseUint(string(c), 16, 8)
		f.left = f.left<<4 | digit
	case f.place == inChunkSize && c != '\n':
		f.place = inChunkExtension
	case f.place == inChunkSize, f.place == inChunkExtension && c == '\n':
		f.place = inChunk
		if f.left == 0 {
			f.place = inEmptyTrailer
		}
	case f.place == behindChunk && c == '\n':
		f.place = inChunkSize
	case f.place == inEmptyTrailer && c == '\n':
		f.place = inHead
	case f.place == inTrailer && c == '\n':
		f.place = inEmptyTrailer
	case f.place == inEmptyTrailer && c != '\r':
		f.place = inTrailer
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
