package httpd

import (
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"slipway/server/internal/control"
	"slipway/server/internal/table"
)

// conn is net/http's view of a connection. It looks at what arrives, and notes what goes on for process 1 and the watch.
type conn struct {
	*net.TCPConn
	framing     framing
	connections *connections
	place       int
	entry       *table.Connection
	// guarded: process 1 has a copy of the descriptor, which would keep the connection open.
	guarded bool
	closing sync.Once
	// accepted is when it came; heard says that it has said something since.
	accepted time.Time
	heard    atomic.Bool
	// requests is how many of them net/http has made.
	requests uint64
	// unread: the body of the request was not read, or not wholly.
	unread bool
	// hasReadDeadline: net/http has set one.
	hasReadDeadline bool
	// invocation is the one in flight.
	invocation atomic.Pointer[invocation]
}

type connKey struct{}

// isFresh tells whether its first request may be on its way: it must not be closed unheard.
func (c *conn) isFresh() bool { return !c.heard.Load() && time.Since(c.accepted) < firstBytesIn }

// firstBytesIn is how soon a client that connects to call says something, with time to spare.
const firstBytesIn = 300 * time.Millisecond

func (c *conn) Read(into []byte) (int, error) {
	if c.framing.spoilt {
		return c.framing.end(into)
	}
	n, err := c.TCPConn.Read(into)
	if n > 0 {
		if !c.heard.Load() {
			c.heard.Store(true)
		}
		c.framing.inspect(into[:n])
		switch c.entry.Phase() {
		case table.Idle:
			c.entry.Enter(table.Head)
		case table.Head, table.Body:
			c.entry.Move()
		}
	}
	return n, err
}

func (c *conn) Write(bytes []byte) (int, error) {
	if c.entry.Phase() == table.Claimed {
		c.entry.Enter(table.Answering)
	} else {
		c.entry.Move()
	}
	return c.TCPConn.Write(bytes)
}

// SetReadDeadline does what is left to do. Around each request net/http clears deadlines that were never set, which costs
// as much as parsing a header.
func (c *conn) SetReadDeadline(at time.Time) error {
	if at.IsZero() && !c.hasReadDeadline {
		return nil
	}
	c.hasReadDeadline = !at.IsZero()
	return c.TCPConn.SetReadDeadline(at)
}

// SetWriteDeadline has nothing to do: the server has no WriteTimeout, so net/http only clears what was never set.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

func (c *conn) Close() error {
	err := net.ErrClosed
	c.closing.Do(func() {
		if c.guarded {
			c.shut()
		}
		c.entry.Leave()
		c.connections.give(c.place)
		err = c.TCPConn.Close()
	})
	return err
}

// shut ends both directions; whoever reads or writes notices.
func (c *conn) shut() {
	c.control(func(descriptor int) { _ = syscall.Shutdown(descriptor, syscall.SHUT_RDWR) })
}

func (c *conn) control(do func(descriptor int)) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(descriptor uintptr) { do(int(descriptor)) })
	}
}

// lastBytes is how long the rest of an answer past net/http may take that is not sent at once.
const lastBytes = time.Second

// sendLast sends an answer past net/http and says that no more will come. The caller has claimed the connection.
func (c *conn) sendLast(bytes []byte) {
	c.entry.Enter(table.Answering)
	sent := 0
	c.control(func(descriptor int) {
		sent, _ = syscall.SendmsgN(descriptor, bytes, nil, nil, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
	})
	if sent < len(bytes) {
		_ = c.TCPConn.SetWriteDeadline(time.Now().Add(lastBytes))
		_, _ = c.Write(bytes[max(sent, 0):])
	}
	_ = c.CloseWrite()
}

// noteState hears of each request's beginning and end from net/http.
func noteState(wrapped net.Conn, state http.ConnState) {
	c := wrapped.(*conn)
	if state != http.StateIdle {
		return
	}
	if c.framing.insideHead() {
		// The next request has begun to arrive behind the last one.
		c.entry.Enter(table.Head)
	} else {
		c.entry.Enter(table.Idle)
	}
}

// connections are those that are open.
type connections struct {
	table *table.Table
	mu    sync.Mutex
	free  []int
	open  map[int]*conn
}

func newConnections(shared *table.Table) *connections {
	c := &connections{table: shared, open: map[int]*conn{}}
	for place := table.Size - 1; place >= 0; place-- {
		c.free = append(c.free, place)
	}
	return c
}

var errFull = errors.New("there are as many connections as the server takes")

// add takes a connection, and hands a copy of its descriptor to process 1.
func (cs *connections) add(accepted *net.TCPConn) (*conn, error) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	last := len(cs.free) - 1
	if last < 0 {
		return nil, errFull
	}
	c := &conn{TCPConn: accepted, connections: cs, place: cs.free[last], accepted: time.Now()}
	cs.free = cs.free[:last]
	cs.open[c.place] = c
	c.entry = cs.table.Take(c.place)
	c.control(func(descriptor int) {
		c.guarded = control.Send(control.Control, control.Message{
			Kind: control.Connection, Place: uint32(c.place), Generation: c.entry.Generation(), Descriptor: descriptor,
		}) == nil
	})
	return c, nil
}

func (cs *connections) give(place int) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.open, place)
	cs.free = append(cs.free, place)
}

// all returns those that are open now.
func (cs *connections) all() []*conn {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	all := make([]*conn, 0, len(cs.open))
	for _, c := range cs.open {
		all = append(all, c)
	}
	return all
}

// giveUpOverdue ends the invocations whose deadline has passed.
func (cs *connections) giveUpOverdue(now time.Time) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for _, c := range cs.open {
		if i := c.invocation.Load(); i != nil && now.After(i.deadline) && i.cut.Load() == nil {
			go i.giveUp(timedOut)
		}
	}
}

// only returns the invocation in flight, where it is the only one.
func (cs *connections) only() *invocation {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	var only *invocation
	for _, c := range cs.open {
		if i := c.invocation.Load(); i != nil {
			if only != nil {
				return nil
			}
			only = i
		}
	}
	return only
}

type listener struct {
	*net.TCPListener
	standard    *standard
	connections *connections
}

// next accepts a connection, in no standard stream's place.
func (l *listener) next() (*net.TCPConn, error) {
	accepted, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	moved, err := l.standard.move(accepted)
	if err != nil {
		accepted.Close()
	}
	return moved, err
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.next()
		if err != nil {
			return nil, err
		}
		c, err := l.connections.add(accepted)
		if err == nil {
			return c, nil
		}
		accepted.Close()
	}
}
