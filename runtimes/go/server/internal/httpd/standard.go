package httpd

import (
	"net"
	"os"
	"syscall"

	"slipway/server/internal/control"
)

// standard keeps the descriptors of standard input, output and error taken. A function may close them, and what is opened
// next gets their numbers: were that a caller's connection, whatever is printed would go there.
type standard struct {
	copies [control.Listener]int
}

func keepStandard() (*standard, error) {
	s := &standard{}
	for descriptor := range s.copies {
		var err error
		if s.copies[descriptor], err = duplicate(descriptor, control.Count, true); err != nil {
			return nil, os.NewSyscallError("fcntl", err)
		}
	}
	return s, nil
}

// restore opens those again that are closed.
func (s *standard) restore() {
	for descriptor, kept := range s.copies {
		if _, err := fcntl(descriptor, syscall.F_GETFD, 0); err != syscall.EBADF {
			continue
		}
		// Not dup3: the number may have been taken meanwhile.
		if got, err := duplicate(kept, descriptor, false); err == nil && got != descriptor {
			syscall.Close(got)
		}
	}
}

// move gives a connection another descriptor where it has one of these.
func (s *standard) move(accepted *net.TCPConn) (*net.TCPConn, error) {
	raw, err := accepted.SyscallConn()
	if err != nil {
		return nil, err
	}
	higher := -1
	if controlErr := raw.Control(func(descriptor uintptr) {
		if descriptor < control.Listener {
			higher, err = duplicate(int(descriptor), control.Count, true)
		}
	}); controlErr != nil {
		return nil, controlErr
	}
	if higher < 0 || err != nil {
		return accepted, err
	}
	accepted.Close()
	s.restore()
	file := os.NewFile(uintptr(higher), "connection")
	defer file.Close()
	moved, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return moved.(*net.TCPConn), nil
}

func duplicate(descriptor, from int, closeOnExec bool) (int, error) {
	command := syscall.F_DUPFD
	if closeOnExec {
		command = syscall.F_DUPFD_CLOEXEC
	}
	return fcntl(descriptor, command, from)
}

func fcntl(descriptor, command, argument int) (int, error) {
	value, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(descriptor), uintptr(command), uintptr(argument))
	if errno != 0 {
		return -1, errno
	}
	return int(value), nil
}
