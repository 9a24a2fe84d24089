// Package greeting greets whoever calls.
package greeting

import (
	"fmt"
	"sync/atomic"

	"github.com/dustin/go-humanize"
	"slipway"
)

// greeted is kept between invocations, which run at the same time.
var greeted atomic.Int64

type greeting struct {
	Message string `json:"message"`
	Caller  string `json:"caller"`
}

// Main takes {"name": "Ada"}, or nothing.
func Main(req *slipway.Request, res *slipway.Response) error {
	input := struct{ Name string }{Name: "World"}
	if err := req.Decode(&input); err != nil {
		return res.Status(400).Send("the payload is an object with a name: " + err.Error())
	}
	req.Logf("greeting %s", input.Name)
	return res.JSON(greeting{
		Message: fmt.Sprintf("Hello %s", input.Name),
		Caller:  humanize.Ordinal(int(greeted.Add(1))),
	})
}
