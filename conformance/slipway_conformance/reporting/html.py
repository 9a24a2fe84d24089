"""A report's document as one static page: clauses by targets, every cell opens what was sent and
what came back."""

from __future__ import annotations

from typing import Any

import jinja2

_WORST = ("error", "fail", "warning", "known gap", "not judged", "not supported", "pass")
_MARKS = {
    "error": "!",
    "fail": "✗",
    "warning": "△",
    "known gap": "◇",
    "not judged": "·",
    "not supported": "○",
    "pass": "✓",
}


def render(document: dict[str, Any]) -> str:
    """The page; it needs no network, no server, and no script but for its filter."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("slipway_conformance", "reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    clauses = sorted(
        document["clauses"], key=lambda number: [int(part) for part in number.split(".")]
    )
    rows = [_row(document, number) for number in clauses]
    return environment.get_template("page.html.j2").render(
        document=document, rows=rows, marks=_MARKS
    )


def _row(document: dict[str, Any], number: str) -> dict[str, Any]:
    cells = []
    for target in document["targets"]:
        results = [result for result in target["results"] if result["clause"] == number]
        outcomes = {result["outcome"] for result in results}
        worst = next((outcome for outcome in _WORST if outcome in outcomes), "not judged")
        # A clause that some case passed is not spoilt by another case that this kind of target
        # can't show.
        if worst in ("not judged", "not supported") and "pass" in outcomes:
            worst = "pass"
        cells.append({"target": target["name"], "outcome": worst, "results": results})
    return {"number": number, "clause": document["clauses"][number], "cells": cells}
