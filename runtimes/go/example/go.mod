module greeting

go 1.26

require (
	github.com/dustin/go-humanize v1.0.1
	slipway v0.0.0
)

replace slipway => ../types
