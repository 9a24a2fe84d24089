package conformance

import (
	"encoding/json"
	"math"
)

func send(i *invocation, s step) error {
	if err := head(i, s); err != nil {
		return err
	}
	if _, found := s["base64"]; found {
		bytes, err := required[[]byte](s, "base64")
		if err != nil {
			return err
		}
		return i.res.SendBytes(bytes)
	}
	text, err := text(s, "text")
	if err != nil {
		return err
	}
	return i.res.Send(text)
}

func sendJSON(i *invocation, s step) error {
	if err := head(i, s); err != nil {
		return err
	}
	special, err := optional(s, "special", "")
	if err != nil {
		return err
	}
	switch special {
	case "":
		return i.res.JSON(s["value"])
	case "nan":
		return i.res.JSON(math.NaN())
	case "cycle":
		type cycle struct{ Next *cycle }
		var around cycle
		around.Next = &around
		return i.res.JSON(&around)
	case "function":
		return i.res.JSON(send)
	}
	return unknown(s)
}

// head sets the status and the headers that the step has.
func head(i *invocation, s step) error {
	if _, found := s["status"]; found {
		status, err := required[int](s, "status")
		if err != nil {
			return err
		}
		i.res.Status(status)
	}
	headers, err := optional[map[string]json.RawMessage](s, "headers", nil)
	if err != nil {
		return err
	}
	for name, given := range headers {
		values := []string{""}
		if json.Unmarshal(given, &values[0]) != nil && json.Unmarshal(given, &values) != nil {
			return unknown(s)
		}
		i.res.Header()[name] = values
	}
	return nil
}

func report(i *invocation, _ step) error {
	return i.res.JSON(map[string]any{
		"request": map[string]any{
			"method":   i.req.Method,
			"path":     i.req.Path,
			"query":    i.req.Query,
			"headers":  i.req.Headers,
			"payload":  i.req.Payload,
			"env":      i.req.Env,
			"body":     append([]byte{}, i.req.Body...),
			"id":       i.req.ID,
			"deadline": i.req.Deadline.UnixMilli(),
		},
		"seen": i.seen,
	})
}

func echo(i *invocation, _ step) error {
	if payload, ok := object(i.req.Payload); ok && payload["steps"] != nil {
		return i.res.JSON(payload["value"])
	}
	if media, found := i.req.Headers["content-type"]; found {
		i.res.Header().Set("content-type", media)
	}
	return i.res.SendBytes(i.req.Body)
}

// again answers once more.
func again(i *invocation, s step) error {
	i.seen["again"] = "accepted"
	if send(i, s) != nil {
		i.seen["again"] = "raised"
	}
	return nil
}
