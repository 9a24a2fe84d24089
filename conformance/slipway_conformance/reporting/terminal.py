"""A report on a terminal: progress while it runs, one line a group, then every failure in full."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from .. import explain
from ..outcomes import Outcome, Report, Result, TargetReport

_MARKS = {
    Outcome.PASS: ("pass", "green"),
    Outcome.FAIL: ("FAIL", "bold red"),
    Outcome.WARNING: ("warn", "yellow"),
    Outcome.KNOWN_GAP: ("gap", "cyan"),
    Outcome.NOT_SUPPORTED: ("n/s", "dim"),
    Outcome.NOT_JUDGED: ("n/j", "dim"),
    Outcome.ERROR: ("ERROR", "bold magenta"),
}


# Where lines can't be drawn anew, a sign of life comes this often.
_SIGN_SECONDS = 10.0


class Watch:
    """Shows how far a run is; a context manager whose ``tell`` is the watcher. On a terminal there is
    a line a target, elsewhere a line for the first result and then now and again."""

    def __init__(self, console: Console, titles: Sequence[str], total: int) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[last]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._total = total
        self._told: dict[str, int] = dict.fromkeys(titles, 0)
        self._next_sign = 0.0
        self._tasks = {
            title: self._progress.add_task(title, total=total, last="builds its function")
            for title in titles
        }

    def __enter__(self) -> Watch:
        self._progress.start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._progress.stop()

    def tell(self, title: str, result: Result) -> None:
        self._progress.update(self._tasks[title], advance=1, last=result.case.id)
        self._told[title] += 1
        if not self._console.is_terminal and time.monotonic() >= self._next_sign:
            self._next_sign = time.monotonic() + _SIGN_SECONDS
            self._console.print(
                f"  {escape(title)} {self._told[title]} of {self._total}:"
                f" {result.case.id} {result.outcome}",
                soft_wrap=True,
            )
        if result.outcome in (Outcome.FAIL, Outcome.ERROR):
            self._console.print(f"  [bold red]{result.outcome}[/] {escape(title)} {result.case.id}")


def show(console: Console, report: Report) -> None:
    """Each target's groups, what failed, and the verdict."""
    for target in report.targets:
        if target.results:
            _groups(console, target)
        for result in target.results:
            if result.outcome in (Outcome.FAIL, Outcome.WARNING, Outcome.ERROR):
                console.print()
                console.print(
                    explain.failure(result, target.argument),
                    markup=False,
                    highlight=False,
                    soft_wrap=True,
                )
        for problem in target.problems:
            console.print(f"[bold red]problem[/] {escape(problem)}", soft_wrap=True)
        _verdict(console, target)


def _groups(console: Console, target: TargetReport) -> None:
    groups: dict[str, list[Result]] = defaultdict(list)
    for result in target.results:
        groups[f"{result.case.clause.number.split('.')[0]} {result.case.clause.section}"].append(
            result
        )
    table = Table(title=target.name, title_justify="left", box=None, pad_edge=False)
    table.add_column("section")
    for outcome in Outcome:
        table.add_column(_MARKS[outcome][0], justify="right", style=_MARKS[outcome][1])
    table.add_column("s", justify="right")
    for name, results in groups.items():
        counts = [sum(result.outcome is outcome for result in results) for outcome in Outcome]
        seconds = sum(result.seconds for result in results)
        table.add_row(name, *(str(count) if count else "·" for count in counts), f"{seconds:.1f}")
    console.print(table)


def _verdict(console: Console, target: TargetReport) -> None:
    counts = ", ".join(
        f"{count} {outcome}" for outcome in Outcome if (count := target.count(outcome))
    )
    counts = counts or "no case ran"
    style = "bold green" if target.conforms else "bold red"
    retried = f", {target.retried} retried after an error of the engine" if target.retried else ""
    flaky = f", {target.flaky} flaky" if target.flaky else ""
    console.print(
        f"{escape(target.name)} [{style}]{target.verdict}[/]: {counts} in {target.seconds:.1f} s{flaky}{retried}"
    )
