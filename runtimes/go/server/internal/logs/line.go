// Package logs makes lines of the log, writes them to standard output, and makes lines of what was printed.
package logs

import (
	"time"

	"slipway"
	"slipway/internal/exact"
)

// Owner is the invocation that a line belongs to; the zero value is none.
type Owner struct {
	Invocation, Trace string
}

// Timestamp is RFC 3339, in milliseconds and UTC.
const Timestamp = "2006-01-02T15:04:05.000Z"

// AppendLine appends a line of the log, its end included.
func AppendLine(out []byte, at time.Time, level slipway.Level, owner Owner, message string) []byte {
	out = append(out, `{"time":"`...)
	out = at.UTC().AppendFormat(out, Timestamp)
	out = append(out, `","level":"`...)
	out = append(out, level.String()...)
	out = append(out, `","invocation":`...)
	if owner.Invocation == "" {
		out = append(out, "null"...)
	} else {
		out = exact.AppendString(out, owner.Invocation)
	}
	if owner.Trace != "" {
		out = append(out, `,"trace_id":`...)
		out = exact.AppendString(out, owner.Trace)
	}
	out = append(out, `,"message":`...)
	out = exact.AppendString(out, message)
	return append(out, "}\n"...)
}
