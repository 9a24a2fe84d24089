"""The command line. Each verb imports what it needs when it runs, so that none waits for another one's packages."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from slipway_conformance import contract

from . import engines, images
from .errors import ToolError
from .options import (
    Cases,
    Clauses,
    ConformanceFunction,
    Engine,
    Env,
    Folder,
    Names,
    Port,
    Profiles,
    RuntimeName,
    Target,
    TargetSecret,
)
from .terminal import problems

app = typer.Typer(
    name="slipway",
    help="Language runtimes for functions: build, launch, call, prove and measure them.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(images.app, name="images")
app.add_typer(engines.app, name="engine")


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
        str | None,
        typer.Option(
            envvar=contract.load().variable("secret"), help="Default: that of the launch."
        ),
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


@app.command()
def doctor() -> None:
    """Show what this machine has and lacks, and how to mend it."""
    from .doctor import doctor

    raise typer.Exit(doctor())


@app.command()
def verify(
    target: Target,
    engine: Engine = None,
    case: Cases = None,
    clause: Clauses = None,
    profile: Profiles = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed last time.")] = False,
    replay: Annotated[
        Path | None,
        typer.Option(help="Run the cases of this file instead, such as a counterexamples.yaml."),
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Show the chosen cases and run none.")
    ] = False,
    function: ConformanceFunction = None,
    secret: TargetSecret = "",
    reports: Annotated[
        Path | None, typer.Option(help="Folder for the reports. Default: reports.")
    ] = None,
    write_gaps: Annotated[
        bool, typer.Option("--write-gaps", help="List what fails as known gaps in runtime.yaml.")
    ] = False,
) -> None:
    """Judge a runtime, an image or a running server by the contract."""
    from slipway_conformance import cli as suite

    from . import verify as verb
    from .repository import reports as usual

    reports = reports or usual()
    selection = suite.selection_of(case, clause, profile, failed, reports, replay)
    if list_only:
        suite.list_cases(selection)
        return
    wanted = verb.Wanted(target, engine, secret, function)
    raise typer.Exit(verb.verify(wanted, selection, reports, write_gaps))


@app.command()
def flakes(
    target: Target,
    runs: Annotated[int, typer.Option(help="How often the suite runs.", min=2)] = 10,
    engine: Engine = None,
    case: Cases = None,
    clause: Clauses = None,
    profile: Profiles = None,
    function: ConformanceFunction = None,
    secret: TargetSecret = "",
) -> None:
    """Run the suite several times on one target, and show which cases both pass and fail."""
    from slipway_conformance import Selection

    from . import flakes as verb
    from .verify import Wanted

    selection = Selection(case or [], clause or [], profile or [])
    raise typer.Exit(verb.measure(Wanted(target, engine, secret, function), selection, runs))


@app.command()
def compare(names: Names = None, engine: Engine = None) -> None:
    """Send the same generated inputs to several runtimes at once: all must answer alike, byte for byte."""
    from .compare import compare

    raise typer.Exit(compare(names or [], engine))


@app.command()
def new(
    target: Annotated[str, typer.Argument(metavar="DIR|runtime")],
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="After `runtime`: the new language.")
    ] = None,
    runtime: RuntimeName = None,
) -> None:
    """Write a function's folder (new DIR --runtime NAME), or a runtime's (new runtime NAME)."""
    from . import new as verb

    if target == "runtime" and name:
        verb.new_runtime(name)
    elif name:
        raise ToolError(
            f"`new {target} {name}` says two things: new DIR --runtime NAME, or new runtime NAME."
        )
    else:
        verb.new_function(Path(target), runtime)


@app.command()
def test(
    names: Names = None,
    static: Annotated[bool, typer.Option("--static", help="Only what needs no image.")] = False,
    stop: Annotated[
        bool, typer.Option("--stop", help="Build no image where a check has failed before.")
    ] = False,
) -> None:
    """Run everything: formatters, linters, types, unit tests, images, and the suite on all of them."""
    from .test.run import Plan, test

    raise typer.Exit(test(Plan(names or [], static=static, stop=stop)))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def bench(context: typer.Context) -> None:
    """Measure runtimes beside the bare servers of their languages."""
    from .bench.cli import app as measure

    measure(context.args, prog_name="slipway bench")


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def mutants(context: typer.Context) -> None:
    """Prove the suite: the reference passes, and each broken copy of it is caught."""
    from slipway_conformance.reference.prove import command

    proof = typer.Typer(add_completion=False)
    proof.command()(command)
    proof(context.args, prog_name="slipway mutants")


@app.command()
def report(
    reports: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[REPORT]...",
            help="report.json files, shown together. Default: the latest one.",
        ),
    ] = None,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what changed between two, the older first.")
    ] = False,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder to write the page and its like into.")
    ] = None,
    bench: Annotated[
        Path | None,
        typer.Option(help="The page shows this result of `slipway bench`. Default: the latest."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown, for the summary of a CI run.")
    ] = False,
    badge: Annotated[bool, typer.Option("--badge", help="Print the badge as SVG.")] = False,
) -> None:
    """Show reports, what changed between two, or write their pages."""
    from . import report as verb

    paths = reports or []
    if sum((diff, markdown, badge, bool(to))) > 1:
        raise ToolError("--diff, --markdown, --badge and --to are each for themselves: name one.")
    if diff:
        raise typer.Exit(verb.difference(paths))
    if markdown:
        verb.summary(paths)
    elif badge:
        verb.shield(paths)
    else:
        raise typer.Exit(verb.show(paths, to, bench))


def main() -> None:
    """Runs a verb; a failure that a person can mend is one message and exit code 1."""
    try:
        app(prog_name="slipway")
    except ToolError as error:
        problems.print(str(error), style="bold red", markup=False, soft_wrap=True)
        sys.exit(1)
