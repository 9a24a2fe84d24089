// Package hello is what is measured: it answers as the servers beside it do.
package hello

import "slipway"

type greeting struct {
	Message string `json:"message"`
}

// Main greets.
func Main(req *slipway.Request, res *slipway.Response) error {
	var input struct{ Name string }
	if err := req.Decode(&input); err != nil {
		return err
	}
	return res.JSON(greeting{"Hello " + input.Name})
}
