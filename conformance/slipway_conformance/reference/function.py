"""The function: loaded once, then called for each invocation, within this process where it yields
and in one of its own where it might not."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable, Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from . import logs
from .refusal import Refusal
from .request import Request
from .response import Answer, Response

Function = Callable[[Request, Response], Any]
Outcome = Answer | Refusal


class LoadError(Exception):
    """The function can't be loaded; the message says what and where."""


def load(folders: Iterable[Path], entrypoint: str) -> Function:
    """``main`` of the entry point in the first of *folders* that isn't empty."""
    path = next((one for one in folders if is_filled(one)), Path()) / entrypoint
    spec = spec_from_file_location("function", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise LoadError(f"there is no function: {path} does not exist")
    module = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise LoadError(f"{path} can't be loaded:\n{traceback.format_exc()}") from error
    main: Function | None = getattr(module, "main", None)
    if main is None or not callable(main):
        raise LoadError(f"{path} has no function main to call")
    return main


def is_filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def yields(function: Function, request: Request) -> bool:
    """Whether the function says that this invocation gives way, ends in time when it is cancelled,
    and leaves the process as it was."""
    says = getattr(function, "yields", None)
    return bool(says and says(request))


async def call(function: Function, request: Request, lines: logs.Lines, shown: bool) -> Outcome:
    """Runs the function to its end, whatever it does; *shown* puts exceptions into the answer."""
    logs.current.set(lines)
    response = Response()
    try:
        waiting = function(request, response)
        if inspect.isawaitable(waiting):
            await waiting
    except (Exception, SystemExit) as error:
        log_exception(lines, error)
        return after_exception(response, error, shown)
    finally:
        lines.flush()
    return response.first or unanswered()


def unanswered() -> Outcome:
    return Refusal("no_response", "the function ended without an answer")


def after_exception(response: Response, error: BaseException, shown: bool) -> Outcome:
    """An answer that was given stands."""
    return response.first or failure(error, shown)


def log_exception(lines: logs.Lines, error: BaseException) -> None:
    lines.add("error", "".join(traceback.format_exception(error)).rstrip())


def failure(error: BaseException, shown: bool) -> Refusal:
    told = f": {type(error).__name__}: {error}" if shown else ""
    return Refusal("function_error", f"the function failed{told}")


def background_failed(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What fails without anybody waiting is logged, under its invocation where that is known."""
    lines = context.get("lines", logs.owner())
    error = context.get("exception")
    if error is None:
        lines.add("error", context["message"])
    else:
        log_exception(lines, error)
