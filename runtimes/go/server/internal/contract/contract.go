// Package contract has the contract's names and numbers; conformance/contract.yaml states them for all languages.
package contract

import "time"

// Headers that steer the runtime, in the form that net/http keeps them.
const (
	SecretHeader     = "X-Runtime-Secret"
	ModeHeader       = "X-Runtime-Mode"
	TimeoutHeader    = "X-Runtime-Timeout"
	InvocationHeader = "X-Runtime-Invocation-Id"
	ResultHeader     = "X-Runtime-Result"
	ErrorHeader      = "X-Runtime-Error"
	TraceHeader      = "Traceparent"
	ReservedPrefix   = "X-Runtime-"
)

const (
	HealthPath = "/_runtime/health"
	ReadyPath  = "/_runtime/ready"
)

// ReservedVariables begin with this.
const ReservedVariables = "RUNTIME_"

const (
	HeaderBytes       = 16 * 1024
	HeaderLines       = 100
	Stall             = 10 * time.Second
	ResultLogBytes    = 1024 * 1024
	InvocationIDBytes = 64
	ConfigurationExit = 78
)

// Code is one of the runtime's own errors.
type Code struct {
	Name   string
	Status int
}

var (
	InvalidJSON          = Code{"invalid_json", 400}
	InvalidEnvelope      = Code{"invalid_envelope", 400}
	InvalidHeader        = Code{"invalid_header", 400}
	BadRequest           = Code{"bad_request", 400}
	Unauthorized         = Code{"unauthorized", 401}
	NotFound             = Code{"not_found", 404}
	MethodNotAllowed     = Code{"method_not_allowed", 405}
	PayloadTooLarge      = Code{"payload_too_large", 413}
	UnsupportedMediaType = Code{"unsupported_media_type", 415}
	HeadersTooLarge      = Code{"headers_too_large", 431}
	FunctionError        = Code{"function_error", 500}
	NoResponse           = Code{"no_response", 500}
	InvalidResponse      = Code{"invalid_response", 500}
	FunctionNotLoaded    = Code{"function_not_loaded", 503}
	Overloaded           = Code{"overloaded", 503}
	ShuttingDown         = Code{"shutting_down", 503}
	Timeout              = Code{"timeout", 504}
)

// IsHopByHop tells whether a header concerns one connection only. The name is in net/http's form.
func IsHopByHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer", "Transfer-Encoding",
		"Upgrade":
		return true
	}
	return false
}
