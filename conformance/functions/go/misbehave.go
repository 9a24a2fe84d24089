package conformance

import (
	"encoding/json"
	"errors"
	"os"
	"syscall"
	"time"
)

func throw(_ *invocation, s step) error {
	message, err := text(s, "message")
	if err != nil {
		return err
	}
	panic(message)
}

// background fails in a task of the runtime's: the panic of a plain goroutine ends a Go process, by definition.
func background(i *invocation, s step) error {
	return later(i, s, func(message string) error { panic(message) })
}

func backgroundLog(i *invocation, s step) error {
	return later(i, s, func(message string) error {
		i.req.Log(message)
		return nil
	})
}

func later(i *invocation, s step, do func(string) error) error {
	delay, err := milliseconds(s, "ms")
	if err != nil {
		return err
	}
	message, err := text(s, "message")
	if err != nil {
		return err
	}
	i.req.Go(func() error {
		time.Sleep(delay)
		return do(message)
	})
	return nil
}

func exit(_ *invocation, s step) error {
	how, err := text(s, "how")
	if err != nil {
		return err
	}
	switch how {
	case "exit":
		os.Exit(7)
	case "abort":
		err = syscall.Kill(os.Getpid(), syscall.SIGABRT)
	case "kill":
		err = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	default:
		return unknown(s)
	}
	// A signal takes effect a moment after it was sent.
	time.Sleep(time.Minute)
	return errors.Join(errors.New("the process outlived its end"), err)
}

const mebibyte = 1 << 20

func allocate(i *invocation, s step) error {
	_, limited := s["mb"]
	most, err := optional(s, "mb", 0)
	if err != nil {
		return err
	}
	for !limited || len(i.held) < most {
		block := make([]byte, mebibyte)
		for at := range block {
			block[at] = 1
		}
		i.held = append(i.held, block)
	}
	return nil
}

func mutate(i *invocation, s step) error {
	name, err := text(s, "name")
	if err != nil {
		return err
	}
	value, err := text(s, "value")
	if err != nil {
		return err
	}
	i.req.Headers[name] = value
	i.req.Env[name] = value
	if err := os.Setenv(name, value); err != nil {
		return err
	}
	payload, ok := object(i.req.Payload)
	if !ok {
		return nil
	}
	payload[name] = s["value"]
	i.req.Payload, err = json.Marshal(payload)
	return err
}
