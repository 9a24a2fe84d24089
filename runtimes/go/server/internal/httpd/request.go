package httpd

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"slipway"
	"slipway/internal/exact"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
)

// firstBytes is how much is made room for because a client says that it comes.
const firstBytes = 1 << 20

// body reads the body, as far as it may be.
func (s *server) body(c *conn, w http.ResponseWriter, r *http.Request) ([]byte, *answer.Refusal) {
	declared := r.ContentLength
	if declared > s.settings.MaxBody {
		return nil, s.tooLarge()
	}
	if declared == 0 {
		return nil, nil
	}
	room := declared
	if room < 0 {
		room = 4096
	}
	body := make([]byte, 0, min(room, firstBytes))
	if last, ok := c.framing.lastByte(c.requests); ok && declared > 0 && leaveLastByte(w, r) {
		_, _ = io.ReadFull(r.Body, body[:declared-1])
		return append(body[:declared-1], last), nil
	}
	for {
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > s.settings.MaxBody:
			return nil, s.tooLarge()
		case err == io.EOF:
			return body, nil
		case err != nil:
			return nil, answer.Refuse(contract.BadRequest, "the body can't be read: it ends early, or its chunks are malformed")
		}
		if len(body) == cap(body) {
			more := int64(2 * len(body))
			if declared > 0 {
				more = min(more, max(declared, int64(len(body)+1)))
			}
			body = append(make([]byte, 0, more), body...)
		}
	}
}

// leaveLastByte tells whether the last byte of a body may stay unread until the answer has gone out. As soon as that is read,
// net/http starts a goroutine that waits for the client to go away, and has to wake and end it before the next request; here
// nobody asks about that.
func leaveLastByte(w http.ResponseWriter, r *http.Request) bool {
	duplex, ok := w.(interface{ EnableFullDuplex() error })
	return ok && r.Header["Expect"] == nil && duplex.EnableFullDuplex() == nil
}

func (s *server) tooLarge() *answer.Refusal {
	return answer.Refuse(contract.PayloadTooLarge, "the body has more than %d bytes", s.settings.MaxBody)
}

// envelope makes the function's request of an envelope, which it overwrites.
func (s *server) envelope(body []byte, req *slipway.Request) *answer.Refusal {
	document, err := exact.NormaliseInPlace(body)
	if err != nil {
		return answer.Refuse(contract.InvalidJSON, "the body is not JSON in UTF-8: %v", err)
	}
	if document[0] != '{' {
		return answer.Refuse(contract.InvalidEnvelope, "an envelope is a JSON object")
	}
	*req = slipway.Request{
		Payload: null, Method: http.MethodPost, Path: "/", Headers: map[string]string{}, Query: url.Values{}, Env: s.env(),
	}
	for name, value := range exact.Members(document) {
		ok := true
		switch string(name) {
		case `"payload"`:
			req.Payload = value[:len(value):len(value)]
			if value[0] == '"' {
				req.Body = []byte(exact.Unquote(value))
			}
		case `"headers"`:
			ok = eachString(value, func(name, value string) { addHeader(req.Headers, strings.ToLower(name), value) })
		case `"env"`:
			ok = eachString(value, func(name, value string) { req.Env[name] = value })
		case `"method"`:
			ok = setString(value, &req.Method)
		case `"path"`:
			ok = setString(value, &req.Path)
		case `"query"`:
			var query string
			if ok = setString(value, &query); ok {
				req.Query = parseQuery(query)
			}
		}
		if !ok {
			kind := "a string"
			if string(name) == `"headers"` || string(name) == `"env"` {
				kind = "an object of strings"
			}
			return answer.Refuse(contract.InvalidEnvelope, "%s must be %s", exact.Unquote(name), kind)
		}
	}
	return nil
}

var null = json.RawMessage("null")

func setString(value []byte, to *string) bool {
	if value[0] != '"' {
		return false
	}
	*to = exact.Unquote(value)
	return true
}

func eachString(object []byte, take func(name, value string)) bool {
	if object[0] != '{' {
		return false
	}
	for name, value := range exact.Members(object) {
		if value[0] != '"' {
			return false
		}
		take(exact.Unquote(name), exact.Unquote(value))
	}
	return true
}

// addHeader adds a field, in lower case already, to those of its name.
func addHeader(headers map[string]string, name, value string) {
	if before, ok := headers[name]; ok {
		value = before + separator(name) + value
	}
	headers[name] = value
}

func separator(name string) string {
	if name == "cookie" {
		return "; "
	}
	return ", "
}

// raw makes the function's request of the HTTP request itself.
func (s *server) raw(r *http.Request, body []byte, req *slipway.Request) *answer.Refusal {
	path, query := target(r)
	*req = slipway.Request{
		Payload: null, Method: r.Method, Path: path, Headers: rawHeaders(r), Query: parseQuery(query), Env: s.env(), Body: body,
	}
	switch media := mediaType(r.Header); {
	case media == "application/json", strings.HasSuffix(media, "+json"):
		if len(body) == 0 {
			break
		}
		document, err := exact.Normalise(body)
		if err != nil {
			return answer.Refuse(contract.InvalidJSON, "the body is not JSON in UTF-8: %v", err)
		}
		req.Payload = document
	case strings.HasPrefix(media, "text/"):
		req.Payload = exact.AppendString(nil, body)
	}
	return nil
}

// rawHeaders are the HTTP headers less those that are not the function's business.
func rawHeaders(r *http.Request) map[string]string {
	headers := make(map[string]string, len(r.Header)+1)
	if r.Host != "" {
		headers["host"] = r.Host
	}
	for name, values := range r.Header {
		if contract.IsHopByHop(name) || strings.HasPrefix(name, contract.ReservedPrefix) {
			continue
		}
		name = strings.ToLower(name)
		for _, value := range values {
			addHeader(headers, name, readable(value))
		}
	}
	for _, list := range r.Header["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			delete(headers, strings.ToLower(strings.TrimSpace(name)))
		}
	}
	return headers
}

// readable is a field's value as UTF-8 where it is that, else each byte as the Latin-1 character.
func readable(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	characters := make([]rune, 0, len(value))
	for at := range len(value) {
		characters = append(characters, rune(value[at]))
	}
	return string(characters)
}

// parseQuery decodes as forms do. What encodes nothing stays as it is, which package url refuses.
func parseQuery(text string) url.Values {
	query := url.Values{}
	for pair := range strings.SplitSeq(text, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name = decode(name)
		query[name] = append(query[name], decode(value))
	}
	return query
}

func decode(text string) string {
	if !strings.ContainsAny(text, "%+") {
		return strings.ToValidUTF8(text, "\ufffd")
	}
	decoded := make([]byte, 0, len(text))
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == '+':
			decoded = append(decoded, ' ')
		case c == '%' && at+2 < len(text) && isHex(text[at+1]) && isHex(text[at+2]):
			decoded = append(decoded, nibble(text[at+1])<<4|nibble(text[at+2]))
			at += 2
		default:
			decoded = append(decoded, c)
		}
	}
	return strings.ToValidUTF8(string(decoded), "\ufffd")
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}
