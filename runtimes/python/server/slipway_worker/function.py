"""Loads the function."""

import importlib.util
import inspect
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

Function = Callable[[Any, Any], Any]


class NotLoaded(Exception):
    """The function can't be called; the message says what is wrong and where."""


def load(folder: str, entrypoint: str) -> Function:
    """``main`` of the entry point; its folder and the installed dependencies are importable."""
    path = Path(folder, entrypoint)
    if not path.is_file():
        raise NotLoaded(f"{path} does not exist: RUNTIME_ENTRYPOINT names the function's file within its build")
    sys.path[:0] = [str(path.parent), str(Path(folder, ".dependencies"))]
    # Its own name, so that its other modules may import it; unless that is one of a module that is there already.
    name = path.stem if path.stem not in sys.modules else "function"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotLoaded(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise NotLoaded(f"{path} can't be loaded:\n{own_traceback(error)}") from None
    main = getattr(module, "main", None)
    if not callable(main):
        raise NotLoaded(f"{path} defines no function named main: it takes a request and a response")
    found: Function = main
    return found


def is_async(function: Function) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def own_traceback(error: BaseException) -> str:
    """The stack without the runtime's own frames. An exception is the function's own code, and may fail in turn."""
    try:
        trace = error.__traceback__
        while trace is not None and _is_own(trace.tb_frame):
            trace = trace.tb_next
        return "".join(traceback.format_exception(type(error), error, trace)).rstrip("\n")
    except BaseException:
        return f"{type(error).__name__}, which can't be printed"


def summary(error: BaseException) -> str:
    """Its type and its text, as far as there is one."""
    name = type(error).__name__
    try:
        return f"{name}: {error}"
    except BaseException:
        return name


def _is_own(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.startswith("slipway_worker.") or frame.f_code.co_filename.startswith("<frozen ")
