package table

import (
	"syscall"
	"unsafe"
)

// memoryFile makes a file that is nowhere in the file system. Package syscall has no name for the call.
func memoryFile(name string) (int, error) {
	const closeOnExec = 1
	bytes, err := syscall.BytePtrFromString(name)
	if err != nil {
		return -1, err
	}
	descriptor, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(bytes)), closeOnExec, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(descriptor), nil
}
