package httpd

import (
	"bytes"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"slipway"
	"slipway/server/internal/control"
	"slipway/server/internal/logs"
)

// printed makes lines of the log of what reaches standard output and error past the log.
//
// Go does not tell which goroutine printed: such lines are the one invocation's that is in flight, or nobody's. What is
// printed stays in the pipes until it is in the log, as this process may end at any time: process 1 reads what is left.
type printed struct {
	pipes [2]*pipe
}

type pipe struct {
	server     *server
	descriptor int
	level      slipway.Level
	// mu is held from before bytes are read until they are in the log.
	mu    sync.Mutex
	lines logs.Lines
	bytes []byte
	// copies is a pipe that takes a copy of what is to be read.
	copies [2]int
	// dirty while mu is held, and while the beginning of a line is kept.
	dirty atomic.Bool
}

func newPrinted(s *server) (*printed, error) {
	p := &printed{pipes: [2]*pipe{
		{server: s, descriptor: control.PrintedOut, level: slipway.Info},
		{server: s, descriptor: control.PrintedErr, level: slipway.Error},
	}}
	for _, pipe := range p.pipes {
		pipe.bytes = make([]byte, 64*1024)
		if err := syscall.Pipe2(pipe.copies[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
			return nil, fmt.Errorf("the system gives no pipe: %w", err)
		}
		_ = syscall.SetNonblock(pipe.descriptor, true)
		go pipe.run(os.NewFile(uintptr(pipe.descriptor), "printed"))
	}
	return p, nil
}

// settle returns when all that an invocation has printed is in the log: what is read when it is no longer in flight would
// pass for another one's. Where it is alone, its last line is ended, too.
func (p *printed) settle(alone bool) {
	if !p.pipes[0].dirty.Load() && !p.pipes[1].dirty.Load() && !p.anything() {
		return
	}
	for _, pipe := range p.pipes {
		pipe.settle(alone)
	}
}

// anything tells, in one system call, whether there is something in either pipe.
func (p *printed) anything() bool {
	const readable = 1
	type poll struct {
		descriptor int32
		events     int16
		found      int16
	}
	pipes := [2]poll{{control.PrintedOut, readable, 0}, {control.PrintedErr, readable, 0}}
	var now syscall.Timespec
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PPOLL, uintptr(unsafe.Pointer(&pipes)), uintptr(len(pipes)),
		uintptr(unsafe.Pointer(&now)), 0, 0, 0)
	return errno == 0 && (pipes[0].found|pipes[1].found)&readable != 0
}

// waiting is how many bytes are in the pipe.
func (p *pipe) waiting() int {
	const fionread = 0x541b
	var count int32
	_, _, _ = syscall.RawSyscall(syscall.SYS_IOCTL, uintptr(p.descriptor), fionread, uintptr(unsafe.Pointer(&count)))
	return int(count)
}

func (p *pipe) settle(alone bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// What a goroutine of the function goes on printing meanwhile is left to the reader.
	for left := p.waiting(); left > 0; {
		n := p.read(alone)
		if n <= 0 {
			break
		}
		left -= n
	}
	if alone {
		p.lines.End(p.emit)
		p.server.log.Sync()
	}
	p.dirty.Store(p.lines.Pending())
}

// pause is how long what is printed waits for more, and for the end of its invocation. A process that ends does so right
// after it has said why: to be half-way through that would have process 1 repeat it.
const pause = time.Millisecond

func (p *pipe) run(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		p.server.log.Post(slipway.Error, logs.Owner{}, "what is printed can't be read: "+err.Error())
		return
	}
	// It ends when the pipe does, which is when the function has closed its standard output.
	_ = raw.Read(func(uintptr) bool {
		time.Sleep(pause)
		for {
			p.mu.Lock()
			p.dirty.Store(true)
			n := p.read(false)
			p.dirty.Store(p.lines.Pending())
			p.mu.Unlock()
			if n <= 0 {
				return n == 0
			}
		}
	})
}

// partial is how long the beginning of a line may be that is left in the pipe.
const partial = 4096

// read logs what is there, and then takes it out of the pipe; the beginning of a line only where it is told to. It returns 0
// at the end of the pipe, less where there is nothing to take.
func (p *pipe) read(all bool) int {
	n := p.peek()
	if n > 0 && !all && n < partial {
		if n = bytes.LastIndexByte(p.bytes[:n], '\n') + 1; n == 0 {
			return -1
		}
	}
	if n <= 0 {
		return n
	}
	p.lines.Add(p.bytes[:n], p.emit)
	p.server.log.Sync()
	return again(func() (int, error) { return syscall.Read(p.descriptor, p.bytes[:n]) })
}

// peek copies what is there.
func (p *pipe) peek() int {
	const nonblock = 2
	n := again(func() (int, error) {
		n, err := syscall.Tee(p.descriptor, p.copies[1], len(p.bytes), nonblock)
		return int(n), err
	})
	if n > 0 {
		n = again(func() (int, error) { return syscall.Read(p.copies[0], p.bytes) })
	}
	return n
}

// again does what a signal has interrupted once more.
func again(do func() (int, error)) int {
	for {
		if n, err := do(); err != syscall.EINTR {
			return n
		}
	}
}

func (p *pipe) emit(line string) {
	owner := logs.Owner{}
	if i := p.server.connections.only(); i != nil {
		i.keep(p.level, line)
		owner = i.owner
	}
	p.server.log.Add(p.level, owner, line)
}
