package httpd

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"time"

	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/settings"
)

// isTooLarge counts the headers exactly. A line is its name, a colon, a space, its value, and CR LF.
func isTooLarge(r *http.Request) bool {
	lines, size := 0, 0
	count := func(name, value string) {
		lines++
		size += len(name) + len(value) + len(": \r\n")
	}
	if r.Host != "" {
		count("host", r.Host)
	}
	for name, values := range r.Header {
		for _, value := range values {
			count(name, value)
		}
	}
	return lines > contract.HeaderLines || size > contract.HeaderBytes
}

// isSecret compares digests, in constant time: the secret itself is not here.
func (s *server) isSecret(given []string) bool {
	if len(given) == 0 {
		return false
	}
	digest := sha256.Sum256([]byte(joined(given)))
	return subtle.ConstantTimeCompare(digest[:], s.settings.Secret[:]) == 1
}

// joined is what several fields of a name say together.
func joined(given []string) string {
	return strings.Join(given, ", ")
}

// wanted is what the headers ask of the runtime itself.
type wanted struct {
	isRaw, inEnvelope bool
	timeout           time.Duration
}

func (s *server) wanted(header http.Header) (wanted, *answer.Refusal) {
	w := wanted{timeout: s.settings.Timeout}
	if given := header[contract.ModeHeader]; given != nil {
		mode := joined(given)
		if w.isRaw = mode == "raw"; !w.isRaw && mode != "envelope" {
			return w, answer.Refuse(contract.InvalidHeader, "x-runtime-mode must be envelope or raw")
		}
	}
	if given := header[contract.ResultHeader]; given != nil {
		result := joined(given)
		if w.inEnvelope = result == "envelope"; !w.inEnvelope && result != "plain" {
			return w, answer.Refuse(contract.InvalidHeader, "x-runtime-result must be plain or envelope")
		}
	}
	if given := header[contract.TimeoutHeader]; given != nil {
		timeout, ok := settings.Seconds(joined(given))
		if !ok {
			return w, answer.Refuse(contract.InvalidHeader, "x-runtime-timeout must be a positive decimal number of seconds")
		}
		w.timeout = min(timeout, w.timeout)
	}
	return w, nil
}

// invocationID takes the caller's id over, or makes one.
func (s *server) invocationID(header http.Header) (string, *answer.Refusal) {
	given := header[contract.InvocationHeader]
	if given == nil {
		return s.ids.next(), nil
	}
	id := joined(given)
	if id == "" || len(id) > contract.InvocationIDBytes || strings.ContainsFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '.' && c != '_' && c != '-'
	}) {
		return "", answer.Refuse(contract.InvalidHeader,
			"x-runtime-invocation-id must be 1 to %d letters, digits, dots, underscores or dashes", contract.InvocationIDBytes)
	}
	return id, nil
}

// checkEnvelope refuses what is no envelope by its address, method or type.
func checkEnvelope(r *http.Request, path string) *answer.Refusal {
	switch {
	case path != "/":
		return answer.Refuse(contract.NotFound, "an envelope is posted to /; other paths need x-runtime-mode: raw")
	case r.Method != http.MethodPost:
		return answer.Refuse(contract.MethodNotAllowed, "an envelope is posted; other methods need x-runtime-mode: raw")
	case mediaType(r.Header) != "application/json":
		return answer.Refuse(contract.UnsupportedMediaType, "the content type of an envelope is application/json")
	}
	return nil
}

// mediaType is the content type in lower case and without parameters, "" where there is none.
func mediaType(header http.Header) string {
	given := header["Content-Type"]
	if given == nil {
		return ""
	}
	if given[0] == "application/json" {
		return given[0]
	}
	media, _, _ := strings.Cut(given[0], ";")
	return strings.ToLower(strings.Trim(media, " \t"))
}

// traceID is that of a valid W3C traceparent, "" where it is none.
func traceID(parent string) string {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || parts[0] == "ff" || parts[0] == "00" && len(parts) > 4 {
		return ""
	}
	for i, length := range []int{2, 32, 16, 2} {
		if len(parts[i]) != length || strings.Trim(parts[i], "0123456789abcdef") != "" {
			return ""
		}
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return ""
	}
	return parts[1]
}

// target is the path and the query as they were sent; of an absolute target, without what names the server.
func target(r *http.Request) (path, query string) {
	whole := r.RequestURI
	if whole != "" && whole[0] != '/' {
		if _, rest, found := strings.Cut(whole, "://"); found {
			whole = "/"
			if at := strings.IndexAny(rest, "/?"); at >= 0 {
				whole = rest[at:]
			}
			if whole[0] == '?' {
				whole = "/" + whole
			}
		}
	}
	path, query, _ = strings.Cut(whole, "?")
	return path, query
}
