package exact

import (
	"bytes"
	"encoding/json"
	"iter"
)

// Members walks over the members of an object in its one form: the name, still a JSON string, and the value.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for at := 1; at < len(object)-1; at++ {
			colon := at + length(object[at:])
			end := colon + 1 + length(object[colon+1:])
			if !yield(object[at:colon], object[colon+1:end]) {
				return
			}
			at = end
		}
	}
}

// length returns how long the value is that document begins with.
func length(document []byte) int {
	switch document[0] {
	case '"':
		return text(document)
	case '{', '[':
		depth := 0
		for at := 0; ; at++ {
			switch document[at] {
			case '"':
				at += text(document[at:]) - 1
			case '{', '[':
				depth++
			case '}', ']':
				if depth--; depth == 0 {
					return at + 1
				}
			}
		}
	default:
		if end := bytes.IndexAny(document, ",}]"); end >= 0 {
			return end
		}
		return len(document)
	}
}

func text(document []byte) int {
	for at := 1; ; at++ {
		at += bytes.IndexByte(document[at:], '"')
		escapes := 0
		for document[at-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at + 1
		}
	}
}

// Unquote returns what a JSON string in its one form says; a lone surrogate is U+FFFD in a Go string.
func Unquote(quoted []byte) string {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var said string
	if err := json.Unmarshal(quoted, &said); err != nil {
		panic("exact: " + err.Error())
	}
	return said
}
