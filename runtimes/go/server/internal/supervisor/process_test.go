package supervisor

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
)

// However far its start has come: there is room for ever more descriptors, and then the program is missing.
func TestFailedStartLeavesNothing(t *testing.T) {
	var usual syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
		t.Fatal(err)
	}
	before := descriptors(t)
	for room := range 11 {
		limit, want := usual, syscall.ENOENT
		if room < 10 {
			limit.Cur, want = uint64(free(room)), syscall.EMFILE
		}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		_, got := start([]string{"/nowhere"}, nil, 0, 0, nil)
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &usual); err != nil {
			t.Fatal(err)
		}
		if !errors.Is(got, want) {
			t.Errorf("with room for %d descriptors: %v", room, got)
		}
		if after := descriptors(t); !slices.Equal(before, after) {
			t.Fatalf("with room for %d descriptors %q became %q", room, before, after)
		}
	}
}

// free returns a descriptor below which so many are free.
func free(count int) int {
	for descriptor := 0; ; descriptor++ {
		if _, err := os.Lstat("/proc/self/fd/" + strconv.Itoa(descriptor)); err != nil {
			if count == 0 {
				return descriptor
			}
			count--
		}
	}
}

func descriptors(t *testing.T) []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}
