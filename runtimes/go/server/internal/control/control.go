// Package control is the wire between process 1 and a process that serves: short messages, and descriptors with them.
package control

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"slipway/server/internal/settings"
)

// Descriptors of a process that serves, as process 1 gives them to it.
const (
	Stdin = iota
	Stdout
	Stderr
	// Listener is bound, and listens once the function is loaded.
	Listener
	Control
	Table
	// Lock keeps the lines of several processes apart.
	Lock
	// Log is where lines of the log go.
	Log
	// PrintedOut and PrintedErr are the other ends of Stdout and Stderr.
	PrintedOut
	PrintedErr
	Count
)

// Kind is what a message says.
type Kind byte

const (
	// Settings are the first message to a process that serves.
	Settings Kind = iota + 1
	// Ready: it listens.
	Ready
	// Connection brings a copy of a connection's descriptor.
	Connection
	// Retiring: a function holds on to the process, which wants to be replaced.
	Retiring
	// Replaced: another process listens.
	Replaced
	// Drain: end, within the grace period.
	Drain
)

const longest = 4096

// Message is what one process says to the other.
type Message struct {
	Kind Kind
	// Place and Generation name a Connection, as the table does.
	Place, Generation uint32
	// Descriptor of a Connection; the receiver closes it.
	Descriptor int
	Settings   *settings.Settings
}

// Pair makes both ends of a wire. They keep the bounds of messages.
func Pair() (ours, theirs int, err error) {
	ends, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_SEQPACKET|syscall.SOCK_CLOEXEC, 0)
	return ends[0], ends[1], err
}

// Send sends a message, and never waits: a full wire is an error.
func Send(wire int, message Message) error {
	bytes := []byte{byte(message.Kind)}
	var rights []byte
	switch message.Kind {
	case Settings:
		document, err := json.Marshal(message.Settings)
		if err != nil {
			return err
		}
		bytes = append(bytes, document...)
	case Connection:
		bytes = binary.NativeEndian.AppendUint32(bytes, message.Place)
		bytes = binary.NativeEndian.AppendUint32(bytes, message.Generation)
		rights = syscall.UnixRights(message.Descriptor)
	}
	for {
		err := syscall.Sendmsg(wire, bytes, rights, nil, syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL)
		if err != syscall.EINTR {
			return err
		}
	}
}

// Receiver takes messages from a wire, one after the other. It keeps the room for them: a message comes with each connection.
type Receiver struct {
	wire          int
	bytes, rights []byte
}

// NewReceiver is for one goroutine.
func NewReceiver(wire int) *Receiver {
	return &Receiver{wire, make([]byte, longest), make([]byte, syscall.CmsgSpace(4))}
}

// Receive waits for a message.
func (r *Receiver) Receive() (Message, error) {
	for {
		n, m, _, _, err := syscall.Recvmsg(r.wire, r.bytes, r.rights, syscall.MSG_CMSG_CLOEXEC)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return Message{}, err
		case n == 0:
			return Message{}, errors.New("the other process has closed the wire")
		}
		return read(r.bytes[:n], r.rights[:m])
	}
}

func read(bytes, rights []byte) (Message, error) {
	message := Message{Kind: Kind(bytes[0]), Descriptor: -1}
	switch message.Kind {
	case Settings:
		return message, json.Unmarshal(bytes[1:], &message.Settings)
	case Connection:
		controls, err := syscall.ParseSocketControlMessage(rights)
		if err != nil || len(controls) != 1 || len(bytes) != 9 {
			return message, fmt.Errorf("a connection came without a descriptor: %w", err)
		}
		descriptors, err := syscall.ParseUnixRights(&controls[0])
		if err != nil || len(descriptors) != 1 {
			return message, fmt.Errorf("a connection came without a descriptor: %w", err)
		}
		message.Descriptor = descriptors[0]
		message.Place, message.Generation = binary.NativeEndian.Uint32(bytes[1:]), binary.NativeEndian.Uint32(bytes[5:])
	}
	return message, nil
}
