package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// step is one step's members: its name and its arguments. One of the wrong type makes the step unknown.
type step map[string]json.RawMessage

func unknown(s step) error {
	var name string
	if json.Unmarshal(s["do"], &name) != nil {
		name = strings.TrimSpace(string(s["do"]))
	}
	return fmt.Errorf("unknown step: %s", name)
}

// optional reads an argument; the fallback is for one that is missing.
func optional[T any](s step, name string, fallback T) (T, error) {
	given, found := s[name]
	if !found {
		return fallback, nil
	}
	var value *T
	if json.Unmarshal(given, &value) != nil || value == nil {
		return fallback, unknown(s)
	}
	return *value, nil
}

func required[T any](s step, name string) (T, error) {
	var none T
	if _, found := s[name]; !found {
		return none, unknown(s)
	}
	return optional(s, name, none)
}

func text(s step, name string) (string, error) { return required[string](s, name) }

func milliseconds(s step, name string) (time.Duration, error) {
	number, err := required[float64](s, name)
	return time.Duration(number * float64(time.Millisecond)), err
}
