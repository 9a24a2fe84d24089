"""A result as the figures of the suite's page."""

from __future__ import annotations

import base64
import tempfile
from pathlib import Path

from slipway_conformance.reporting.html import Figures, Picture, Table

from . import model, rows, words
from .figures import verdicts
from .model import Result, RuntimeResult

_TITLES = {"throughput": "Throughput as a share of the bare server", "latency": "Latency"}


def figures(path: Path) -> Figures:
    """The result in *path* with the pictures beside it, which are drawn where they are missing."""
    result = model.read(path)
    about = [
        f"Measured {result.date[:10]} on {words.machine(result.machine)}.",
        f"{words.protocol(result.protocol)[0].upper()}{words.protocol(result.protocol)[1:]}.",
    ]
    about += [f"Not measured: {failure.splitlines()[0]}" for failure in result.failures]
    tables = [_aims(result)]
    for runtime in result.runtimes:
        tables += _tables(runtime, result)
    return Figures(about, [table for table in tables if table.rows], _pictures(path, result))


def latest(folder: Path) -> Path | None:
    """The newest result in *folder*: their names begin with their dates."""
    return max(folder.glob("*.json"), default=None)


def _pictures(path: Path, result: Result) -> list[Picture]:
    found = sorted(path.with_suffix("").glob("*.svg"), reverse=True)
    if found:
        return [_picture(picture) for picture in found]
    from .plots import draw

    with tempfile.TemporaryDirectory() as folder:
        return [_picture(picture) for picture in draw(result, Path(folder))]


def _picture(path: Path) -> Picture:
    source = base64.b64encode(path.read_bytes()).decode("ascii")
    return Picture(_TITLES.get(path.stem, path.stem), f"data:image/svg+xml;base64,{source}")


def _aims(result: Result) -> Table:
    lines = [
        [
            f"{runtime.title} {runtime.version}",
            one.name,
            words.aim(one),
            words.verdict(one),
            f"{words.number(one.value)} {one.unit}",
        ]
        for runtime in result.runtimes
        for one in verdicts(runtime)
    ]
    return Table("Aims", ["runtime", "what", "aim", "", "figure"], lines, words=4)


def _tables(runtime: RuntimeResult, result: Result) -> list[Table]:
    name = f"{runtime.title} {runtime.version}"
    shown = []
    if any(server.throughput for server in runtime.servers):
        for connections in result.protocol.connections:
            plural = "" if connections == 1 else "s"
            columns = rows.under_load(connections)
            shown.append((f"{name}, {connections} connection{plural}", columns))
    if any(server.cold or server.memory for server in runtime.servers):
        shown.append((f"{name}, start and memory", rows.START_AND_MEMORY))
    tables = []
    for title, columns in shown:
        header, *lines = rows.table(runtime, columns)
        tables.append(Table(title, header, lines))
    return tables
