package httpd

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"slipway"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/logs"
	"slipway/server/internal/settings"
	"slipway/server/internal/table"
)

type server struct {
	ballast     []byte
	settings    *settings.Settings
	function    Function
	environment map[string]string
	ids         *ids
	log         *logs.Writer
	connections *connections
	standard    *standard
	printed     *printed
	http        *http.Server
	listener    *listener

	state atomic.Uint32
	// inFlight counts invocations, abandoned those of them that were answered and have not ended.
	inFlight, abandoned atomic.Int32
	retiring            sync.Once
}

// ServeHTTP answers one request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(connKey{}).(*conn)
	c.entry.Enter(table.Body)
	c.requests++
	c.unread = r.ContentLength != 0
	header := w.Header()
	outgoing, id, refusal := s.answer(c, w, r)
	if refusal != nil {
		outgoing = answer.Refused(header, refusal, id)
		if c.unread {
			// What was not read can't be told from the next request.
			header["Connection"] = closed
		}
	}
	if c.entry.Phase() != table.Claimed {
		c.entry.Enter(table.Answering)
	}
	if s.state.Load() != serving {
		header["Connection"] = closed
	}
	outgoing.Send(w, r.Method == http.MethodHead)
}

var closed = []string{"close"}

// answer goes from what costs nothing to what costs more; nothing is looked at before the secret.
func (s *server) answer(c *conn, w http.ResponseWriter, r *http.Request) (answer.Outgoing, string, *answer.Refusal) {
	none, header := answer.Outgoing{}, w.Header()
	if c.framing.large.Load() && isTooLarge(r) {
		return none, "", answer.Refuse(contract.HeadersTooLarge, "the headers are larger than the runtime takes")
	}
	path, _ := target(r)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		switch path {
		case contract.HealthPath:
			return answer.JSON(header, http.StatusOK, `{"status":"ok"}`), "", nil
		case contract.ReadyPath:
			return answer.JSON(header, http.StatusOK, `{"status":"ready"}`), "", s.available()
		}
	}
	if !s.isSecret(r.Header[contract.SecretHeader]) {
		return none, "", answer.Refuse(contract.Unauthorized, "the header x-runtime-secret is missing or wrong")
	}
	id, refusal := s.invocationID(r.Header)
	if refusal != nil {
		return none, "", refusal
	}
	wanted, refusal := s.wanted(r.Header)
	if refusal == nil && !wanted.isRaw {
		refusal = checkEnvelope(r, path)
	}
	if refusal == nil {
		refusal = s.available()
	}
	if refusal != nil {
		return none, id, refusal
	}
	body, refusal := s.body(c, w, r)
	if refusal != nil {
		return none, id, refusal
	}
	c.unread = false
	i := &invocation{server: s, conn: c, inEnvelope: wanted.inEnvelope, toHead: r.Method == http.MethodHead}
	if wanted.isRaw {
		refusal = s.raw(r, body, &i.request)
	} else {
		refusal = s.envelope(body, &i.request)
	}
	if refusal != nil {
		return none, id, refusal
	}
	inFlight := int(s.inFlight.Add(1))
	if inFlight > s.settings.Concurrency {
		s.inFlight.Add(-1)
		return none, id, overloaded
	}
	if inFlight <= 2 {
		// What was printed so far is the one's that was in flight alone, or nobody's.
		s.printed.settle(false)
	}
	i.owner = logs.Owner{Invocation: id, Trace: trace(r, &i.request)}
	return s.invoke(i, wanted.timeout, header), id, nil
}

var overloaded = answer.Refuse(contract.Overloaded, "as many invocations are in flight as the runtime takes")

// available says why no invocation would be taken now.
func (s *server) available() *answer.Refusal {
	switch {
	case s.state.Load() == draining:
		return shuttingDown
	case s.function == nil:
		return answer.Refuse(contract.FunctionNotLoaded, "the function could not be loaded; the server's log says why")
	case int(s.inFlight.Load()) >= s.settings.Concurrency:
		return overloaded
	}
	return nil
}

func trace(r *http.Request, req *slipway.Request) string {
	if given := r.Header[contract.TraceHeader]; given != nil {
		if id := traceID(joined(given)); id != "" {
			return id
		}
	}
	if given, found := req.Headers["traceparent"]; found {
		return traceID(given)
	}
	return ""
}

// environment is what the container gives to all invocations.
func environment() map[string]string {
	variables := map[string]string{}
	for _, variable := range os.Environ() {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return variables
}

func (s *server) env() map[string]string { return maps.Clone(s.environment) }

// ids makes invocation ids: those of one process begin alike.
type ids struct {
	prefix string
	count  atomic.Uint64
}

func newIDs() *ids {
	var bytes [8]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		panic(fmt.Sprintf("the system gives no random bytes: %v", err))
	}
	return &ids{prefix: hex.EncodeToString(bytes[:]) + "-"}
}

func (i *ids) next() string {
	id := append(make([]byte, 0, contract.InvocationIDBytes), i.prefix...)
	return string(strconv.AppendUint(id, i.count.Add(1), 36))
}
