#!/bin/sh
exec python3 "$RUNTIME_HOME/server.py"
