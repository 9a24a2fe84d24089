"""How long a test run still takes, told from what its phases took the last time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from attrs import define, field, frozen


@frozen
class Phase:
    """A part of a run. ``count`` is how many things it does, ``usual`` what one of them takes, in
    seconds, where this machine has not shown it yet (measured on two cores)."""

    name: str
    count: int
    usual: float


@define
class Outlook:
    """Follows a run through its *phases*; *history* is the file that what they took is kept in."""

    phases: Sequence[Phase]
    history: Path
    _each: dict[str, float] = field(init=False)
    _over: set[str] = field(factory=set, init=False)
    _running: str = field(default="", init=False)
    _began: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._each = {phase.name: phase.usual for phase in self.phases} | _read(self.history)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Runs one of the phases. What it took is kept where it ends without an error."""
        self._running, self._began = name, time.monotonic()
        yield
        self._over.add(name)
        self._running = ""
        count = next((phase.count for phase in self.phases if phase.name == name), 0)
        if count:
            self._each[name] = (time.monotonic() - self._began) / count
            self.history.write_text(json.dumps(self._each, indent=1) + "\n", encoding="utf-8")

    @property
    def seconds_left(self) -> float:
        left = 0.0
        for phase in self.phases:
            if phase.name not in self._over:
                took = time.monotonic() - self._began if phase.name == self._running else 0.0
                left += max(0.0, phase.count * self._each[phase.name] - took)
        return left

    def __str__(self) -> str:
        minutes = round(self.seconds_left / 60)
        return f"about {minutes} min left" if minutes else "less than a minute left"


def _read(path: Path) -> dict[str, float]:
    """What is kept there; nothing where there is nothing, or nothing that can be read."""
    with suppress(OSError, ValueError, AttributeError, TypeError):
        kept = json.loads(path.read_text(encoding="utf-8")).items()
        return {str(name): float(seconds) for name, seconds in kept}
    return {}
