// Package httpd is the process that serves: net/http, and the function in it.
package httpd

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"slipway"
	"slipway/server/internal/contract"
	"slipway/server/internal/control"
	"slipway/server/internal/logs"
	"slipway/server/internal/table"
)

// Function is what answers.
type Function func(*slipway.Request, *slipway.Response) error

const (
	backlog = 4096
	// requestLineBytes is what a target may have beside the headers.
	requestLineBytes = 8 * 1024
	// stackBytes is how deep a function may call itself, a fraction of what containers have.
	stackBytes = 256 << 20
	// ballastBytes count as memory in use, though they never are: without them a small heap is collected a hundred times a
	// second under load.
	ballastBytes = 16 << 20
)

// Run serves until the process ends; nil is a function that could not be loaded.
func Run(function Function) {
	s, err := newServer(function)
	if err == nil {
		err = s.run()
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func newServer(function Function) (*server, error) {
	for descriptor := control.Listener; descriptor < control.Count; descriptor++ {
		syscall.CloseOnExec(descriptor)
	}
	first, err := control.NewReceiver(control.Control).Receive()
	if err != nil || first.Kind != control.Settings {
		return nil, fmt.Errorf("this program is started by launch.sh: %w", err)
	}
	shared, err := table.Map(control.Table)
	if err != nil {
		return nil, err
	}
	debug.SetMaxStack(stackBytes)
	// Where memory ends, this process ends, and not process 1. It is no harm where the system has no such file.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("500"), 0)
	s := &server{
		ballast:     make([]byte, ballastBytes),
		settings:    first.Settings,
		function:    function,
		environment: environment(),
		ids:         newIDs(),
		log:         logs.NewWriter(control.Log, control.Lock),
		connections: newConnections(shared),
	}
	if s.standard, err = keepStandard(); err != nil {
		return nil, err
	}
	if s.printed, err = newPrinted(s); err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:                      s,
		ConnContext:                  withConn,
		ConnState:                    noteState,
		MaxHeaderBytes:               contract.HeaderBytes + requestLineBytes,
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     log.New(complaints{s.log}, "", 0),
	}
	return s, nil
}

// run returns when the server can't go on.
func (s *server) run() error {
	if err := syscall.Listen(control.Listener, backlog); err != nil {
		return err
	}
	file := os.NewFile(control.Listener, "listener")
	inner, err := net.FileListener(file)
	if err != nil {
		return err
	}
	file.Close()
	s.listener = &listener{inner.(*net.TCPListener), s.standard, s.connections}
	go s.watch()
	go s.obey()
	if err := control.Send(control.Control, control.Message{Kind: control.Ready}); err != nil {
		return err
	}
	err = s.http.Serve(s.listener)
	// Process 1 shuts the socket, and then says why.
	time.Sleep(200 * time.Millisecond)
	if s.state.Load() != serving {
		// Whoever drains the server ends the process.
		select {}
	}
	return fmt.Errorf("connections can't be accepted any more: %w", err)
}

// obey does what process 1 says.
func (s *server) obey() {
	told := control.NewReceiver(control.Control)
	for {
		message, err := told.Receive()
		switch {
		case err != nil:
			os.Exit(1)
		case message.Kind == control.Replaced:
			go s.leave(retiring)
		case message.Kind == control.Drain:
			go s.leave(draining)
		}
	}
}

// complaints takes what net/http has to say.
type complaints struct{ log *logs.Writer }

func (c complaints) Write(line []byte) (int, error) {
	c.log.Post(slipway.Error, logs.Owner{}, string(line[:max(len(line)-1, 0)]))
	return len(line), nil
}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}
