package conformance

import (
	"fmt"
	"math"
	"sync"
	"time"
)

// await waits as a function should: no longer than its context lets it.
func await(i *invocation, s step) error {
	delay, err := milliseconds(s, "ms")
	if err != nil {
		return err
	}
	select {
	case <-time.After(delay):
		return nil
	case <-i.req.Context().Done():
		return i.req.Context().Err()
	}
}

func block(_ *invocation, s step) error {
	delay, err := milliseconds(s, "ms")
	time.Sleep(delay)
	return err
}

func spin(_ *invocation, s step) error {
	delay, err := optional(s, "ms", math.Inf(1))
	if err != nil {
		return err
	}
	for began := time.Now(); float64(time.Since(began)) < delay*float64(time.Millisecond); {
	}
	return nil
}

// meeting is where invocations wait for each other.
type meeting struct {
	arrived int
	// changed is closed, and made anew, at each arrival.
	changed chan struct{}
}

var (
	meetingsMu sync.Mutex
	meetings   = map[string]*meeting{}
)

func meet(i *invocation, s step) error {
	name, err := text(s, "name")
	if err != nil {
		return err
	}
	count, err := required[int](s, "count")
	if err != nil {
		return err
	}
	limit, err := milliseconds(s, "timeout_ms")
	if err != nil {
		return err
	}
	timeout := time.After(limit)
	arrived, changed := arrive(name)
	for arrived < count {
		select {
		case <-changed:
			arrived, changed = look(name)
		case <-timeout:
			return fmt.Errorf("meet: %d of %d", arrived, count)
		case <-i.req.Context().Done():
			return i.req.Context().Err()
		}
	}
	return nil
}

func arrive(name string) (int, <-chan struct{}) {
	meetingsMu.Lock()
	defer meetingsMu.Unlock()
	m := meetings[name]
	if m == nil {
		m = &meeting{}
		meetings[name] = m
	} else {
		close(m.changed)
	}
	m.arrived++
	m.changed = make(chan struct{})
	return m.arrived, m.changed
}

func look(name string) (int, <-chan struct{}) {
	meetingsMu.Lock()
	defer meetingsMu.Unlock()
	return meetings[name].arrived, meetings[name].changed
}
