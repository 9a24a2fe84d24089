"""A result as tables on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from . import rows, words
from .figures import verdicts
from .model import Result, RuntimeResult


def show(result: Result, console: Console) -> None:
    console.print(words.machine(result.machine), highlight=False)
    console.print(words.protocol(result.protocol), highlight=False)
    for runtime in result.runtimes:
        _runtime(runtime, result, console)
    if result.launch_total is not None:
        total = words.megabytes(result.launch_total)
        console.print(f"All launch images together: {total} MB", highlight=False)
    for failure in result.failures:
        console.print(f"not measured: {failure}", style="bold", highlight=False, markup=False)


def _runtime(runtime: RuntimeResult, result: Result, console: Console) -> None:
    if any(server.throughput for server in runtime.servers):
        for connections in result.protocol.connections:
            title = f"{runtime.title} {runtime.version}, connections: {connections}"
            console.print(_table(title, rows.table(runtime, rows.under_load(connections))))
    if any(server.cold or server.memory for server in runtime.servers):
        title = f"{runtime.title} {runtime.version}, start and memory"
        console.print(_table(title, rows.table(runtime, rows.START_AND_MEMORY)))
    found = verdicts(runtime)
    if found:
        lines = [["aim", "figure", "wanted", ""]]
        for one in found:
            figure = f"{words.number(one.value)} {one.unit}"
            lines.append([one.name, figure, words.aim(one), words.verdict(one)])
        console.print(_table(f"{runtime.title} {runtime.version}, aims", lines))


def _table(title: str, lines: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, name in enumerate(lines[0]):
        table.add_column(name, justify="right" if index else "left")
    for line in lines[1:]:
        table.add_row(*line)
    return table
