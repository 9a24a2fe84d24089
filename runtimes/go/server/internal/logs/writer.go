package logs

import (
	"io"
	"sync"
	"syscall"
	"time"

	"slipway"
)

// room is how many bytes may wait to be written by somebody else. Who posts more has to wait.
const room = 4 << 20

// Writer writes lines in the order they came. Whoever waits for its own line writes all that wait, so that one write takes
// the lines of many.
type Writer struct {
	descriptor, lock int

	mu      sync.Mutex
	changed *sync.Cond
	waiting []byte
	// spare is room for the lines that come while others are written.
	spare []byte
	// came counts the bytes that ever came, gone those that the kernel has.
	came, gone uint64
	// busy while lines are on their way; posting while a goroutine sees to those that nobody waits for.
	busy, posting bool
}

// NewWriter writes to a descriptor. Processes that write to the same one share the lock, a descriptor of a file.
func NewWriter(descriptor, lock int) *Writer {
	w := &Writer{descriptor: descriptor, lock: lock}
	w.changed = sync.NewCond(&w.mu)
	return w
}

// Write logs a message. When it returns, the kernel has the line, so that it outlives this process.
func (w *Writer) Write(level slipway.Level, owner Owner, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(level, owner, message)
	w.sync()
}

// Post logs a message, for those who must not wait for whoever reads the log.
func (w *Writer) Post(level slipway.Level, owner Owner, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) > room {
		w.changed.Wait()
	}
	w.add(level, owner, message)
	if !w.posting {
		w.posting = true
		go w.post()
	}
}

// Add has a line wait for the next Sync.
func (w *Writer) Add(level slipway.Level, owner Owner, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(level, owner, message)
}

// Sync returns when the kernel has all lines that came before.
func (w *Writer) Sync() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sync()
}

// Flush is Sync, but takes no longer than it is told to.
func (w *Writer) Flush(longest time.Duration) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Sync()
	}()
	select {
	case <-done:
	case <-time.After(longest):
	}
}

func (w *Writer) add(level slipway.Level, owner Owner, message string) {
	before := len(w.waiting)
	w.waiting = AppendLine(w.waiting, time.Now(), level, owner, message)
	w.came += uint64(len(w.waiting) - before)
}

func (w *Writer) post() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.gone < w.came {
		w.sync()
	}
	w.posting = false
}

// sync is called with mu held, which it gives away while it writes or waits.
func (w *Writer) sync() {
	for last := w.came; w.gone < last; {
		if w.busy {
			w.changed.Wait()
			continue
		}
		lines := w.waiting
		w.waiting, w.spare, w.busy = w.spare[:0], nil, true
		w.mu.Unlock()
		w.write(lines)
		w.mu.Lock()
		w.gone += uint64(len(lines))
		w.busy = false
		if cap(lines) <= room {
			w.spare = lines
		}
		w.changed.Broadcast()
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
