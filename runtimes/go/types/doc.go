// Package slipway is what a function sees of its caller.
//
// A function is a package with an exported Main of one of the forms of [Function]:
//
//	func Main(req *slipway.Request, res *slipway.Response) error {
//		var input struct{ Name string }
//		if err := req.Decode(&input); err != nil {
//			return err
//		}
//		req.Logf("greeting %s", input.Name)
//		return res.JSON(map[string]string{"message": "Hello " + input.Name})
//	}
//
// The package holds data only: a test calls Main with a Request and a Response of its own.
package slipway

import "context"

// Function is what Main may be. The context ends with the invocation's deadline; it is that of [Request.Context].
type Function interface {
	func(*Request, *Response) |
		func(*Request, *Response) error |
		func(context.Context, *Request, *Response) |
		func(context.Context, *Request, *Response) error
}
