package slipway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"time"
)

// Request is one invocation, as its caller asked for it.
type Request struct {
	// Payload is the JSON value that the caller sent, compact; in raw mode the JSON body, text as a JSON string, or null.
	// Its members stand in the caller's order and its numbers have all their digits.
	Payload json.RawMessage
	// Headers have lower-case names; several fields of one name are joined.
	Headers map[string]string
	// Env holds the container's variables, overlaid with those of this invocation, and is this invocation's own.
	Env    map[string]string
	Method string
	// Path is not decoded.
	Path  string
	Query url.Values
	// Body holds the exact bytes in raw mode; else the text of a payload that is a string.
	Body []byte
	ID   string
	// Deadline is when the runtime will give up waiting.
	Deadline time.Time
	// Runtime is nil outside a runtime, such as in a test.
	Runtime Runtime
}

// Runtime is what a runtime does for one invocation.
type Runtime interface {
	Context() context.Context
	Log(level Level, message string)
	Go(task func() error)
}

// Level is that of a line in the log.
type Level uint8

const (
	Info Level = iota
	Error
)

func (l Level) String() string {
	if l == Error {
		return "error"
	}
	return "info"
}

// Decode reads the payload into a value, as [json.Unmarshal] does.
func (r *Request) Decode(value any) error {
	if len(r.Payload) == 0 {
		return json.Unmarshal([]byte("null"), value)
	}
	return json.Unmarshal(r.Payload, value)
}

// Context ends with the deadline, and when the server gives the invocation up. Whoever waits should watch it: a function
// that goes on after its deadline costs the process it runs in.
func (r *Request) Context() context.Context {
	if r.Runtime == nil {
		return context.Background()
	}
	return r.Runtime.Context()
}

// Log writes a line under this invocation's id.
func (r *Request) Log(message string) { r.write(Info, message) }

// Error writes a line of level error under this invocation's id.
func (r *Request) Error(message string) { r.write(Error, message) }

// Logf is Log with a format.
func (r *Request) Logf(format string, args ...any) { r.write(Info, fmt.Sprintf(format, args...)) }

// Errorf is Error with a format.
func (r *Request) Errorf(format string, args ...any) { r.write(Error, fmt.Sprintf(format, args...)) }

func (r *Request) write(level Level, message string) {
	if r.Runtime == nil {
		fmt.Fprintf(os.Stderr, "%s: %s\n", level, message)
		return
	}
	r.Runtime.Log(level, message)
}

// Go runs a task that may outlive the invocation. What it returns, and its panic, is logged under this invocation's id. The
// panic of a plain goroutine, which nobody can recover, ends the process and what else runs in it.
func (r *Request) Go(task func() error) {
	if r.Runtime == nil {
		go func() {
			if err := task(); err != nil {
				r.Error(err.Error())
			}
		}()
		return
	}
	r.Runtime.Go(task)
}
