package supervisor

import (
	"fmt"
	"os"
	"syscall"
	"time"

	"slipway"
	"slipway/server/internal/answer"
	"slipway/server/internal/contract"
	"slipway/server/internal/control"
	"slipway/server/internal/logs"
	"slipway/server/internal/table"
)

// process is one that serves, or did.
type process struct {
	id         int
	wire       int
	table      *table.Table
	shared     *os.File
	printed    [2]int
	isFunction bool

	ready bool
	// ended: the process is gone. drained: it won't say any more.
	ended, drained bool
	status         syscall.WaitStatus

	copies map[uint32]connection
	beats  uint64
	// silent is how long it has given no sign of life.
	silent time.Duration
	// overdue: a function's deadline passed, and this process didn't see to it.
	overdue bool
	endsAt  time.Time
}

// connection is a copy of a descriptor that the process has.
type connection struct {
	generation uint32
	descriptor int
}

// event is a message from a process; a nil message is its last.
type event struct {
	process *process
	message *control.Message
}

// start starts a program as a process that serves. What it says comes as events.
func start(program []string, environment []string, listener, lock int, events chan<- event) (_ *process, err error) {
	// Descriptors that are not there yet: 0 would be another's.
	p := &process{copies: map[uint32]connection{}, isFunction: len(program) == 1, wire: -1, printed: [2]int{-1, -1}}
	var theirs []int
	defer func() {
		for _, descriptor := range theirs {
			syscall.Close(descriptor)
		}
		if err != nil {
			p.release()
		}
	}()
	var printing [2]int
	for i := range printing {
		var ends [2]int
		if err := syscall.Pipe2(ends[:], syscall.O_CLOEXEC); err != nil {
			return nil, err
		}
		p.printed[i], printing[i] = ends[0], ends[1]
		theirs = append(theirs, ends[1])
		// Room for a burst; it works with less.
		_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(ends[1]), fcntlSetPipeSize, pipeBytes)
	}
	ours, wire, err := control.Pair()
	if err != nil {
		return nil, err
	}
	p.wire, theirs = ours, append(theirs, wire)
	if p.table, p.shared, err = table.Create(); err != nil {
		return nil, err
	}
	nothing, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs = append(theirs, nothing)
	files := [control.Count]uintptr{
		control.Stdin: uintptr(nothing), control.Stdout: uintptr(printing[0]), control.Stderr: uintptr(printing[1]),
		control.Listener: uintptr(listener), control.Control: uintptr(wire), control.Table: p.shared.Fd(),
		control.Lock: uintptr(lock), control.Log: uintptr(syscall.Stdout),
		control.PrintedOut: uintptr(p.printed[0]), control.PrintedErr: uintptr(p.printed[1]),
	}
	p.id, err = syscall.ForkExec(program[0], program, &syscall.ProcAttr{
		Env: environment, Files: files[:],
		// A group of its own, so that a function that signals its group doesn't reach process 1.
		Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	})
	if err != nil {
		return nil, err
	}
	go func() {
		told := control.NewReceiver(p.wire)
		for {
			message, err := told.Receive()
			if err != nil {
				events <- event{p, nil}
				return
			}
			events <- event{p, &message}
		}
	}()
	return p, nil
}

const (
	fcntlSetPipeSize = 1031
	pipeBytes        = 1 << 20
)

// guard keeps a copy of a connection, to answer there should the process end.
func (p *process) guard(message *control.Message) {
	if earlier, found := p.copies[message.Place]; found {
		syscall.Close(earlier.descriptor)
	}
	p.copies[message.Place] = connection{message.Generation, message.Descriptor}
}

// sweep drops the copies of connections that are closed.
func (p *process) sweep() {
	for place, c := range p.copies {
		if p.table.At(int(place)).Generation() != c.generation {
			syscall.Close(c.descriptor)
			delete(p.copies, place)
		}
	}
}

