"""The command line. Each verb imports what it needs when it runs, so that none waits for another one's packages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from slipway_conformance import contract

from .engine.choose import Kind
from .errors import ToolError
from .terminal import problems

if TYPE_CHECKING:
    from docker import DockerClient

app = typer.Typer(
    name="slipway",
    help="Language runtimes for functions: build, launch, call, prove and measure them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Engine = Annotated[
    Kind | None,
    typer.Option("--engine", help="docker or process; without it the best that can be had."),
]
RuntimeName = Annotated[
    str | None, typer.Option("--runtime", help="language or language:version.", metavar="NAME")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The function's folder.")]
Port = Annotated[int, typer.Option(help="The loopback port to serve on.", min=1, max=65535)]
Env = Annotated[
    list[str] | None, typer.Option("--env", "-e", help="A variable for the function: NAME=value.")
]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[RUNTIME]...", help="All without one.")
]


@app.command()
def demo(runtime: RuntimeName = None, engine: Engine = None) -> None:
    """Build, launch and call an example function, and show its answer and log."""
    from .demo import demo

    demo(runtime, engine)


@app.command()
def build(
    folder: Folder,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to. Default: DIR-build.")
    ] = None,
    runtime: RuntimeName = None,
    engine: Engine = None,
) -> None:
    """Build a function."""
    from .launch import build

    resolved = folder.resolve()
    build(folder, output or resolved.with_name(f"{resolved.name}-build"), runtime, engine)


@app.command()
def launch(
    folder: Folder,
    runtime: RuntimeName = None,
    port: Port = 3000,
    env: Env = None,
    engine: Engine = None,
) -> None:
    """Build and serve a function with its log on the terminal; Ctrl-C drains."""
    from .invoke import pairs
    from .launch import Wanted, launch

    raise typer.Exit(launch(Wanted(folder, runtime, engine, port, pairs(env or [], "=", "--env"))))


@app.command()
def dev(
    folder: Folder,
    runtime: RuntimeName = None,
    port: Port = 3000,
    env: Env = None,
    engine: Engine = None,
) -> None:
    """Serve a function, and build and launch it anew at each change."""
    from .invoke import pairs
    from .launch import Wanted, dev

    raise typer.Exit(dev(Wanted(folder, runtime, engine, port, pairs(env or [], "=", "--env"))))


@app.command()
def invoke(
    payload: Annotated[
        str | None, typer.Option("--payload", "-p", help="JSON, @FILE, or - for standard input.")
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option("--header", "-H", help="For the function: 'name: value'.")
    ] = None,
    env: Env = None,
    method: Annotated[str, typer.Option("--method", "-X")] = "POST",
    target: Annotated[str, typer.Option("--path", help="Path and query for the function.")] = "/",
    raw: Annotated[
        bool, typer.Option("--raw", help="Send the request as the function's own; see --body.")
    ] = False,
    body: Annotated[
        str, typer.Option(help="In raw mode: text, @FILE, or - for standard input.")
    ] = "",
    timeout: Annotated[str, typer.Option(help="Seconds; shortens the runtime's own.")] = "",
    url: Annotated[
        str | None, typer.Option(help="http://HOST:PORT; default: the latest launch.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(envvar=contract.load().variable("secret"), help="Default: that of the launch.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the answer's body to a file.")
    ] = None,
) -> None:
    """Call a launched function and print its answer and log."""
    from . import invoke as verb
    from .client import Call

    call = Call(
        payload=verb.payload(payload),
        headers=verb.pairs(header or [], ":", "--header"),
        env=verb.pairs(env or [], "=", "--env"),
        method=method,
        target=target,
        raw=raw,
        body=verb.read(body),
        timeout=timeout,
    )
    raise typer.Exit(verb.invoke(call, url, secret, output))


images = typer.Typer(help="Build and list the images of this repository.", no_args_is_help=True)
app.add_typer(images, name="images")


@images.command("build")
def images_build(names: Names = None) -> None:
    """Build the base and both images of each runtime, two runtimes at a time."""
    from .engine import images, require_docker
    from .repository import choices
    from .run import Run
    from .terminal import Steps

    with Run() as run:
        client = require_docker(run).client
        with Steps() as steps:
            images.build(client, choices(names), run, steps)
        _show_images(client)


@images.command("list")
def images_list() -> None:
    """List the images with the size of their own layers."""
    from .engine import require_docker
    from .run import Run

    with Run() as run:
        _show_images(require_docker(run).client)


engine = typer.Typer(help="The container engine that Slipway starts where none runs.", no_args_is_help=True)
app.add_typer(engine, name="engine")


@engine.command("start")
def engine_start() -> None:
    """Start one where none answers, and keep it until `slipway engine stop`."""
    from .engine import daemon, require_docker
    from .run import Run
    from .terminal import say

    with Run() as run:
        require_docker(run)
        kept = daemon.keep()
    say("It runs until ./slipway engine stop." if kept else "One runs already, started by somebody else.")


@engine.command("stop")
def engine_stop() -> None:
    """Stop the engine that Slipway started."""
    from .engine import daemon
    from .terminal import say

    say("Stopped." if daemon.stop() else "Slipway has started none: there is nothing to stop.")


@app.command()
def doctor() -> None:
    """Show what this machine has and lacks, and how to mend it."""
    from .doctor import doctor

    raise typer.Exit(doctor())


def _show_images(client: DockerClient) -> None:
    from .engine.images import rows, table
    from .terminal import console

    console.print(table(rows(client)))


def main() -> None:
    """Runs a verb; a failure that a person can mend is one message and exit code 1."""
    try:
        app(prog_name="slipway")
    except ToolError as error:
        problems.print(str(error), style="bold red", markup=False, soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        problems.print("Stopped; nothing of this run is left.")
        sys.exit(130)
