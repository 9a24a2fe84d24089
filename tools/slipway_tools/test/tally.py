"""What a test run has found so far."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attrs import define, field, frozen
from rich.markup import escape
from rich.table import Table

from ..errors import ToolError
from ..terminal import Step, Steps, console, say

_SHOWN_LINES = 60
_SHOWN_NAMES = 6


@frozen
class Row:
    """One piece of a run. ``unjudged`` says why nothing could be said, and is empty otherwise."""

    name: str
    passed: int
    failed: int
    seconds: float
    unjudged: str = ""
    note: str = ""


class Failed(Exception):
    """A piece failed; ``output`` is what a person needs to see, ``which`` names what did not pass."""

    def __init__(
        self, output: str, passed: int = 0, failed: int = 1, which: Sequence[str] = ()
    ) -> None:
        super().__init__(output)
        self.output = output
        self.passed = passed
        self.failed = failed
        self.which = which


@define
class Counts:
    """What a piece reports; one that says nothing counts as one that passed."""

    passed: int = 1
    note: str = ""


@define
class Tally:
    """Collects rows; several threads may."""

    steps: Steps
    rows: list[Row] = field(factory=list)
    _lock: threading.Lock = field(factory=threading.Lock)

    @contextmanager
    def piece(self, name: str) -> Iterator[tuple[Step, Counts]]:
        """Runs one piece under its name: its failure is shown at once and counted, and the run goes on."""
        counts = Counts()
        failure: Failed | None = None
        step: Step | None = None
        try:
            with self.steps.step(name) as step:
                try:
                    yield step, counts
                except ToolError as error:
                    raise Failed(str(error)) from error
                except Failed:
                    raise
                except Exception as error:
                    # One broken piece must not hide what the others would have found.
                    raise Failed(traceback.format_exc()) from error
        except Failed as error:
            failure = error
            show(error.output)
        seconds = step.seconds if step else 0.0
        with self._lock:
            if failure:
                note = _first(failure.which)
                self.rows.append(Row(name, failure.passed, failure.failed, seconds, note=note))
            else:
                self.rows.append(Row(name, counts.passed, 0, seconds, note=counts.note))

    def unjudged(self, name: str, why: str) -> None:
        with self._lock:
            self.rows.append(Row(name, 0, 0, 0.0, unjudged=why))

    @property
    def passed(self) -> int:
        return sum(row.passed for row in self.rows)

    @property
    def failed(self) -> int:
        return sum(row.failed for row in self.rows)

    @property
    def complete(self) -> bool:
        """Whether something was judged, and nothing was left out."""
        return self.passed > 0 and not any(row.unjudged for row in self.rows)


def show(output: str) -> None:
    """The end of what a piece has to say about what is wrong."""
    lines = output.rstrip().splitlines()[-_SHOWN_LINES:]
    console.print("\n".join(f"    {line}" for line in lines), markup=False, soft_wrap=True)


def _first(which: Sequence[str]) -> str:
    """A few of them: whoever sees only the end of a long output still knows where to look."""
    more = len(which) - _SHOWN_NAMES
    return ", ".join(which[:_SHOWN_NAMES]) + (f" and {more} more" if more > 0 else "")


def conclude(tally: Tally, page: Path | None, seconds: float) -> None:
    """Says at the end of a run what was found, and where the report of it is."""
    console.print(_table(tally.rows))
    for row in tally.rows:
        # Once more, and whole: of a long output a person may be shown the end only.
        if row.failed:
            say(f"✗ {row.name}: {row.note or 'see above'}")
    if page:
        console.print(f"[dim]reports: {escape(str(page))}[/]", soft_wrap=True)
    if not tally.complete:
        say("Not everything was judged: this run counts as failed.")
    say(f"{seconds:.0f} s")
    say(f"{tally.passed} passed, {tally.failed} failed")


def _table(rows: Sequence[Row]) -> Table:
    shown = Table("", "passed", "failed", "s", "", box=None)
    for column in shown.columns[1:4]:
        column.justify = "right"
    for row in rows:
        mark = "[red]✗[/] " if row.failed else "[yellow]?[/] " if row.unjudged else "[green]✓[/] "
        told = f"not judged: {row.unjudged}" if row.unjudged else row.note
        shown.add_row(
            mark + escape(row.name),
            str(row.passed),
            str(row.failed),
            f"{row.seconds:.1f}",
            escape(told),
        )
    return shown
