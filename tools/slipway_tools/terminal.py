"""What a person sees: steps while they run, and a function's log lines as sentences."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from .client import Answer

_HEARTBEAT_SECONDS = 15.0

console = Console(highlight=False)
problems = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """A line of plain text: nothing in it is markup."""
    console.print(text, markup=False, soft_wrap=True)


class Step:
    """One piece of work in progress; ``detail`` is the last thing that it told."""

    def __init__(self, steps: Steps, title: str, task: TaskID) -> None:
        self._steps = steps
        self._task = task
        self.title = title
        self.detail = ""
        self.began = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def tell(self, detail: str) -> None:
        self.detail = " ".join(detail.split())
        self._steps.redraw(self._task, self.detail)


class Steps:
    """Runs of work side by side: live lines on a terminal, elsewhere one line at the end of each and a sign of life.

    ``outlook`` says how long all of it still takes, where somebody knows."""

    def __init__(self, outlook: Callable[[], str] = lambda: "") -> None:
        self._outlook = outlook
        self._live = console.is_terminal
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[detail]}", table_column=None),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._running: list[Step] = []
        self._over = threading.Event()

    def __enter__(self) -> Steps:
        self._progress.start()
        watch = self._redraw_outlook if self._live else self._signs_of_life
        threading.Thread(target=watch, daemon=True).start()
        return self

    def __exit__(self, *ignored: object) -> None:
        self._over.set()
        self._progress.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """A step named *title*; it is announced as done, or as failed where an exception leaves it."""
        task = self._progress.add_task(escape(title), total=None, detail="")
        step = Step(self, title, task)
        self._running.append(step)
        try:
            yield step
        except BaseException:
            self._close(step, "[red]✗[/]")
            raise
        self._close(step, "[green]✓[/]")

    def redraw(self, task: TaskID, detail: str) -> None:
        room = max(20, console.width - 50)
        self._progress.update(task, detail=escape(detail[:room]))

    def _close(self, step: Step, mark: str) -> None:
        self._running.remove(step)
        self._progress.remove_task(step._task)
        console.print(f"{mark} {escape(step.title)} [dim]{step.seconds:.1f} s[/]", soft_wrap=True)

    def _redraw_outlook(self) -> None:
        """A line of its own above the steps, once there is something to say."""
        if not self._outlook():
            return
        line = self._progress.add_task("", total=None, detail="")
        while not self._over.wait(1):
            self._progress.update(line, description=escape(self._outlook()))

    def _signs_of_life(self) -> None:
        while not self._over.wait(_HEARTBEAT_SECONDS):
            outlook = self._outlook()
            told = f"  ({outlook})" if outlook else ""
            for step in list(self._running):
                if step.seconds >= _HEARTBEAT_SECONDS:
                    say(f"  {step.title} … {step.seconds:.0f} s  {step.detail[:100]}{told}")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """A single step."""
    with Steps() as steps, steps.step(title) as only:
        yield only


def log_text(line: str) -> str:
    """A runtime's log line as markup for a person: time of day, level by colour, message."""
    try:
        found = json.loads(line)
        message, level, time_ = str(found["message"]), found["level"], str(found["time"])
    except (ValueError, KeyError, TypeError):
        return escape(line)
    colour = "red" if level == "error" else "default"
    invocation = found.get("invocation")
    whose = f"[cyan]{escape(str(invocation)[:8])}[/] " if invocation else ""
    return f"[dim]{escape(time_[11:23])}[/] {whose}[{colour}]{escape(message)}[/]"


def show_answer(answer: Answer) -> None:
    """Status, headers, body and log of an invocation."""
    took = f" [dim]in {answer.duration_ms:.1f} ms[/]" if answer.duration_ms is not None else ""
    colour = "green" if answer.status < 400 else "red"
    kind = ", ".join(answer.headers.get("content-type", []))
    console.print(f"[{colour}]{answer.status}[/] [dim]{escape(kind)}[/]{took}")
    try:
        console.print(answer.body.decode("utf-8"), markup=False, soft_wrap=True)
    except UnicodeDecodeError:
        say(f"({len(answer.body)} bytes that are no text; --output FILE keeps them)")
    for entry in answer.logs:
        colour = "red" if entry.level == "error" else "default"
        console.print(
            f"[dim]log {escape(entry.time[11:23])}[/] [{colour}]{escape(entry.message)}[/]",
            soft_wrap=True,
        )
    if answer.error:
        console.print(
            f"[red]{escape(str(answer.error['code']))}[/]: {escape(str(answer.error['message']))}"
        )
