package conformance

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/google/uuid"
)

var counter atomic.Int64

func count(i *invocation, _ step) error {
	i.seen["count"] = counter.Add(1)
	return nil
}

func getenv(i *invocation, s step) error {
	name, err := text(s, "name")
	if err != nil {
		return err
	}
	var found any
	if value, set := os.LookupEnv(name); set {
		found = value
	}
	note(i, "getenv", name, found)
	return nil
}

// note adds a member to an object in seen.
func note(i *invocation, member, name string, value any) {
	found, _ := i.seen[member].(map[string]any)
	if found == nil {
		found = map[string]any{}
		i.seen[member] = found
	}
	found[name] = value
}

func findSecret(i *invocation, s step) error {
	reversed, err := text(s, "reversed")
	if err != nil {
		return err
	}
	characters := []rune(reversed)
	slices.Reverse(characters)
	secret := string(characters)
	places := []string{}
	look := func(place, text string) {
		if strings.Contains(text, secret) {
			places = append(places, place)
		}
	}
	look("req.headers", fmt.Sprint(i.req.Headers))
	look("req.env", fmt.Sprint(i.req.Env))
	look("process.env", strings.Join(os.Environ(), "\n"))
	for _, pattern := range []string{"/proc/[0-9]*/environ", "/proc/[0-9]*/cmdline"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, file := range files {
			// Another user's process, or one that has just ended, can't be read.
			if bytes, err := os.ReadFile(file); err == nil {
				look(file, string(bytes))
			}
		}
	}
	i.seen["secret"] = places
	return nil
}

func write(i *invocation, s step) error {
	path, err := text(s, "path")
	if err != nil {
		return err
	}
	outcome := "written"
	if err := os.WriteFile(path, []byte("written by the conformance function\n"), 0o644); err != nil {
		outcome = err.Error()
	}
	note(i, "write", path, outcome)
	return nil
}

func fetch(i *invocation, s step) error {
	host, err := text(s, "host")
	if err != nil {
		return err
	}
	port, err := required[int](s, "port")
	if err != nil {
		return err
	}
	limit, err := milliseconds(s, "timeout_ms")
	if err != nil {
		return err
	}
	i.seen["fetch"] = "connected"
	connection, err := net.DialTimeout("tcp", net.JoinHostPort(host, strconv.Itoa(port)), limit)
	if err != nil {
		i.seen["fetch"] = err.Error()
		return nil
	}
	return connection.Close()
}

func files(i *invocation, _ step) error {
	entries, err := os.ReadDir("/proc/self/fd")
	i.seen["files"] = len(entries)
	return err
}

func dependency(i *invocation, _ step) error {
	i.seen["dependency"] = uuid.NewSHA1(uuid.NameSpaceURL, []byte("from a dependency")).String()
	return nil
}
