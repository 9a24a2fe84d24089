"""The verbs `build`, `launch` and `dev`: a function built, served, and served anew at each change."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen
from rich.markup import escape
from watchfiles import watch

from . import functions, last
from .engine import Engine, Launched, LaunchOptions, find
from .engine.model import check_port
from .errors import ToolError
from .functions import Function
from .kind import Kind
from .run import Run
from .terminal import Steps, console, problems, say

_POLL_SECONDS = 0.2


@frozen
class Wanted:
    """What a person asked for."""

    folder: Path
    runtime: str | None
    kind: Kind | None
    port: int
    env: Mapping[str, str]


def build(folder: Path, output: Path, runtime: str | None, kind: Kind | None) -> None:
    """Builds the function in *folder* into *output*, whose earlier content is replaced."""
    function = functions.load(folder, runtime)
    with Run() as run, Steps() as steps:
        engine = _engine(function, kind, run)
        built = run.folder("build")
        functions.build(engine, function, built, steps)
        if output.exists():
            shutil.rmtree(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(built, output, symlinks=True)
    say(f"Built into {output}")


def launch(wanted: Wanted) -> int:
    """Serves the function until Ctrl-C, which drains it; its exit code."""
    with Run() as run:
        function = functions.load(wanted.folder, wanted.runtime)
        check_port(wanted.port)
        engine = _engine(function, wanted.kind, run)
        launched = _build_and_start(engine, function, wanted, run)
        _introduce(launched)
        try:
            while launched.alive():
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            return _drain(launched)
        raise ToolError(f"The server ended by itself with exit code {launched.drain()}.")


def dev(wanted: Wanted) -> int:
    """Serves the function, and builds and launches it anew at each change of its files, until Ctrl-C."""
    with Run() as run:
        function = functions.load(wanted.folder, wanted.runtime)
        check_port(wanted.port)
        engine = _engine(function, wanted.kind, run)
        launched = _try(engine, function, wanted, run)
        if launched:
            _introduce(launched)
        try:
            for changes in watch(function.folder, raise_interrupt=True):
                names = sorted({Path(path).name for _, path in changes})
                console.print(f"[bold]changed:[/] {escape(', '.join(names[:5]))}")
                if launched:
                    launched.drain()
                    launched.remove()
                    # Where Ctrl-C comes now, there is nothing to drain.
                    launched = None
                launched = _try(engine, function, wanted, run)
        except KeyboardInterrupt:
            return _drain(launched) if launched else 0
    return 0


def _engine(function: Function, kind: Kind | None, run: Run) -> Engine:
    found = find(kind, run)
    lacking = found.engine.lacks(function.choice)
    if lacking:
        raise ToolError(
            f"The engine {found.engine.name} ({found.why}) can't run {function.choice.name}:\n  "
            + "\n  ".join(lacking)
        )
    say(f"Engine: {found.engine.name} ({found.why}). Runtime: {function.choice.name}.")
    return found.engine


def _build_and_start(engine: Engine, function: Function, wanted: Wanted, run: Run) -> Launched:
    built = run.folder("build")
    with Steps() as steps:
        functions.build(engine, function, built, steps)
    options = LaunchOptions(functions.new_secret(), wanted.port, wanted.env)
    launched = functions.start(engine, function.choice, built, options)
    last.remember(launched)
    return launched


def _try(engine: Engine, function: Function, wanted: Wanted, run: Run) -> Launched | None:
    """None where the function can't be built or launched as it stands: the next change is the next chance."""
    try:
        return _build_and_start(engine, function, wanted, run)
    except ToolError as error:
        problems.print(str(error), style="red", markup=False, soft_wrap=True)
        say("Waiting for a change …")
        return None


def _introduce(launched: Launched) -> None:
    say(f"Serving on {launched.url}. In another terminal: ./slipway invoke. Ctrl-C drains.")


def _drain(launched: Launched) -> int:
    say("Draining: what is in flight may end; Ctrl-C again ends it at once.")
    code = launched.drain()
    say("Drained." if code == 0 else f"The server ended with exit code {code}.")
    return code
