// Package server makes a program of a function: the process that answers on port 3000.
package server

import (
	"context"

	"slipway"
	"slipway/server/internal/httpd"
)

// Serve serves a function until the process ends. Process 1 starts the program, and gives it the socket.
func Serve[F slipway.Function](function F) {
	httpd.Run(adapt(function))
}

func adapt[F slipway.Function](function F) httpd.Function {
	switch call := any(function).(type) {
	case func(*slipway.Request, *slipway.Response) error:
		return call
	case func(*slipway.Request, *slipway.Response):
		return func(req *slipway.Request, res *slipway.Response) error {
			call(req, res)
			return nil
		}
	case func(context.Context, *slipway.Request, *slipway.Response) error:
		return func(req *slipway.Request, res *slipway.Response) error { return call(req.Context(), req, res) }
	case func(context.Context, *slipway.Request, *slipway.Response):
		return func(req *slipway.Request, res *slipway.Response) error {
			call(req.Context(), req, res)
			return nil
		}
	}
	panic("slipway.Function has a form that is not served")
}
