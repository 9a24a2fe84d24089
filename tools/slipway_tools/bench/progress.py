"""What a person sees while a run goes on: one bar on a terminal, one line a stage elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn


class Reporter:
    """Stages are parts of a run (prepare, throughput, …); steps are what the bar counts."""

    def __init__(self, console: Console, steps: int) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("{task.fields[stage]}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            TextColumn("{task.description}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID = self._bar.add_task("", total=steps, stage="")

    def __enter__(self) -> Reporter:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def stage(self, name: str) -> None:
        self._bar.update(self._task, stage=name, description="")
        if not self._console.is_terminal:
            self._console.print(name)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.detail(text)
        try:
            yield
        finally:
            self._bar.advance(self._task)

    def detail(self, text: str) -> None:
        self._bar.update(self._task, description=text)

    def problem(self, text: str) -> None:
        self._console.print(f"not measured: {text}", style="bold", markup=False, highlight=False)
