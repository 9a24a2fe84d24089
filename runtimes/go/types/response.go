package slipway

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"slipway/internal/exact"
)

// ErrAnswered is what the second answer of an invocation returns.
var ErrAnswered = errors.New("the response was already given: a function answers once")

// Response takes one answer. Status and headers are given before it:
//
//	res.Header().Set("location", "/orders/7")
//	return res.Status(201).Send("made")
type Response struct {
	mu sync.Mutex
	// status is nil unless the function has set one.
	status   *int
	header   http.Header
	answer   Answer
	answered bool
	invalid  error
}

// Answer is what a function has answered.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Type is the content type that holds unless the header names one.
	Type string
}

// Status sets the status of the answer that follows; it is 200 unless it is set.
func (r *Response) Status(status int) *Response {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = &status
	return r
}

// Header returns the headers of the answer that follows. Several values of one name are several lines.
func (r *Response) Header() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

// Send answers with text.
func (r *Response) Send(text string) error {
	return r.give("text/plain; charset=utf-8", func() ([]byte, error) { return []byte(text), nil })
}

// SendBytes answers with bytes, which must not be changed afterwards.
func (r *Response) SendBytes(body []byte) error {
	return r.give("application/octet-stream", func() ([]byte, error) { return body, nil })
}

// JSON answers with a value as encoding/json writes it, except that no character is escaped that JSON takes as it is.
func (r *Response) JSON(value any) error {
	return r.give("application/json", func() ([]byte, error) { return encode(value) })
}

// Given returns the answer: nil where there was none, an error where it is none that HTTP can carry.
func (r *Response) Given() (*Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.answered {
		return nil, r.invalid
	}
	return &r.answer, nil
}

func (r *Response) give(media string, body func() ([]byte, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered || r.invalid != nil {
		return ErrAnswered
	}
	r.answer = Answer{Status: http.StatusOK, Header: r.header, Type: media}
	if r.status != nil {
		r.answer.Status = *r.status
	}
	r.header = nil
	if r.invalid = check(&r.answer); r.invalid != nil {
		return r.invalid
	}
	if r.answer.Body, r.invalid = body(); r.invalid != nil {
		return r.invalid
	}
	r.answered = true
	return nil
}

func encode(value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	// encoding/json escapes some characters for the sake of HTML and JavaScript.
	if !bytes.Contains(text, []byte(`\u`)) {
		return text, nil
	}
	return exact.Unescape(text), nil
}

func check(answer *Answer) error {
	if answer.Status < 200 || answer.Status > 599 {
		return fmt.Errorf("the status %d is outside 200 to 599", answer.Status)
	}
	for name, values := range answer.Header {
		if !isToken(name) {
			return fmt.Errorf("%q is no header name", name)
		}
		for _, value := range values {
			if strings.ContainsFunc(value, isControl) {
				return fmt.Errorf("the header %s holds a control character", name)
			}
		}
	}
	return nil
}

// isToken tells what RFC 9110 5.6.2 takes for a name.
func isToken(name string) bool {
	for _, c := range []byte(name) {
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
		if !alphanumeric && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return name != ""
}

// isControl tells characters that a header's value can't have; a tab is not one of them.
func isControl(c rune) bool {
	return c < ' ' && c != '\t' || c == 0x7f
}
