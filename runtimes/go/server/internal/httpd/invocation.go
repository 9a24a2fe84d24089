package httpd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"slipway"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/logs"
)

// invocation is one run of the function, and what the runtime does for it.
type invocation struct {
	server     *server
	conn       *conn
	owner      logs.Owner
	inEnvelope bool
	toHead     bool
	request    slipway.Request
	response   slipway.Response
	started    time.Time
	deadline   time.Time

	// state says who answers; cut says that it was given up, and why.
	state    atomic.Uint32
	cut      atomic.Pointer[answer.Refusal]
	returned atomic.Bool

	mu     sync.Mutex
	ctx    context.Context
	cancel context.CancelFunc
	// lines for the result envelope, and how many bytes their messages have.
	lines     []answer.Line
	bytes     int
	truncated bool
}

const (
	running uint32 = iota
	// finished: whoever called the function answers.
	finished
	// givenUp: it was answered past net/http.
	givenUp
)

// Context ends with the deadline. It is made when it is asked for, as most functions don't.
func (i *invocation) Context() context.Context {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ctx == nil {
		i.ctx, i.cancel = context.WithDeadline(context.Background(), i.deadline)
		if i.cut.Load() != nil || i.returned.Load() {
			i.cancel()
		}
	}
	return i.ctx
}

// why says why the invocation was given up. A function may notice its deadline before the watch does.
func (i *invocation) why() *answer.Refusal {
	if time.Until(i.deadline) <= 0 {
		i.cut.CompareAndSwap(nil, timedOut)
	}
	return i.cut.Load()
}

// end ends the context, and tells whether there was one.
func (i *invocation) end() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.cancel == nil {
		return false
	}
	i.cancel()
	return true
}

// Log writes a line of the log, and keeps it for the result envelope.
func (i *invocation) Log(level slipway.Level, message string) {
	i.keep(level, message)
	i.server.log.Write(level, i.owner, message)
}

// keep keeps the newest lines for the result envelope, up to a limit.
func (i *invocation) keep(level slipway.Level, message string) {
	if !i.inEnvelope || i.returned.Load() {
		return
	}
	line := answer.Line{Time: time.Now(), Level: level, Message: message}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lines = append(i.lines, line)
	i.bytes += weight(line)
	drop := 0
	for ; i.bytes > contract.ResultLogBytes; drop++ {
		i.bytes -= weight(i.lines[drop])
		i.truncated = true
	}
	i.lines = i.lines[drop:]
}

// weight is what a line's message takes; an empty one takes room as well.
func weight(line answer.Line) int { return max(len(line.Message), 1) }

// Go runs a task whose failure is logged.
func (i *invocation) Go(task func() error) {
	go func() {
		defer func() {
			if value := recover(); value != nil {
				i.logPanic(value)
			}
		}()
		if err := task(); err != nil {
			i.logError(err)
		}
	}()
}

// logError returns what an error says. Its methods are the function's code, and may panic.
func (i *invocation) logError(err error) string {
	isEnd := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
	if !isEnd || i.why() == nil {
		i.Log(slipway.Error, text("%+v", err))
	}
	return cmp.Or(text("%v", err), "an error without a message")
}

// logPanic returns what a panic says.
func (i *invocation) logPanic(value any) string {
	message := "panic: " + text("%v", value)
	i.Log(slipway.Error, fmt.Sprintf("%s\n\n%s", message, debug.Stack()))
	return message
}

// text is what a value says, or its type. fmt sees to methods that panic, but not to values of panics that do so in turn.
func text(format string, value any) (said string) {
	defer func() {
		if recover() != nil {
			said = fmt.Sprintf("%T", value)
		}
	}()
	return fmt.Sprintf(format, value)
}

// patience is how long a function that has asked for its context gets to end by itself once that has ended.
const patience = 100 * time.Millisecond

// giveUp ends an invocation from outside. A function that doesn't end is answered for on its connection.
func (i *invocation) giveUp(why *answer.Refusal) {
	if !i.cut.CompareAndSwap(nil, why) {
		return
	}
	if i.end() {
		time.Sleep(patience)
	}
	if !i.state.CompareAndSwap(running, givenUp) {
		return
	}
	i.server.abandoned.Add(1)
	i.answerPast(why)
	time.Sleep(patience)
	if !i.returned.Load() && i.server.state.Load() == serving {
		i.server.log.Post(slipway.Error, i.owner, "the function goes on after its timeout: its process is replaced")
		i.server.retire()
	}
}

// answerPast answers past net/http, which can't answer while the function runs.
func (i *invocation) answerPast(why *answer.Refusal) {
	if i.conn.entry.Claim() {
		outgoing := answer.Refused(map[string][]string{}, why, i.owner.Invocation)
		outgoing = i.wrap(map[string][]string{}, outgoing, why)
		i.conn.sendLast(outgoing.Bytes(i.toHead))
	}
}

// wrap puts an answer into the result envelope, where that is asked for.
func (i *invocation) wrap(header map[string][]string, inner answer.Outgoing, refusal *answer.Refusal) answer.Outgoing {
	if !i.inEnvelope {
		return inner
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return answer.Enveloped(header, inner, &answer.Result{
		Invocation: i.owner.Invocation, Error: refusal, Lines: i.lines, Truncated: i.truncated,
		Duration: time.Since(i.started),
	})
}
