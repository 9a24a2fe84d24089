package httpd

import (
	"strings"
	"testing"
)

// passes tells whether the bytes pass unspoilt, in one piece and byte by byte.
func passes(t *testing.T, text string) bool {
	t.Helper()
	whole, pieces := []byte(text), []byte(text)
	var one, many framing
	one.inspect(whole)
	for i := range pieces {
		if !many.spoilt {
			many.inspect(pieces[i : i+1])
		}
	}
	if string(whole) != string(pieces) || one.place != many.place || one.spoilt != many.spoilt {
		t.Errorf("%q: %q in one piece, %q byte by byte", text, whole, pieces)
	}
	return string(whole) == text
}

func TestHonestRequestsPass(t *testing.T) {
	for _, text := range []string{
		"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
		"\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\na\nbGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;a=b\r\na\nb\r\nA\r\n0123\n56789\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\nx: y\r\n\r\nGET / HTTP/1.1\r\n\r\n",
		"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\nPOST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n",
	} {
		if !passes(t, text) {
			t.Errorf("spoilt: %q", text)
		}
	}
}

func TestAmbiguousHeadsAreSpoilt(t *testing.T) {
	for _, text := range []string{
		"GET / HTTP/1.1\nhost: x\n\n",
		"GET / HTTP/1.1\r\nhost: x\n\r\n",
		"GET / HTTP/1.1\r\nhost: x\r\n\n",
		"\nGET / HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nx: one\r\n two\r\n\r\n",
		"POST / HTTP/1.1\r\ncontent-length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\nContent-Length: 3\r\n\r\n",
		"POST / HTTP/1.1\r\ntransfer-encoding: chunked, identity\r\n\r\n",
		"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n",
		"POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}GET / HTTP/1.1\n\n",
		"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\nGET / HTTP/1.1\n\n",
	} {
		if passes(t, text) {
			t.Errorf("not spoilt: %q", text)
		}
	}
}

func TestItKnowsWhenItIsInsideAHead(t *testing.T) {
	var f framing
	for _, c := range []struct {
		piece  string
		inside bool
	}{{"", false}, {"GET / HT", true}, {"TP/1.1\r\nhost: x\r\n", true}, {"\r\n", false}} {
		f.inspect([]byte(c.piece))
		if f.insideHead() != c.inside {
			t.Errorf("after %q: %v", c.piece, f.insideHead())
		}
	}
}

func TestLargeHeadsAreNoted(t *testing.T) {
	for _, c := range []struct {
		headers string
		large   bool
	}{
		{strings.Repeat("x: 1\r\n", 100), false},
		{strings.Repeat("x: 1\r\n", 101), true},
		{"x: " + strings.Repeat("1", 16*1024-5) + "\r\n", false},
		{"x: " + strings.Repeat("1", 16*1024-4) + "\r\n", true},
	} {
		var f framing
		f.inspect([]byte("GET / HTTP/1.1\r\n" + c.headers + "\r\n"))
		if f.large.Load() != c.large {
			t.Errorf("%d bytes of headers: large is %v", len(c.headers), f.large.Load())
		}
	}
}

func TestItKnowsTheLastByteOfABodyThatHasArrived(t *testing.T) {
	const head = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\n"
	for _, c := range []struct {
		arrived string
		last    byte
		ok      bool
	}{
		{head, 0, false}, {head + "ab", 0, false}, {head + "abc", 'c', true}, {head + "abcPOST / HT", 'c', true},
		{head + "abc" + head, 0, false}, {head + "abc" + head + "def", 0, false},
		{"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n", 0, false},
	} {
		var f framing
		f.inspect([]byte(c.arrived))
		if last, ok := f.lastByte(1); ok != c.ok || ok && last != c.last {
			t.Errorf("%q: %q, %v", c.arrived, last, ok)
		}
	}
}
