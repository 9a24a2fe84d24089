package httpd

import (
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"slipway"
	"slipway/server/internal/control"
	"slipway/server/internal/logs"
)

// printed makes lines of the log of what reaches standard output and error past the log.
//
// Go does not tell which goroutine printed: such lines are the one invocation's that is in flight, or nobody's. What is left
// in the pipes when this process ends is read by process 1.
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
	// dirty while mu is held, and while the beginning of a line is kept.
	dirty atomic.Bool
}

func newPrinted(s *server) *printed {
	p := &printed{pipes: [2]*pipe{
		{server: s, descriptor: control.PrintedOut, level: slipway.Info},
		{server: s, descriptor: control.PrintedErr, level: slipway.Error},
	}}
	for _, pipe := range p.pipes {
		pipe.bytes = make([]byte, 64*1024)
		_ = syscall.SetNonblock(pipe.descriptor, true)
		go pipe.run(os.NewFile(uintptr(pipe.descriptor), "printed"))
	}
	return p
}

// settle returns when all that the only invocation in flight has printed is in the log.
func (p *printed) settle() {
	if !p.pipes[0].dirty.Load() && !p.pipes[1].dirty.Load() && !p.anything() {
		return
	}
	for _, pipe := range p.pipes {
		pipe.settle()
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

func (p *pipe) settle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// What a goroutine of the function goes on printing meanwhile is left to the reader.
	for left := p.waiting(); left > 0; {
		n := p.read()
		if n <= 0 {
			break
		}
		left -= n
	}
	p.lines.End(p.emit)
	p.dirty.Store(false)
}

func (p *pipe) run(file *os.File) {
	raw, err := file.SyscallConn()
	if err != nil {
		p.server.log.Write(slipway.Error, logs.Owner{}, "what is printed can't be read: "+err.Error())
		return
	}
	// It ends when the pipe does, which is when the function has closed its standard output.
	_ = raw.Read(func(uintptr) bool {
		for {
			p.mu.Lock()
			p.dirty.Store(true)
			n := p.read()
			p.dirty.Store(p.lines.Pending())
			p.mu.Unlock()
			if n <= 0 {
				return n == 0
			}
		}
	})
}

// read takes what is there: 0 at the end, less where there is nothing.
func (p *pipe) read() int {
	for {
		n, err := syscall.Read(p.descriptor, p.bytes)
		if err == syscall.EINTR {
			continue
		}
		if n > 0 {
			p.lines.Add(p.bytes[:n], p.emit)
		}
		return n
	}
}

func (p *pipe) emit(line string) {
	if i := p.server.connections.only(); i != nil {
		i.Log(p.level, line)
		return
	}
	p.server.log.Write(p.level, logs.Owner{}, line)
}
