package httpd

import (
	"os"
	"time"

	"slipway/server/internal/contract"
	"slipway/server/internal/control"
	"slipway/server/internal/table"
)

// States of the process.
const (
	serving uint32 = iota
	// retiring: another process serves, this one finishes what it has begun.
	retiring
	// draining: the server ends.
	draining
)

const (
	// idle is after how long a connection is closed that says nothing between requests.
	idle = 120 * time.Second
	// lastAnswers is what answers get to reach their callers once nothing is in flight.
	lastAnswers = 500 * time.Millisecond
	// glance is how often deadlines are looked at.
	glance = 25 * time.Millisecond
	// lastLines is what the log gets.
	lastLines = time.Second
)

// watch gives signs of life, ends invocations whose time is over, and closes connections that stall. A timer for each
// invocation would cost more than a glance at all of them now and then.
func (s *server) watch() {
	swept := time.Now()
	for now := range time.Tick(glance) {
		table.LetTime()
		s.connections.table.Beat()
		s.standard.restore()
		if s.inFlight.Load() > 0 {
			s.connections.giveUpOverdue(now)
		}
		if now.Sub(swept) < time.Second {
			continue
		}
		swept = now
		for _, c := range s.connections.all() {
			still := c.entry.StillFor()
			switch c.entry.Phase() {
			case table.Head, table.Body:
				if still >= contract.Stall {
					c.shut()
				}
			case table.Idle, table.Claimed, table.Answering:
				if still >= idle {
					c.shut()
				}
			}
		}
	}
}

// retire asks for a replacement. Until it is there, this process goes on.
func (s *server) retire() {
	s.retiring.Do(func() {
		if control.Send(control.Control, control.Message{Kind: control.Retiring}) != nil {
			os.Exit(1)
		}
	})
}

// leave takes no more connections, and ends the process once what is in flight has ended.
func (s *server) leave(state uint32) {
	if s.state.Swap(state) == state {
		return
	}
	// Not Shutdown: it drops a connection whose first request has just come.
	_ = s.listener.Close()
	s.http.SetKeepAlivesEnabled(false)
	var graceEnds <-chan time.Time
	var graceEnd time.Time
	if state == draining {
		graceEnds = time.After(s.settings.Grace)
		graceEnd = time.Now().Add(s.settings.Grace)
	}
	for s.inFlight.Load() > s.abandoned.Load() {
		select {
		case <-graceEnds:
			for _, c := range s.connections.all() {
				if i := c.invocation.Load(); i != nil {
					go i.giveUp(shuttingDown)
				}
			}
		case <-time.After(time.Millisecond):
		}
	}
	for end := time.Now().Add(lastAnswers); ; time.Sleep(time.Millisecond) {
		busy, answering := s.isBusy()
		if !(busy && time.Now().Before(end)) && !(answering && time.Now().Before(graceEnd)) {
			break
		}
	}
	s.log.Flush(lastLines)
	os.Exit(0)
}

// isBusy tells whether a request is about to come, being read or answered that is not abandoned, and whether one is being
// answered.
func (s *server) isBusy() (busy, answering bool) {
	for _, c := range s.connections.all() {
		switch c.entry.Phase() {
		case table.Idle:
			busy = busy || c.isFresh()
		case table.Head, table.Body, table.Running:
			busy = true
		case table.Claimed, table.Answering:
			if c.invocation.Load() == nil {
				busy, answering = true, true
			}
		}
	}
	return busy, answering
}
