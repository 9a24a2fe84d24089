"""What one run of a verb makes, and that nothing of it stays: not after an error, Ctrl-C or SIGTERM.

Containers carry the run's name in a label and folders in their name, so that a later run finds what a
killed one left.
"""

from __future__ import annotations

import shutil
import signal
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from slipway_conformance.targets import runs

from . import repository
from .terminal import problems


class Run:
    """A context: what is registered with ``at_end`` is undone after it, latest first."""

    def __init__(self) -> None:
        self.name = runs.new_name()
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

    @property
    def labels(self) -> dict[str, str]:
        """Those of a container that goes with the run."""
        return {runs.LABEL: self.name}

    def at_end(self, undo: Callable[[], object]) -> None:
        self._undo.append(undo)

    def folder(self, name: str) -> Path:
        """An empty folder that lives as long as the run."""
        self._folder = _base() / self.name
        made = self._folder / f"{name}-{uuid.uuid4().hex[:4]}"
        made.mkdir(parents=True)
        return made


def sweep_folders(base: Path) -> None:
    for folder in base.iterdir():
        if runs.abandoned(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _base() -> Path:
    folder = repository.state() / "runs"
    folder.mkdir(exist_ok=True)
    return folder
