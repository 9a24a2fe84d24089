// Package supervisor is process 1: it binds the port, starts the process that serves, and another one when that ends or
// retires.
//
// It runs no function code. Of each connection it has a copy, so that a function which ends its process does not leave its
// callers without an answer; the process that serves has no other work with that than to hand the copy over, once a
// connection.
package supervisor

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"slipway"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/control"
	"slipway/server/internal/logs"
	"slipway/server/internal/settings"
	"slipway/server/internal/table"
)

const (
	// tick is how often process 1 looks at the others.
	tick = 50 * time.Millisecond
	// late is how long after a deadline the process that serves is not trusted to see to it any more.
	late = 300 * time.Millisecond
	// stuck is how long a process with an overdue function may give no sign of life, dead how long any may.
	stuck, dead = time.Second, 5 * time.Second
	// mostFailures is how often in a row a process may end before it listens.
	mostFailures = 3
	// lastWait is what a process gets beyond the grace period to end itself.
	lastWait = 2 * time.Second
)

type supervisor struct {
	settings    *settings.Settings
	environment []string
	log         *logs.Writer
	listener    int
	lock        *os.File
	// program is the function's; empty where it can't be loaded.
	program string
	events  chan event

	alive []*process
	// current takes connections, next is to replace it as soon as it listens.
	current, next *process
	failures      int
	announced     bool
	endsAt        time.Time
}

// Run supervises a program until it is told to end, and returns the exit code.
func Run(program string) int {
	// First of all: a signal that comes while it starts must not be lost.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	// It lives on next to nothing, and would collect no garbage below 4 MiB.
	debug.SetGCPercent(10)
	read, err := settings.FromEnvironment()
	if err != nil {
		return fail(contract.ConfigurationExit, err)
	}
	address, err := resolve(read.Host, read.Port)
	if err != nil {
		return fail(contract.ConfigurationExit, err)
	}
	listener, err := bind(address)
	if err != nil {
		return fail(1, err)
	}
	shared, lock, err := table.Create()
	if err != nil {
		return fail(1, err)
	}
	_ = shared.Unmap()
	s := &supervisor{
		settings: read, environment: settings.FunctionEnvironment(), listener: listener, lock: lock,
		log:    logs.NewWriter(syscall.Stdout, int(lock.Fd())),
		events: make(chan event, 64), program: program,
	}
	defer s.log.Flush(time.Second)
	// Process 1 gets orphans anyway; elsewhere it asks for them.
	const setChildSubreaper = 36
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	if _, err := os.Stat(program); err != nil {
		s.error("the function can't be loaded: %v", err)
		s.program = ""
	}
	s.start()
	return s.run(signals)
}

func fail(code int, err error) int {
	line := logs.AppendLine(nil, time.Now(), slipway.Error, logs.Owner{}, err.Error())
	_, _ = os.Stdout.Write(line)
	return code
}

func (s *supervisor) error(format string, args ...any) {
	s.log.Post(slipway.Error, logs.Owner{}, fmt.Sprintf(format, args...))
}

func (s *supervisor) run(signals <-chan os.Signal) int {
	s.reap()
	ticker := time.NewTicker(tick)
	for {
		select {
		case received := <-signals:
			if received == syscall.SIGCHLD {
				s.reap()
			} else {
				s.drain()
			}
		case e := <-s.events:
			s.take(e)
		case <-ticker.C:
			s.look()
		}
		if s.isDraining() && len(s.alive) == 0 {
			return 0
		}
		if s.failures >= mostFailures {
			s.error("the server ended %d times before it took a connection", mostFailures)
			return 1
		}
	}
}

func (s *supervisor) isDraining() bool { return !s.endsAt.IsZero() }

// start starts the next process to serve, with the function if it can be loaded.
func (s *supervisor) start() {
	if s.next != nil || s.isDraining() {
		return
	}
	program := []string{s.program}
	if s.program == "" {
		itself, err := os.Executable()
		if err != nil {
			s.error("the server can't be found: %v", err)
			s.failures = mostFailures
			return
		}
		program = []string{itself, "serve"}
	}
	p, err := start(program, s.environment, s.listener, int(s.lock.Fd()), s.events)
	if err != nil {
		s.error("%s can't be started: %v", program[0], err)
		s.failed()
		return
	}
	s.next = p
	s.alive = append(s.alive, p)
	if err := control.Send(p.wire, control.Message{Kind: control.Settings, Settings: s.settings}); err != nil {
		p.kill()
	}
}

