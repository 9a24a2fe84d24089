package supervisor

import (
	"fmt"
	"net"
	"strings"
	"syscall"
)

// resolve reads the address to listen on.
func resolve(host string, port int) (*net.TCPAddr, error) {
	address, err := net.ResolveTCPAddr("tcp", fmt.Sprintf("[%s]:%d", strings.Trim(host, "[]"), port))
	if err != nil {
		return nil, fmt.Errorf("RUNTIME_HOST is %q: an address to listen on is wanted: %w", host, err)
	}
	return address, nil
}

// bind makes a socket that does not listen yet: the process that serves has it listen once the function is loaded.
func bind(address *net.TCPAddr) (int, error) {
	family, to := syscall.AF_INET6, syscall.Sockaddr(nil)
	if four := address.IP.To4(); four != nil {
		family, to = syscall.AF_INET, &syscall.SockaddrInet4{Port: address.Port, Addr: [4]byte(four)}
	} else {
		six := &syscall.SockaddrInet6{Port: address.Port, Addr: [16]byte(address.IP.To16())}
		if zone, err := net.InterfaceByName(address.Zone); err == nil {
			six.ZoneId = uint32(zone.Index)
		}
		to = six
	}
	socket, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if family == syscall.AF_INET6 {
		// An address of all interfaces means IPv4 too.
		_ = syscall.SetsockoptInt(socket, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 0)
	}
	err = syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err == nil {
		err = syscall.Bind(socket, to)
	}
	if err != nil {
		syscall.Close(socket)
		return -1, fmt.Errorf("%s can't be listened on: %w", address, err)
	}
	return socket, nil
}
