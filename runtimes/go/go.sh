# shellcheck shell=sh
# Settings of the go command for everything that is compiled here; to be sourced, with the home folder in $home.
#
# The same source is the same bytes: no folder, version control or build id shows in a program.
export GOCACHE="${home:?}/cache" GOMODCACHE="$home/modules" GOPATH="$home/modules/path"
export GOFLAGS="-trimpath -buildvcs=false -mod=mod -modcacherw '-ldflags=-s -w -buildid='" GOWORK=off GOTOOLCHAIN=local
export CGO_ENABLED=0 GOENV=off GOTELEMETRY=off
