package logs

import "bytes"

// longest is where a line that goes on is cut.
const longest = 1 << 20

// Lines puts lines together from pieces.
type Lines struct {
	rest []byte
}

// Add takes bytes, and hands on each line that they end.
func (l *Lines) Add(piece []byte, emit func(line string)) {
	for {
		end := bytes.IndexByte(piece, '\n')
		if end < 0 {
			break
		}
		l.rest = append(l.rest, piece[:end]...)
		l.end(emit)
		piece = piece[end+1:]
	}
	for l.rest = append(l.rest, piece...); len(l.rest) > longest; {
		emit(string(l.rest[:longest]))
		l.rest = append(l.rest[:0], l.rest[longest:]...)
	}
}

// End hands on what is left without an end.
func (l *Lines) End(emit func(line string)) {
	if len(l.rest) > 0 {
		l.end(emit)
	}
}

func (l *Lines) end(emit func(string)) {
	emit(string(bytes.TrimSuffix(l.rest, []byte("\r"))))
	l.rest = l.rest[:0]
}

// Pending tells whether the beginning of a line is kept.
func (l *Lines) Pending() bool { return len(l.rest) > 0 }
