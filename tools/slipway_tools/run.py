"""What one run of a verb makes, and that nothing of it stays: not after an error, Ctrl-C or SIGTERM.

Containers carry the run's name in a label and folders in their name. The name begins with the
owner's process id, so that a later run finds what a killed one left.
"""

from __future__ import annotations

import os
import shutil
import signal
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from . import repository
from .terminal import problems

LABEL = "org.slipway.run"


class Run:
    """A context: what is registered with ``at_end`` is undone after it, latest first."""

    def __init__(self) -> None:
        self.name = f"{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._undo: list[Callable[[], object]] = []
        self._folder: Path | None = None

    def __enter__(self) -> Run:
        sweep_folders(_base())
        # SIGTERM ends a run as Ctrl-C does, through the same clean-up.
        self._before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        return self

    def __exit__(self, kind: type[BaseException] | None, *ignored: object) -> None:
        patient = signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        try:
            while self._undo:
                with suppress(Exception):
                    self._undo.pop()()
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
            if kind is KeyboardInterrupt:
                problems.print("Stopped: everything that this run made is removed.")
        finally:
            signal.signal(signal.SIGINT, patient)
            signal.signal(signal.SIGTERM, self._before)

    def at_end(self, undo: Callable[[], object]) -> None:
        self._undo.append(undo)

    def folder(self, name: str) -> Path:
        """An empty folder that lives as long as the run."""
        self._folder = _base() / self.name
        made = self._folder / f"{name}-{uuid.uuid4().hex[:4]}"
        made.mkdir(parents=True)
        return made


def alive(pid: int) -> bool:
    """Whether a process with this id exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def owner(name: str) -> int | None:
    """The process id that a run's name begins with."""
    head = name.partition("-")[0]
    return int(head) if head.isdigit() else None


def abandoned(name: str) -> bool:
    """Whether the run of this name has ended without cleaning up."""
    pid = owner(name)
    return pid is not None and not alive(pid)


def sweep_folders(base: Path) -> None:
    for folder in base.iterdir():
        if abandoned(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _base() -> Path:
    folder = repository.state() / "runs"
    folder.mkdir(exist_ok=True)
    return folder