// failed counts a process that never served. A function that was never loaded won't be, one that was gets more chances.
func (s *supervisor) failed() {
	s.failures++
	if s.program != "" && (!s.announced || s.failures >= mostFailures) {
		s.error("the function could not be loaded")
		s.program = ""
		s.failures = 0
	}
	if s.failures < mostFailures {
		s.start()
	}
}

func (s *supervisor) take(e event) {
	p := e.process
	if e.message == nil {
		p.drained = true
		if !p.ended {
			// Without its wire it is of no use. A process that is ending ends a moment later by itself.
			p.kill()
		}
		s.finish(p)
		return
	}
	switch e.message.Kind {
	case control.Ready:
		s.replace(p)
	case control.Connection:
		p.guard(e.message)
	case control.Retiring:
		if p == s.current {
			s.start()
		}
	}
}

// replace has a process take over that listens now.
func (s *supervisor) replace(p *process) {
	if p != s.next {
		return
	}
	if s.current != nil {
		s.retire(s.current)
	}
	p.ready = true
	s.current, s.next, s.failures = p, nil, 0
	if !s.announced {
		s.announced = true
		s.log.Post(slipway.Info, logs.Owner{}, fmt.Sprintf("listening on %s:%d", s.settings.Host, s.settings.Port))
	}
}

// retire lets a process finish what it has begun.
func (s *supervisor) retire(p *process) {
	p.endsAt = time.Now().Add(s.settings.Timeout + lastWait)
	if control.Send(p.wire, control.Message{Kind: control.Replaced}) != nil {
		p.kill()
	}
}

func (s *supervisor) reap() {
	for {
		var status syscall.WaitStatus
		id, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err == syscall.EINTR {
			continue
		}
		if id <= 0 {
			return
		}
		for _, p := range s.alive {
			if p.id == id && !p.ended {
				p.ended, p.status = true, status
				s.finish(p)
				break
			}
		}
	}
}

// finish sees to a process that is gone, once all that it said has been heard.
func (s *supervisor) finish(p *process) {
	if !p.ended || !p.drained || !slices.Contains(s.alive, p) {
		return
	}
	s.alive = slices.DeleteFunc(s.alive, func(other *process) bool { return other == p })
	p.bury(s.log)
	if s.isDraining() {
		return
	}
	switch {
	case p == s.next:
		s.next = nil
		s.error("the function's process %s before it was loaded", p.describeEnd())
		s.failed()
	case p == s.current:
		s.current = nil
		s.error("the function's process %s: another one was started", p.describeEnd())
		s.start()
	}
}

// look answers for processes that don't, and ends those that should have ended.
func (s *supervisor) look() {
	now := time.Now()
	for _, p := range s.alive {
		p.sweep()
		if !p.ready {
			continue
		}
		if beats := p.table.Beats(); beats != p.beats {
			p.beats, p.silent = beats, 0
		} else {
			p.silent += tick
		}
		latest := table.Now() - int64(late)
		refusal := answer.Refuse(contract.Timeout, "the function did not end in time")
		if p.answer(s.log, refusal, "its timeout ran out, and its process does not answer", func(c *table.Connection) bool {
			return c.Deadline() < latest
		}) > 0 {
			p.overdue = true
			if p == s.current {
				s.start()
			}
		}
		if p.silent > dead || p.overdue && p.silent > stuck || !p.endsAt.IsZero() && now.After(p.endsAt) {
			p.kill()
		}
	}
	if s.isDraining() && now.After(s.endsAt) {
		for _, p := range s.alive {
			p.kill()
		}
	}
}

// drain ends everything. Nobody gets a new connection, in no process that has the socket.
func (s *supervisor) drain() {
	if s.isDraining() {
		return
	}
	s.endsAt = time.Now().Add(s.settings.Grace + lastWait)
	_ = syscall.Shutdown(s.listener, syscall.SHUT_RDWR)
	syscall.Close(s.listener)
	for _, p := range s.alive {
		if !p.ready || control.Send(p.wire, control.Message{Kind: control.Drain}) != nil {
			p.kill()
		}
	}
}
