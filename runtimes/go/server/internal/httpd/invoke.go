package httpd

import (
	"net/http"
	"time"

	"slipway"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/table"
)

var (
	timedOut     = answer.Refuse(contract.Timeout, "the function did not end in time")
	shuttingDown = answer.Refuse(contract.ShuttingDown, "the server is shutting down")
)

// invoke runs the function where the request was read, without a hand-over. It does not return where somebody else has
// answered.
func (s *server) invoke(i *invocation, timeout time.Duration, header http.Header) answer.Outgoing {
	req, res := &i.request, &i.response
	i.started = time.Now()
	i.deadline = i.started.Add(timeout)
	req.ID, req.Deadline, req.Runtime = i.owner.Invocation, i.deadline, i
	flags := uint32(0)
	if i.toHead {
		flags |= table.ToHead
	}
	if i.inEnvelope {
		flags |= table.InEnvelope
	}
	i.conn.entry.Begin(i.owner.Invocation, flags, table.At(i.deadline))
	// From here on the watch sees it.
	i.conn.invocation.Store(i)
	failure := s.call(i, req, res)
	if !s.ended(i) {
		// net/http closes the connection, and says nothing.
		panic(http.ErrAbortHandler)
	}
	given, invalid := res.Given()
	refusal := i.why()
	if refusal == nil {
		refusal = s.outcome(given, invalid, failure)
	}
	inner := header
	if i.inEnvelope {
		inner = http.Header{}
	}
	var outgoing answer.Outgoing
	if refusal == nil {
		outgoing = answer.Given(inner, given, i.owner.Invocation)
	} else {
		outgoing = answer.Refused(inner, refusal, i.owner.Invocation)
	}
	return i.wrap(header, outgoing, refusal)
}

// outcome says why there is nothing to send. An answer that was given counts, whatever came after it.
func (s *server) outcome(given *slipway.Answer, invalid error, failure string) *answer.Refusal {
	switch {
	case given != nil:
		return nil
	case invalid != nil:
		return answer.Refuse(contract.InvalidResponse, "the function's answer can't be sent: %s", text("%v", invalid))
	case failure == "":
		return answer.Refuse(contract.NoResponse, "the function ended without an answer")
	case s.settings.Development:
		return answer.Refuse(contract.FunctionError, "the function failed: %s", failure)
	default:
		return answer.Refuse(contract.FunctionError, "the function failed; its log says why")
	}
}

// call runs the function and returns what it failed with, if it did.
func (s *server) call(i *invocation, req *slipway.Request, res *slipway.Response) (failure string) {
	ended := false
	defer func() {
		if ended {
			return
		}
		if value := recover(); value != nil {
			failure = i.logPanic(value)
			return
		}
		// runtime.Goexit ends this goroutine, and what net/http does in it: this is the last chance to answer.
		const why = "the function ended its goroutine"
		i.Log(slipway.Error, why)
		if i.state.CompareAndSwap(running, givenUp) {
			i.answerPast(answer.Refuse(contract.FunctionError, why))
			s.abandoned.Add(1)
		}
		s.ended(i)
	}()
	if err := s.function(req, res); err != nil {
		failure = i.logError(err)
	}
	ended = true
	return failure
}

// ended gives back what an invocation had, and tells whether the caller is the one to answer.
func (s *server) ended(i *invocation) bool {
	mine := i.state.CompareAndSwap(running, finished)
	s.printed.settle(s.inFlight.Load() == 1)
	i.returned.Store(true)
	i.end()
	i.conn.invocation.Store(nil)
	if !mine {
		s.abandoned.Add(-1)
	}
	s.inFlight.Add(-1)
	return mine && i.conn.entry.Claim()
}
