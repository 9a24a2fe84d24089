package httpd

import (
	"syscall"
	"testing"
	"time"

	"slipway"
	"slipway/server/internal/logs"
	"slipway/server/internal/table"
)

func TestWhatIsPrintedLeavesThePipeWhenItIsInTheLog(t *testing.T) {
	pipes := func() (ends [2]int) {
		if err := syscall.Pipe2(ends[:], syscall.O_NONBLOCK); err != nil {
			t.Fatal(err)
		}
		return ends
	}
	printed, log := pipes(), pipes()
	s := &server{log: logs.NewWriter(log[1], log[1]), connections: newConnections(&table.Table{})}
	p := &pipe{server: s, descriptor: printed[0], level: slipway.Info, bytes: make([]byte, 64*1024), copies: pipes()}
	// Nobody reads the log: it is full.
	for err := error(nil); err == nil; {
		_, err = syscall.Write(log[1], make([]byte, 4096))
	}
	text := "one\ntwo\nthe beginning"
	if _, err := syscall.Write(printed[1], []byte(text)); err != nil {
		t.Fatal(err)
	}
	done := make(chan int)
	go func() { done <- p.read(false) }()
	for range 20 {
		time.Sleep(time.Millisecond)
		if left := p.waiting(); left != len(text) {
			t.Fatalf("%d bytes are left in the pipe", left)
		}
	}
	for range 16 {
		_, _ = syscall.Read(log[0], make([]byte, 4096))
	}
	if n := <-done; n != len("one\ntwo\n") || p.waiting() != len("the beginning") {
		t.Errorf("%d bytes were taken, %d are left", n, p.waiting())
	}
}
