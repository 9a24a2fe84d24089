"""The verbs `engine start` and `engine stop`."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="The container engine that Slipway starts where none runs.", no_args_is_help=True
)


@app.command("start")
def engine_start() -> None:
    """Start one where none answers, and keep it until `slipway engine stop`."""
    from .engine import daemon, require_docker
    from .run import Run
    from .terminal import say

    with Run() as run:
        require_docker(run)
        kept = daemon.keep()
    say(
        "It runs until ./slipway engine stop."
        if kept
        else "One runs already, started by somebody else."
    )


@app.command("stop")
def engine_stop() -> None:
    """Stop the engine that Slipway started."""
    from .engine import daemon
    from .terminal import say

    say("Stopped." if daemon.stop() else "Slipway has started none: there is nothing to stop.")
