module hello

go 1.26

require slipway v0.0.0

replace slipway => ../../types
