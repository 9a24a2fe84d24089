package logs

import (
	"io"
	"sync"
	"syscall"
	"time"

	"slipway"
)

// room is how many bytes may wait to be written. Who logs more has to wait.
const room = 4 << 20

// Writer writes lines from a goroutine of its own, in the order they came.
type Writer struct {
	descriptor, lock int

	mu      sync.Mutex
	changed *sync.Cond
	waiting []byte
	// busy while lines are on their way.
	busy bool
}

// NewWriter writes to a descriptor. Processes that write to the same one share the lock, a descriptor of a file.
func NewWriter(descriptor, lock int) *Writer {
	w := &Writer{descriptor: descriptor, lock: lock}
	w.changed = sync.NewCond(&w.mu)
	go w.run()
	return w
}

// Write logs a message.
func (w *Writer) Write(level slipway.Level, owner Owner, message string) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) > room {
		w.changed.Wait()
	}
	w.waiting = AppendLine(w.waiting, now, level, owner, message)
	w.changed.Broadcast()
}

// Flush waits until all lines are written, but no longer than it is told to.
func (w *Writer) Flush(longest time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.mu.Lock()
		defer w.mu.Unlock()
		for w.busy || len(w.waiting) > 0 {
			w.changed.Wait()
		}
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
}

func (w *Writer) run() {
	var lines []byte
	for {
		w.mu.Lock()
		w.busy = false
		w.changed.Broadcast()
		for len(w.waiting) == 0 {
			w.changed.Wait()
		}
		lines, w.waiting = w.waiting, lines[:0]
		w.busy = true
		w.changed.Broadcast()
		w.mu.Unlock()
		w.write(lines)
		if cap(lines) > room {
			lines = nil
		}
	}
}

// write keeps other processes from writing into the midst of a line.
func (w *Writer) write(lines []byte) {
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	for syscall.FcntlFlock(uintptr(w.lock), syscall.F_SETLKW, &lock) == syscall.EINTR {
	}
	for len(lines) > 0 {
		n, err := syscall.Write(w.descriptor, lines)
		switch {
		case err == syscall.EAGAIN:
			time.Sleep(time.Millisecond)
		case err != nil && err != syscall.EINTR:
			// Nobody reads the log any more.
			lines = nil
		case n > 0:
			lines = lines[n:]
		}
	}
	lock.Type = syscall.F_UNLCK
	_ = syscall.FcntlFlock(uintptr(w.lock), syscall.F_SETLK, &lock)
}
