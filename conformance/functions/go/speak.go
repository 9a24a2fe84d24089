package conformance

import (
	"fmt"
	"os"
	"strings"
)

func log(i *invocation, s step) error { return repeat(s, "message", i.req.Log) }

func logError(i *invocation, s step) error { return repeat(s, "message", i.req.Error) }

func print(_ *invocation, s step) error {
	to, err := optional(s, "to", "out")
	if err != nil {
		return err
	}
	files := map[string]*os.File{"out": os.Stdout, "err": os.Stderr}
	if files[to] == nil {
		return unknown(s)
	}
	return repeat(s, "text", func(text string) { fmt.Fprintln(files[to], text) })
}

func repeat(s step, name string, say func(string)) error {
	message, err := text(s, name)
	if err != nil {
		return err
	}
	times, err := optional(s, "times", 1)
	if err != nil {
		return err
	}
	for range times {
		say(message)
	}
	return nil
}

func flood(_ *invocation, s step) error {
	wanted, err := required[int](s, "bytes")
	if err != nil {
		return err
	}
	length, err := optional(s, "line", 100)
	if err != nil {
		return err
	}
	line := strings.Repeat("x", max(length-1, 0)) + "\n"
	for written := 0; written < wanted; written += len(line) {
		fmt.Print(line)
	}
	return nil
}

func writeBytes(_ *invocation, s step) error {
	bytes, err := required[[]byte](s, "base64")
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(bytes, '\n'))
	return err
}
