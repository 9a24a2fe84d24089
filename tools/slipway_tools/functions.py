"""A function's folder: which language it is written in, its build, and its launch with the log on the terminal."""

from __future__ import annotations

import os
import secrets
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from attrs import frozen
from slipway_conformance import contract
from slipway_conformance.runtime import Runtime

from . import repository
from .engine import Engine, Launched, LaunchOptions
from .errors import ToolError
from .repository import Choice
from .terminal import Steps, console, log_text

_LOOK_AT = 200
_TAIL_LINES = 20
_TAIL_SECONDS = 1.0


@frozen
class Function:
    """A folder that holds a function, and the runtime for it."""

    folder: Path
    choice: Choice


def load(folder: Path, runtime: str | None) -> Function:
    """The function in *folder*; its language is *runtime*, or the one that its files show."""
    if not folder.is_dir():
        raise ToolError(f"{folder} is no folder. A function is one: ./slipway new {folder}")
    folder = folder.resolve()
    return Function(folder, repository.choose(runtime) if runtime else _detect(folder))


def _detect(folder: Path) -> Choice:
    by_entry = [r for r in repository.runtimes() if (folder / r.entrypoint).is_file()]
    candidates = by_entry or [r for r in repository.runtimes() if _has_files_of(folder, r)]
    if len(candidates) == 1:
        return Choice(candidates[0], candidates[0].default_version)
    entries = ", ".join(f"{r.entrypoint} ({r.language})" for r in repository.runtimes())
    if not candidates:
        raise ToolError(f"{folder} holds no function that a runtime here knows: {entries}.")
    names = ", ".join(r.language for r in candidates)
    raise ToolError(f"{folder} could be a function of {names}: say which with --runtime.")


def _has_files_of(folder: Path, runtime: Runtime) -> bool:
    files = [path for path in sorted(folder.iterdir())[:_LOOK_AT] if path.is_file()]
    return any(path.suffix in runtime.extensions for path in files)


def build(engine: Engine, function: Function, built: Path, steps: Steps) -> None:
    """Makes the runtime ready where it isn't, then builds the function into the empty folder *built*."""
    engine.prepare(function.choice, steps)
    with steps.step(f"building {function.folder.name} for {function.choice.name}") as step:
        engine.build(function.choice, function.folder, built, step.tell)


def new_secret() -> str:
    """The caller's own RUNTIME_SECRET where it is set, a fresh one otherwise."""
    return os.environ.get(contract.load().variable("secret")) or secrets.token_urlsafe(18)


def start(
    engine: Engine,
    choice: Choice,
    built: Path,
    options: LaunchOptions,
    show: Callable[[str], None] | None = None,
) -> Launched:
    """Launches, gives every log line to *show*, and returns when the server answers."""
    launched = engine.launch(choice, built, options)
    tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def follow() -> None:
        for line in launched.lines():
            tail.append(line)
            (show or print_line)(line)

    reader = threading.Thread(target=follow, daemon=True)
    reader.start()
    try:
        launched.wait_listening()
    except BaseException as error:
        reader.join(_TAIL_SECONDS)
        launched.remove()
        if isinstance(error, ToolError) and not (tail and show is None):
            raise ToolError(f"{error}\n" + ("\n".join(tail) or "(no log)")) from None
        raise
    return launched


def print_line(line: str) -> None:
    console.print(log_text(line), soft_wrap=True)
