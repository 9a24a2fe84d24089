// Package answer makes answers: as net/http takes them, or whole where they are written past it.
package answer

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"slipway"
	"slipway/internal/exact"
	"slipway/server/internal/contract"
	"slipway/server/internal/logs"
)

// Refusal is one of the runtime's own errors.
type Refusal struct {
	Code    contract.Code
	Message string
}

// Refuse makes a refusal.
func Refuse(code contract.Code, format string, args ...any) *Refusal {
	if len(args) == 0 {
		return &Refusal{code, format}
	}
	return &Refusal{code, fmt.Sprintf(format, args...)}
}

// Outgoing is an answer in the making.
type Outgoing struct {
	Status int
	Header http.Header
	Body   []byte
}

const media = "application/json"

var jsonType = []string{media}

// JSON answers a probe.
func JSON(header http.Header, status int, body string) Outgoing {
	header["Content-Type"] = jsonType
	return Outgoing{status, header, []byte(body)}
}

// Refused is the plain answer to what was refused. The id is empty where there was none yet.
func Refused(header http.Header, refusal *Refusal, id string) Outgoing {
	header["Content-Type"] = jsonType
	header[contract.ErrorHeader] = []string{refusal.Code.Name}
	switch refusal.Code {
	case contract.MethodNotAllowed:
		header["Allow"] = []string{http.MethodPost}
	case contract.Overloaded:
		header["Retry-After"] = []string{"1"}
	}
	body := append([]byte(`{"error":`), refusal.object(id)...)
	return Outgoing{refusal.Code.Status, identified(header, id), append(body, '}')}
}

func (r *Refusal) object(id string) []byte {
	out := append([]byte(`{"code":"`), r.Code.Name...)
	out = exact.AppendString(append(out, `","message":`...), r.Message)
	out = append(out, `,"invocation":`...)
	if id == "" {
		return append(out, "null}"...)
	}
	return append(exact.AppendString(out, id), '}')
}

func identified(header http.Header, id string) http.Header {
	if id != "" {
		header[contract.InvocationHeader] = []string{id}
	}
	return header
}

// Given is the function's answer, less what is not the function's to say.
func Given(header http.Header, answer *slipway.Answer, id string) Outgoing {
	for name, values := range answer.Header {
		name = http.CanonicalHeaderKey(name)
		switch {
		case contract.IsHopByHop(name), strings.HasPrefix(name, contract.ReservedPrefix), name == "Content-Length":
		case name == "Content-Type":
			if len(values) > 0 && header[name] == nil {
				header[name] = values[:1]
			}
		default:
			header[name] = append(header[name], values...)
		}
	}
	if header["Content-Type"] == nil {
		header["Content-Type"] = []string{answer.Type}
	}
	body := answer.Body
	if isBodyless(answer.Status) {
		body = nil
	}
	return Outgoing{answer.Status, identified(header, id), body}
}

func isBodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

// Result is what goes into the result envelope beside the answer.
type Result struct {
	Invocation string
	Error      *Refusal
	Lines      []Line
	Truncated  bool
	Duration   time.Duration
}

// Line is one line of an invocation's log.
type Line struct {
	Time    time.Time
	Level   slipway.Level
	Message string
}

// Enveloped wraps an answer into the result envelope.
func Enveloped(header http.Header, inner Outgoing, result *Result) Outgoing {
	out := append(make([]byte, 0, len(inner.Body)+512), `{"status":`...)
	out = strconv.AppendInt(out, int64(inner.Status), 10)
	out = appendHeaders(append(out, `,"headers":`...), inner.Header)
	if utf8.Valid(inner.Body) {
		out = exact.AppendString(append(out, `,"body":`...), inner.Body)
		out = append(out, `,"encoding":"utf-8","logs":[`...)
	} else {
		out = base64.StdEncoding.AppendEncode(append(out, `,"body":"`...), inner.Body)
		out = append(out, `","encoding":"base64","logs":[`...)
	}
	for i, line := range result.Lines {
		if i > 0 {
			out = append(out, ',')
		}
		out = line.Time.UTC().AppendFormat(append(out, `{"time":"`...), logs.Timestamp)
		out = append(append(out, `","level":"`...), line.Level.String()...)
		out = append(exact.AppendString(append(out, `","message":`...), line.Message), '}')
	}
	out = strconv.AppendBool(append(out, `],"truncated":`...), result.Truncated)
	out = append(out, `,"error":`...)
	if result.Error == nil {
		out = append(out, "null"...)
	} else {
		out = append(out, result.Error.object(result.Invocation)...)
	}
	out = append(out, `,"duration_ms":`...)
	out = strconv.AppendFloat(out, float64(result.Duration.Microseconds())/1e3, 'f', -1, 64)
	header["Content-Type"] = jsonType
	return Outgoing{http.StatusOK, identified(header, result.Invocation), append(out, '}')}
}

// appendHeaders leaves out those of the runtime: they belong to the HTTP answer around it.
func appendHeaders(out []byte, header http.Header) []byte {
	out = append(out, '{')
	first := true
	for _, name := range slices.Sorted(maps.Keys(header)) {
		if strings.HasPrefix(name, contract.ReservedPrefix) {
			continue
		}
		if !first {
			out = append(out, ',')
		}
		first = false
		out = append(exact.AppendString(out, strings.ToLower(name)), ':', '[')
		for i, value := range header[name] {
			if i > 0 {
				out = append(out, ',')
			}
			out = exact.AppendString(out, value)
		}
		out = append(out, ']')
	}
	return append(out, '}')
}

// countedBytes is how long a body net/http counts by itself.
const countedBytes = 2047

// Send hands the answer to net/http. Its header is that of w.
func (o Outgoing) Send(w http.ResponseWriter, toHead bool) {
	if (toHead || len(o.Body) > countedBytes) && !isBodyless(o.Status) {
		o.Header["Content-Length"] = []string{strconv.Itoa(len(o.Body))}
	}
	w.WriteHeader(o.Status)
	if len(o.Body) > 0 {
		// An error means that the client is gone.
		_, _ = w.Write(o.Body)
	}
}

// Bytes is the answer as it goes over the wire, the last of its connection.
func (o Outgoing) Bytes(toHead bool) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\n", o.Status, http.StatusText(o.Status))
	o.Header["Content-Length"] = []string{strconv.Itoa(len(o.Body))}
	o.Header["Connection"] = []string{"close"}
	o.Header["Date"] = []string{time.Now().UTC().Format(http.TimeFormat)}
	_ = o.Header.Write(&out)
	out.WriteString("\r\n")
	if !toHead {
		out.Write(o.Body)
	}
	return out.Bytes()
}
