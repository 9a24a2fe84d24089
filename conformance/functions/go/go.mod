module slipway-conformance

go 1.26

require (
	github.com/google/uuid v1.6.0
	slipway v0.0.0
)

replace slipway => ../../../runtimes/go/types
