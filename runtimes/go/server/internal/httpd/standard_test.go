package httpd

import (
	"net"
	"os"
	"syscall"
	"testing"
)

func TestAConnectionIsNeverInThePlaceOfStandardInput(t *testing.T) {
	kept, err := keepStandard()
	if err != nil {
		t.Fatal(err)
	}
	listening, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listening.Close()
	client, err := net.Dial("tcp", listening.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	before, err := os.Readlink("/proc/self/fd/0")
	if err != nil {
		t.Fatal(err)
	}
	syscall.Close(0)
	accepted, err := (&listener{listening.(*net.TCPListener), kept, nil}).next()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if after, err := os.Readlink("/proc/self/fd/0"); err != nil || after != before {
		t.Errorf("standard input is %q, not %q: %v", after, before, err)
	}
	if _, err := accepted.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if n, err := client.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("%d bytes arrived: %v", n, err)
	}
}
