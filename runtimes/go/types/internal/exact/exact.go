// Package exact reads JSON strictly and changes nothing of what it says.
//
// encoding/json takes broken UTF-8 and lone surrogates for U+FFFD, and a map of its making has no order. Here a document
// becomes the same document in one form: compact, with no escape that JSON does not ask for, members in their order, of
// duplicate members the last value in the first place, numbers digit for digit.
package exact

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// deepest is how far arrays and objects may be nested. It bounds what removing duplicates may cost.
const deepest = 1000

// few is so many members that comparing with each of them is quicker than a map.
const few = 16

// Normalise returns a JSON document in its one form.
func Normalise(document []byte) ([]byte, error) {
	return normalise(document, make([]byte, 0, len(document)))
}

// NormaliseInPlace is Normalise, and overwrites the document: the one form is never longer, nor is any beginning of it.
func NormaliseInPlace(document []byte) ([]byte, error) {
	return normalise(document, document[:0])
}

func normalise(document, out []byte) ([]byte, error) {
	r := reader{in: document, out: out}
	if err := r.value(); err != nil {
		return nil, err
	}
	if r.space(); r.at < len(r.in) {
		return nil, r.wrong("something follows the document")
	}
	return r.out, nil
}

// Unescape writes what a valid document escapes without need as itself, and overwrites the document.
func Unescape(document []byte) []byte {
	r := reader{in: document, out: document[:0]}
	for {
		plain := bytes.IndexByte(r.in[r.at:], '\\')
		if plain < 0 {
			return append(r.out, r.in[r.at:]...)
		}
		r.out = append(r.out, r.in[r.at:r.at+plain]...)
		r.at += plain
		if err := r.escape(); err != nil {
			panic("exact: no JSON: " + err.Error())
		}
	}
}

type reader struct {
	in  []byte
	at  int
	out []byte
	// members of the objects that are being read, the outermost first.
	members []member
	depth   int
}

// member is a member of an object, as it stands in the output.
type member struct {
	name, nameEnd   int
	value, valueEnd int
}

func (r *reader) wrong(what string) error {
	if r.at >= len(r.in) {
		return errors.New("the document ends too early")
	}
	return fmt.Errorf("%s at byte %d", what, r.at)
}

