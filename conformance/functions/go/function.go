// Package conformance is the conformance function; ../README.md says what each step does.
package conformance

import (
	"encoding/json"
	"errors"

	"slipway"
)

// invocation is what the steps of one invocation share.
type invocation struct {
	req  *slipway.Request
	res  *slipway.Response
	seen map[string]any
	held [][]byte
}

// Main runs the steps in order.
func Main(req *slipway.Request, res *slipway.Response) error {
	program, err := program(req)
	if err != nil {
		return err
	}
	i := &invocation{req: req, res: res, seen: map[string]any{}}
	for _, s := range program {
		name, err := text(s, "do")
		if err != nil {
			return err
		}
		do, known := steps[name]
		if !known {
			return unknown(s)
		}
		if err := do(i, s); err != nil {
			return err
		}
	}
	return nil
}

func program(req *slipway.Request) ([]step, error) {
	var program []step
	if payload, ok := object(req.Payload); ok {
		if given, found := payload["steps"]; found {
			if json.Unmarshal(given, &program) != nil {
				return nil, errors.New("the steps are no list")
			}
			return program, nil
		}
	}
	given, found := req.Headers["x-conformance-steps"]
	if !found {
		given = `[{"do":"report"}]`
	}
	return program, json.Unmarshal([]byte(given), &program)
}

// object reads the members of a JSON object, and leaves their values as they are.
func object(document json.RawMessage) (map[string]json.RawMessage, bool) {
	var members map[string]json.RawMessage
	ok := json.Unmarshal(document, &members) == nil && members != nil
	return members, ok
}

var steps = map[string]func(*invocation, step) error{
	"send":           send,
	"json":           sendJSON,
	"report":         report,
	"echo":           echo,
	"again":          again,
	"await":          await,
	"block":          block,
	"spin":           spin,
	"meet":           meet,
	"log":            log,
	"error":          logError,
	"print":          print,
	"flood":          flood,
	"bytes":          writeBytes,
	"throw":          throw,
	"background":     background,
	"background_log": backgroundLog,
	"exit":           exit,
	"allocate":       allocate,
	// Compiled code can't be replaced.
	"patch":       func(*invocation, step) error { return nil },
	"mutate":      mutate,
	"count":       count,
	"getenv":      getenv,
	"find_secret": findSecret,
	"write":       write,
	"fetch":       fetch,
	"files":       files,
	"dependency":  dependency,
}