// answer answers for the function on each connection where it runs and the condition holds; it returns on how many.
func (p *process) answer(log *logs.Writer, refusal *answer.Refusal, why string, holds func(*table.Connection) bool) int {
	answered := 0
	for place, c := range p.copies {
		entry := p.table.At(int(place))
		if entry.Generation() != c.generation || !holds(entry) {
			continue
		}
		id, flags := entry.ID(), entry.Flags()
		// A claim of the process counts while the process is there.
		if !entry.Claim() && (!p.ended || entry.Phase() != table.Claimed) {
			continue
		}
		answered++
		log.Post(slipway.Error, logs.Owner{Invocation: id}, why)
		outgoing := answer.Refused(map[string][]string{}, refusal, id)
		if flags&table.InEnvelope != 0 {
			outgoing = answer.Enveloped(map[string][]string{}, outgoing, &answer.Result{Invocation: id, Error: refusal})
		}
		sendLast(c.descriptor, outgoing.Bytes(flags&table.ToHead != 0))
	}
	return answered
}

// refuse answers requests that had not come as far as the function: they may be sent again.
func (p *process) refuse() {
	refusal := answer.Refuse(contract.Overloaded, "the process that was to answer has ended; try again")
	for place, c := range p.copies {
		entry := p.table.At(int(place))
		if entry.Generation() != c.generation {
			continue
		}
		switch entry.Phase() {
		case table.Idle:
			if hasArrived(c.descriptor) {
				sendLast(c.descriptor, answer.Refused(map[string][]string{}, refusal, "").Bytes(false))
			}
		case table.Head, table.Body:
			sendLast(c.descriptor, answer.Refused(map[string][]string{}, refusal, "").Bytes(false))
		}
	}
}

// hasArrived tells whether bytes wait to be read.
func hasArrived(descriptor int) bool {
	n, _, err := syscall.Recvfrom(descriptor, make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n > 0 && err == nil
}

// sendLast sends bytes and says that no more will come, without ever waiting.
func sendLast(descriptor int, bytes []byte) {
	_ = syscall.Sendmsg(descriptor, bytes, nil, nil, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	_ = syscall.Shutdown(descriptor, syscall.SHUT_WR)
}

// only returns the id of the invocation in flight, where it is the only one.
func (p *process) only() string {
	id := ""
	for place := range p.table.Used() {
		if entry := p.table.At(place); entry.Phase() == table.Running {
			if id != "" {
				return ""
			}
			id = entry.ID()
		}
	}
	return id
}

// bury sees to what a process leaves behind: callers, and what it printed.
func (p *process) bury(log *logs.Writer) {
	owner := logs.Owner{Invocation: p.only()}
	p.answer(log, answer.Refuse(contract.FunctionError, "the function ended its process"),
		"the function ended its process, or another invocation did", func(*table.Connection) bool { return true })
	p.refuse()
	for i, level := range []slipway.Level{slipway.Info, slipway.Error} {
		var lines logs.Lines
		emit := func(line string) { log.Post(level, owner, line) }
		_ = syscall.SetNonblock(p.printed[i], true)
		bytes := make([]byte, 64*1024)
		for {
			n, err := syscall.Read(p.printed[i], bytes)
			if err == syscall.EINTR {
				continue
			}
			if n <= 0 {
				break
			}
			lines.Add(bytes[:n], emit)
		}
		lines.End(emit)
	}
	p.release()
}

// release gives back whatever there is, which may be a part of it.
func (p *process) release() {
	for _, c := range p.copies {
		syscall.Close(c.descriptor)
	}
	syscall.Close(p.wire)
	syscall.Close(p.printed[0])
	syscall.Close(p.printed[1])
	if p.table != nil {
		_ = p.table.Unmap()
		p.shared.Close()
	}
}

func (p *process) kill() {
	_ = syscall.Kill(p.id, syscall.SIGKILL)
}

func (p *process) describeEnd() string {
	if p.status.Signaled() {
		return fmt.Sprintf("was ended by signal %d", p.status.Signal())
	}
	return fmt.Sprintf("ended with exit code %d", p.status.ExitStatus())
}
