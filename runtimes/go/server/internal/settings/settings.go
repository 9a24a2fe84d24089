// Package settings reads the environment, once, at start. What can't be read is refused, with a line that names the
// variable.
package settings

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"slipway/server/internal/contract"
)

// Settings are what process 1 reads and the process that serves gets from it.
type Settings struct {
	Host string
	Port int
	// Secret is a digest of the secret: whoever serves can tell the secret from other values, and does not know it.
	Secret      [sha256.Size]byte
	Development bool
	Timeout     time.Duration
	Grace       time.Duration
	MaxBody     int64
	Concurrency int
}

const (
	// longest is longer than anybody means to wait, and every clock can still be added to.
	longest = 1e9
	// mostAtOnce bounds how many invocations may be in flight.
	mostAtOnce = 1 << 16
)

// FromEnvironment reads all settings.
func FromEnvironment() (*Settings, error) {
	s := &Settings{
		Host:        cmp.Or(os.Getenv("RUNTIME_HOST"), "0.0.0.0"),
		Development: os.Getenv("RUNTIME_ENV") == "development",
	}
	var port, concurrency, maxBody, workers int
	for _, whole := range []struct {
		name     string
		value    *int
		fallback int
		most     int
	}{
		{"RUNTIME_PORT", &port, 3000, math.MaxUint16},
		{"RUNTIME_CONCURRENCY", &concurrency, 100, mostAtOnce},
		{"RUNTIME_MAX_BODY", &maxBody, 20 * 1024 * 1024, math.MaxInt},
		// Read and not used: one process serves on every core.
		{"RUNTIME_WORKERS", &workers, 1, 1024},
	} {
		var err error
		if *whole.value, err = number(whole.name, whole.fallback, whole.most); err != nil {
			return nil, err
		}
	}
	s.Port, s.Concurrency, s.MaxBody = port, concurrency, int64(maxBody)
	var err error
	if s.Timeout, err = seconds("RUNTIME_TIMEOUT", 30*time.Second); err != nil {
		return nil, err
	}
	if s.Grace, err = seconds("RUNTIME_GRACE", 10*time.Second); err != nil {
		return nil, err
	}
	secret, err := secret()
	if err != nil {
		return nil, err
	}
	s.Secret = sha256.Sum256(secret)
	clear(secret)
	return s, nil
}

// FunctionEnvironment is what the function may see of the environment: name=value, as [os.Environ] has it.
func FunctionEnvironment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, contract.ReservedVariables) {
			kept = append(kept, variable)
		}
	}
	return kept
}

// secret reads the descriptor that launch.sh opened, the variable, or else the file.
func secret() ([]byte, error) {
	var secret []byte
	var err error
	if given := os.Getenv("RUNTIME_SECRET_FD"); given != "" {
		descriptor, bad := strconv.ParseUint(given, 10, 16)
		if bad != nil {
			return nil, fmt.Errorf("RUNTIME_SECRET_FD is %q: a descriptor is wanted", given)
		}
		file := os.NewFile(uintptr(descriptor), "secret")
		defer file.Close()
		if secret, err = io.ReadAll(file); err != nil {
			return nil, fmt.Errorf("the secret can't be read: %w", err)
		}
		secret = lessLineBreak(secret)
	} else if given := os.Getenv("RUNTIME_SECRET"); given != "" {
		secret = []byte(given)
	} else if path := os.Getenv("RUNTIME_SECRET_FILE"); path != "" {
		if secret, err = os.ReadFile(path); err != nil {
			return nil, fmt.Errorf("RUNTIME_SECRET_FILE can't be read: %w", err)
		}
		secret = lessLineBreak(secret)
	}
	if len(secret) == 0 {
		return nil, errors.New("there is no secret: set RUNTIME_SECRET, or RUNTIME_SECRET_FILE to a file that holds it")
	}
	return secret, nil
}

func lessLineBreak(secret []byte) []byte {
	if n := len(secret); n > 0 && secret[n-1] == '\n' {
		secret = secret[:n-1]
		if n := len(secret); n > 0 && secret[n-1] == '\r' {
			secret = secret[:n-1]
		}
	}
	return secret
}

func number(name string, fallback, most int) (int, error) {
	text, given := os.LookupEnv(name)
	if !given {
		return fallback, nil
	}
	value, err := strconv.Atoi(text)
	if err != nil || value < 1 || value > most || !isDigits(text) {
		return 0, fmt.Errorf("%s is %q: a whole number from 1 to %d is wanted", name, text, most)
	}
	return value, nil
}

func seconds(name string, fallback time.Duration) (time.Duration, error) {
	text, given := os.LookupEnv(name)
	if !given {
		return fallback, nil
	}
	value, ok := Seconds(text)
	if !ok {
		return 0, fmt.Errorf("%s is %q: a positive decimal number of seconds is wanted", name, text)
	}
	return value, nil
}

// Seconds reads a positive decimal: digits, and a fraction where there is one; no sign, no exponent.
func Seconds(text string) (time.Duration, bool) {
	whole, fraction, found := strings.Cut(text, ".")
	if !isDigits(whole) || found && !isDigits(fraction) {
		return 0, false
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || value < 1e-9 {
		return 0, false
	}
	return time.Duration(min(value, longest) * float64(time.Second)), true
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
