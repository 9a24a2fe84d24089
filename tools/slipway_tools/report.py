"""The verb `report`: what written reports say, as a table, as pages, or as what changed between two."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from slipway_conformance import Outcome
from slipway_conformance.reporting import badge, document, markdown, write
from slipway_conformance.reporting.html import Figures

from . import repository
from .errors import ToolError
from .terminal import console, say


def show(paths: Sequence[Path], to: Path | None = None, bench: Path | None = None) -> int:
    """Shows the targets of all reports together, and writes their pages into the folder *to* where one
    is named; exit code 1 where a target doesn't conform."""
    if bench and not to:
        raise ToolError("--bench is for the page: name the folder to write it into with --to.")
    found = merged(paths)
    table = Table("target", "", "cases", "s", box=None)
    for target in found["targets"]:
        colour = "green" if target["conforms"] else "red"
        counts = target["counts"]
        told = ", ".join(f"{counts[o]} {o}" for o in Outcome if counts.get(o)) or "nothing judged"
        table.add_row(
            escape(target["name"]),
            f"[{colour}]{target['verdict']}[/]",
            told,
            f"{target['seconds']:.0f}",
        )
    say(f"{found['time']}, contract {found['contract']}")
    console.print(table)
    page = default().with_suffix(".html") if not paths else paths[0].with_suffix(".html")
    if to:
        page = write.pages(found, to, figures(bench))["report.html"]
    if page.exists() and (to or len(paths) < 2):
        say(f"In full: {page}")
    return 0 if found["conforms"] else 1


def difference(paths: Sequence[Path]) -> int:
    """Shows every case whose outcome changed; exit code 1 where one did."""
    if len(paths) != 2:
        raise ToolError("--diff compares two reports: slipway report --diff OLD NEW.")
    rows = document.difference(*(_read(path) for path in paths))
    table = Table("target", "case", "before", "now", box=None)
    for row in rows:
        table.add_row(*(escape(text) for text in row))
    console.print(table if rows else "no difference")
    return 1 if rows else 0


def summary(paths: Sequence[Path]) -> None:
    """Prints the reports as Markdown, for the summary page of a CI run."""
    print(markdown.render(merged(paths)), end="")


def shield(paths: Sequence[Path]) -> None:
    """Prints the badge as SVG."""
    print(badge.render(merged(paths)), end="")


def default() -> Path:
    """Where `verify` and `test` write the latest report."""
    return repository.reports() / "report.json"


def merged(paths: Sequence[Path]) -> dict[str, Any]:
    """All reports as one; the latest one where none is named."""
    return document.merged([_read(path) for path in paths or [default()]])


def figures(bench: Path | None = None) -> Figures | None:
    """What the page shows of the benchmark *bench*, or of the latest one here; None without any."""
    from .bench.page import figures, latest

    found = bench or latest(repository.state() / "bench" / "results")
    if found is None:
        return None
    if find_spec("cattrs") is None:
        if bench:
            raise ToolError("cattrs is not installed. Run: pip install 'slipway[bench]'")
        return None
    return figures(found)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise ToolError(f"There is no report {path}: slipway verify writes one.")
    try:
        return document.read(path)
    except document.DocumentError as error:
        raise ToolError(str(error)) from error
