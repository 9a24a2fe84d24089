package httpd

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"slipway"
	"slipway/server/internal/contract"
	"slipway/server/internal/logs"
)

// mute has no text, and neither has what it panics with.
type mute struct{}

func (mute) Error() string { panic(mute{}) }

func TestFailuresWithoutAText(t *testing.T) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	log := logs.NewWriter(int(nowhere.Fd()), int(nowhere.Fd()))
	defer log.Flush(time.Second)
	for name, function := range map[string]Function{
		"returned":  func(*slipway.Request, *slipway.Response) error { return mute{} },
		"wrapped":   func(*slipway.Request, *slipway.Response) error { return fmt.Errorf("why: %w", errors.Join(mute{})) },
		"panicking": func(*slipway.Request, *slipway.Response) error { panic(mute{}) },
	} {
		s := &server{function: function, log: log}
		i := &invocation{server: s, deadline: time.Now().Add(time.Minute)}
		if failure := s.call(i, &i.request, &i.response); failure == "" {
			t.Errorf("%s: it has not failed", name)
		}
	}
}

func TestEmptyLinesAreNotKeptWithoutEnd(t *testing.T) {
	i := &invocation{inEnvelope: true}
	for range contract.ResultLogBytes + 1 {
		i.keep(slipway.Info, "")
	}
	if len(i.lines) != contract.ResultLogBytes || !i.truncated {
		t.Errorf("%d lines are kept", len(i.lines))
	}
}