func (r *reader) space() {
	for r.at < len(r.in) {
		switch r.in[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

// next skips white space and returns the byte behind it, 0 at the end.
func (r *reader) next() byte {
	if r.space(); r.at < len(r.in) {
		return r.in[r.at]
	}
	return 0
}

func (r *reader) value() error {
	switch c := r.next(); c {
	case '{':
		return r.nested(r.object)
	case '[':
		return r.nested(r.array)
	case '"':
		return r.text()
	case 't':
		return r.literal("true")
	case 'f':
		return r.literal("false")
	case 'n':
		return r.literal("null")
	default:
		if c == '-' || isDigit(c) {
			return r.number()
		}
		return r.wrong("no value")
	}
}

func (r *reader) nested(read func() error) error {
	if r.depth == deepest {
		return fmt.Errorf("it is nested more than %d levels deep", deepest)
	}
	r.depth++
	err := read()
	r.depth--
	return err
}

func (r *reader) literal(word string) error {
	if !bytes.HasPrefix(r.in[r.at:], []byte(word)) {
		return r.wrong("no value")
	}
	r.at += len(word)
	r.out = append(r.out, word...)
	return nil
}

func (r *reader) number() error {
	start := r.at
	if r.in[r.at] == '-' {
		r.at++
	}
	if r.at < len(r.in) && r.in[r.at] == '0' {
		r.at++
	} else if !r.digits() {
		return r.wrong("no number")
	}
	if r.at < len(r.in) && r.in[r.at] == '.' {
		if r.at++; !r.digits() {
			return r.wrong("no number")
		}
	}
	if r.at < len(r.in) && r.in[r.at]|0x20 == 'e' {
		if r.at++; r.at < len(r.in) && (r.in[r.at] == '+' || r.in[r.at] == '-') {
			r.at++
		}
		if !r.digits() {
			return r.wrong("no number")
		}
	}
	r.out = append(r.out, r.in[start:r.at]...)
	return nil
}

func (r *reader) digits() bool {
	start := r.at
	for r.at < len(r.in) && isDigit(r.in[r.at]) {
		r.at++
	}
	return r.at > start
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (r *reader) array() error {
	r.at++
	r.out = append(r.out, '[')
	if r.next() == ']' {
		return r.close(']')
	}
	for {
		if err := r.value(); err != nil {
			return err
		}
		switch r.next() {
		case ',':
			r.at++
			r.out = append(r.out, ',')
		case ']':
			return r.close(']')
		default:
			return r.wrong("no comma and no end of an array")
		}
	}
}

func (r *reader) close(end byte) error {
	r.at++
	r.out = append(r.out, end)
	return nil
}

func (r *reader) object() error {
	r.at++
	start, base := len(r.out), len(r.members)
	defer func() { r.members = r.members[:base] }()
	r.out = append(r.out, '{')
	if r.next() == '}' {
		return r.close('}')
	}
	var names map[string]int
	duplicates := false
	for {
		if r.next() != '"' {
			return r.wrong("no name of a member")
		}
		m := member{name: len(r.out)}
		if err := r.text(); err != nil {
			return err
		}
		m.nameEnd = len(r.out)
		if r.next() != ':' {
			return r.wrong("no colon")
		}
		r.at++
		r.out = append(r.out, ':')
		m.value = len(r.out)
		if err := r.value(); err != nil {
			return err
		}
		m.valueEnd = len(r.out)
		names = r.index(base, names)
		if earlier := r.find(base, names, m); earlier >= 0 {
			r.members[earlier].value, r.members[earlier].valueEnd = m.value, m.valueEnd
			duplicates = true
		} else {
			if names != nil {
				names[string(r.out[m.name:m.nameEnd])] = len(r.members)
			}
			r.members = append(r.members, m)
		}
		switch r.next() {
		case ',':
			r.at++
			r.out = append(r.out, ',')
		case '}':
			if duplicates {
				r.rebuild(start, r.members[base:])
			}
			return r.close('}')
		default:
			return r.wrong("no comma and no end of an object")
		}
	}
}

// index makes a map of the members from base on, once there are more than a few.
func (r *reader) index(base int, names map[string]int) map[string]int {
	if names != nil || len(r.members)-base < few {
		return names
	}
	names = make(map[string]int, 2*few)
	for i := base; i < len(r.members); i++ {
		names[string(r.out[r.members[i].name:r.members[i].nameEnd])] = i
	}
	return names
}

// find returns the place of the member that has the same name, -1 where there is none.
func (r *reader) find(base int, names map[string]int, m member) int {
	name := r.out[m.name:m.nameEnd]
	if names != nil {
		if i, found := names[string(name)]; found {
			return i
		}
		return -1
	}
	for i := base; i < len(r.members); i++ {
		if bytes.Equal(r.out[r.members[i].name:r.members[i].nameEnd], name) {
			return i
		}
	}
	return -1
}

// rebuild writes an object again that had duplicate members, less its end.
func (r *reader) rebuild(start int, members []member) {
	object := make([]byte, 0, len(r.out)-start)
	for i, m := range members {
		if i == 0 {
			object = append(object, '{')
		} else {
			object = append(object, ',')
		}
		object = append(object, r.out[m.name:m.nameEnd]...)
		object = append(object, ':')
		object = append(object, r.out[m.value:m.valueEnd]...)
	}
	r.out = append(r.out[:start], object...)
}

func (r *reader) text() error {
	r.at++
	r.out = append(r.out, '"')
	for {
		start := r.at
		for r.at < len(r.in) && plain[r.in[r.at]] {
			r.at++
		}
		r.out = append(r.out, r.in[start:r.at]...)
		if r.at >= len(r.in) {
			return r.wrong("")
		}
		switch c := r.in[r.at]; {
		case c == '"':
			return r.close('"')
		case c == '\\':
			if err := r.escape(); err != nil {
				return err
			}
		case c < ' ':
			return r.wrong("a control character in a string")
		default:
			char, size := utf8.DecodeRune(r.in[r.at:])
			if char == utf8.RuneError && size < 2 {
				return r.wrong("no UTF-8")
			}
			r.out = append(r.out, r.in[r.at:r.at+size]...)
			r.at += size
		}
	}
}

// plain are the bytes that a string holds as themselves.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

func (r *reader) escape() error {
	if r.at+1 >= len(r.in) {
		r.at = len(r.in)
		return r.wrong("")
	}
	switch c := r.in[r.at+1]; c {
	case '"', '\\', 'b', 'f', 'n', 'r', 't':
		r.out = append(r.out, '\\', c)
	case '/':
		r.out = append(r.out, '/')
	case 'u':
		unit, ok := r.unit(r.at)
		if !ok {
			return r.wrong("no escape")
		}
		if low, ok := r.unit(r.at + 6); ok && utf16.DecodeRune(unit, low) != utf8.RuneError {
			unit = utf16.DecodeRune(unit, low)
			r.at += 6
		}
		r.out = appendRune(r.out, unit)
		r.at += 4
	default:
		return r.wrong("no escape")
	}
	r.at += 2
	return nil
}

// unit reads an escape of one UTF-16 code unit.
func (r *reader) unit(at int) (rune, bool) {
	if at+6 > len(r.in) || r.in[at] != '\\' || r.in[at+1] != 'u' {
		return 0, false
	}
	var unit rune
	for _, c := range r.in[at+2 : at+6] {
		switch {
		case isDigit(c):
			unit = unit<<4 | rune(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit = unit<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return unit, true
}

const hex = "0123456789abcdef"

// appendRune writes a character as a string in the one form holds it. A lone surrogate stays an escape: UTF-8 has none.
func appendRune(out []byte, char rune) []byte {
	switch {
	case char == '"' || char == '\\':
		return append(out, '\\', byte(char))
	case char < ' ':
		if short := "\b\f\n\r\t"; bytes.IndexByte([]byte(short), byte(char)) >= 0 {
			return append(out, '\\', "bfnrt"[bytes.IndexByte([]byte(short), byte(char))])
		}
		return append(out, '\\', 'u', '0', '0', hex[char>>4], hex[char&15])
	case utf16.IsSurrogate(char):
		return append(out, '\\', 'u', hex[char>>12], hex[char>>8&15], hex[char>>4&15], hex[char&15])
	default:
		return utf8.AppendRune(out, char)
	}
}

// AppendString writes text as JSON. What is no UTF-8 in it becomes U+FFFD.
func AppendString[T string | []byte](out []byte, text T) []byte {
	out = append(out, '"')
	for at := 0; at < len(text); {
		start := at
		for at < len(text) && plain[text[at]] {
			at++
		}
		out = append(out, text[start:at]...)
		if at == len(text) {
			break
		}
		char, size := utf8.DecodeRuneInString(string(text[at:min(at+utf8.UTFMax, len(text))]))
		out = appendRune(out, char)
		at += size
	}
	return append(out, '"')
}
