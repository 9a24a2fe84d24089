"""The verb `report`: what a written report says, or what changed between two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table
from slipway_conformance import Outcome
from slipway_conformance.reporting import document

from . import repository
from .errors import ToolError
from .terminal import console, say


def show(path: Path | None) -> int:
    """Shows a report's targets; exit code 1 where one doesn't conform."""
    file = path or repository.root() / "reports" / "report.json"
    found = _read(file)
    table = Table("target", "", "cases", "s", box=None)
    for target in found["targets"]:
        word = "[green]conforms[/]" if target["conforms"] else "[red]does not conform[/]"
        counts = target["counts"]
        told = ", ".join(f"{counts[o]} {o}" for o in Outcome if counts.get(o)) or "nothing judged"
        table.add_row(escape(target["name"]), word, told, f"{target['seconds']:.0f}")
    say(f"{found['time']}, contract {found['contract']}")
    console.print(table)
    page = file.with_suffix(".html")
    if page.exists():
        say(f"In full: {page}")
    return 0 if found["conforms"] else 1


def difference(old: Path, new: Path) -> int:
    """Shows every case whose outcome changed; exit code 1 where one did."""
    rows = document.difference(_read(old), _read(new))
    table = Table("target", "case", "before", "now", box=None)
    for row in rows:
        table.add_row(*(escape(text) for text in row))
    console.print(table if rows else "no difference")
    return 1 if rows else 0


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except OSError:
        raise ToolError(f"There is no report {path}: ./slipway verify writes one.") from None
    except ValueError as error:
        raise ToolError(f"{path} is no report: {error}") from None
    if found.get("schema") != document.SCHEMA:
        raise ToolError(f"{path} is no report of this version ({document.SCHEMA}).")
    return found
