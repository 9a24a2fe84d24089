// Package table is memory that process 1 shares with the process that serves: what goes on at each connection.
//
// Process 1 reads it when the other process is gone, or no longer answers, and answers in its place. Who changes a
// connection's phase from Running to Claimed is the one who answers.
package table

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"
)

// Size is more connections than a process of this kind has.
const Size = 1 << 14

// Phase is what goes on at a connection.
type Phase uint32

const (
	// Free is no connection.
	Free Phase = iota
	// Idle is between requests.
	Idle
	// Head: a request has begun to arrive.
	Head
	// Body: the rest of it is awaited, or looked at.
	Body
	// Running: the function runs.
	Running
	// Claimed: somebody is about to answer for it, and nothing of that is on the wire yet.
	Claimed
	// Answering: an answer is on its way.
	Answering
)

// Flags of an invocation.
const (
	ToHead uint32 = 1 << iota
	InEnvelope
)

// Connection is alone in its cache lines: its neighbours belong to other threads.
type Connection struct {
	phase      atomic.Uint32
	generation atomic.Uint32
	flags      atomic.Uint32
	moved      atomic.Uint32
	deadline   atomic.Int64
	idLength   atomic.Uint32
	id         [64]byte
	_          [36]byte
}

// Table is what both processes see.
type Table struct {
	beats atomic.Uint64
	// highest is that of the connections that were ever used.
	highest     atomic.Uint32
	_           [116]byte
	connections [Size]Connection
}

// Create makes a table, and the file that another process maps it from.
func Create() (*Table, *os.File, error) {
	descriptor, err := memoryFile("connections")
	if err != nil {
		return nil, nil, fmt.Errorf("the system gives no memory to share: %w", err)
	}
	file := os.NewFile(uintptr(descriptor), "connections")
	if err := file.Truncate(int64(unsafe.Sizeof(Table{}))); err != nil {
		file.Close()
		return nil, nil, err
	}
	table, err := Map(descriptor)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	return table, file, nil
}

// Map makes the table that a descriptor holds visible here. Pages that are never touched cost nothing.
func Map(descriptor int) (*Table, error) {
	memory, err := syscall.Mmap(descriptor, 0, int(unsafe.Sizeof(Table{})), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("the shared memory can't be mapped: %w", err)
	}
	return (*Table)(unsafe.Pointer(unsafe.SliceData(memory))), nil
}

// Unmap ends the use of a table.
func (t *Table) Unmap() error {
	return syscall.Munmap(unsafe.Slice((*byte)(unsafe.Pointer(t)), unsafe.Sizeof(*t)))
}

// Beat is a sign of life; Beats counts them.
func (t *Table) Beat()         { t.beats.Add(1) }
func (t *Table) Beats() uint64 { return t.beats.Load() }

// At returns a connection by its place.
func (t *Table) At(place int) *Connection { return &t.connections[place] }

// Take says that a connection is there from now on.
func (t *Table) Take(place int) *Connection {
	for {
		highest := t.highest.Load()
		if uint32(place) <= highest || t.highest.CompareAndSwap(highest, uint32(place)) {
			break
		}
	}
	c := &t.connections[place]
	c.Enter(Idle)
	return c
}

// Used returns how many places were ever taken, at least.
func (t *Table) Used() int { return int(t.highest.Load()) + 1 }

func (c *Connection) Phase() Phase       { return Phase(c.phase.Load()) }
func (c *Connection) Generation() uint32 { return c.generation.Load() }
func (c *Connection) Flags() uint32      { return c.flags.Load() }

// Enter says what goes on from now on.
func (c *Connection) Enter(phase Phase) {
	c.Move()
	c.phase.Store(uint32(phase))
}

// Leave says that the connection is gone.
func (c *Connection) Leave() {
	c.generation.Add(1)
	c.phase.Store(uint32(Free))
}

// Begin says that a function runs for the connection.
func (c *Connection) Begin(id string, flags uint32, deadline int64) {
	c.idLength.Store(uint32(copy(c.id[:], id)))
	c.flags.Store(flags)
	c.deadline.Store(deadline)
	c.phase.Store(uint32(Running))
}

// Claim makes the caller the one who answers, unless somebody else is.
func (c *Connection) Claim() bool {
	return c.phase.CompareAndSwap(uint32(Running), uint32(Claimed))
}

// ID is that of the invocation.
func (c *Connection) ID() string {
	return string(c.id[:min(int(c.idLength.Load()), len(c.id))])
}

// Deadline is when the function should have ended, by Now.
func (c *Connection) Deadline() int64 { return c.deadline.Load() }

// Move notes that bytes went over the connection.
func (c *Connection) Move() { c.moved.Store(coarse.Load()) }

// StillFor is how long ago that was.
func (c *Connection) StillFor() time.Duration {
	return time.Duration(coarse.Load()-c.moved.Load()) * Tick
}

// Tick is how exactly the movement of connections is known: reading the clock for every read would cost more than it is
// worth.
const Tick = 200 * time.Millisecond

var coarse atomic.Uint32

// LetTime lets the ticks go on; to be called once a tick.
func LetTime() { coarse.Store(uint32(Now() / int64(Tick))) }

// start is read twice, as this process's clock and as all processes' clock.
var (
	start      = time.Now()
	monotonic0 = monotonic()
)

// Now is in nanoseconds, and the same in all processes.
func Now() int64 { return At(time.Now()) }

// At is a time as Now tells it.
func At(when time.Time) int64 { return monotonic0 + int64(when.Sub(start)) }

func monotonic() int64 {
	const clockMonotonic = 1
	var now syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	if errno != 0 {
		panic("the monotonic clock can't be read: " + errno.Error())
	}
	return now.Nano()
}
