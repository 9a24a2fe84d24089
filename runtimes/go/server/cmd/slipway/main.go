// Command slipway is process 1 of the Go runtime. It starts the program that a build has made of a function and the
// server; where there is none, it serves itself, and says so to whoever asks.
package main

import (
	"fmt"
	"os"

	"slipway/server/internal/httpd"
	"slipway/server/internal/supervisor"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: slipway program")
		os.Exit(64)
	}
	if os.Args[1] == "serve" {
		httpd.Run(nil)
	}
	os.Exit(supervisor.Run(os.Args[1]))
}
