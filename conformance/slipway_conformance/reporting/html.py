"""A report's document as one static page: clauses by targets, every cell opens what was sent and
what came back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from importlib import resources
from typing import Any

from attrs import frozen

_WORST = ("error", "fail", "warning", "known gap", "not judged", "not supported", "pass")
# Signs that differ in shape, so that nothing hangs on colour.
_MARKS = {
    "error": "!",
    "fail": "✗",
    "warning": "△",
    "known gap": "◇",
    "not judged": "·",
    "not supported": "○",
    "pass": "✓",
}
_BAD = ("error", "fail", "warning")
_SHOWN = ("case", "why", "outcome", "note", "mismatches", "exchanges", "log", "seconds", "attempts")


@frozen
class Table:
    """Words and figures; the first *words* columns stand to the left."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int = 1


@frozen
class Picture:
    """A picture that the page carries within itself: ``source`` is a data URL."""

    title: str
    source: str


@frozen
class Figures:
    """Measurements beside the conformance: what the page shows of a benchmark."""

    about: Sequence[str]
    tables: Sequence[Table]
    pictures: Sequence[Picture]


def render(document: dict[str, Any], figures: Figures | None = None) -> str:
    """The page. It needs no network and no server; without its script it still shows the matrix and
    all that did not pass."""
    # Imported here: a run shows its first results before there is a page to write.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("slipway_conformance", "reporting"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = _coded
    by_clause = [_by_clause(target) for target in document["targets"]]
    page: str = environment.get_template("page.html.j2").render(
        document=document,
        sections=_sections(document, by_clause),
        languages=sorted({_language(target) for target in document["targets"]}),
        language=_language,
        marks=_MARKS,
        bad=_BAD,
        data=[_data(clauses) for clauses in by_clause],
        figures=figures,
        style=_part("page.css"),
        script=_part("page.js"),
    )
    return page


def _part(name: str) -> str:
    return (resources.files(__package__) / name).read_text("utf-8")


def _coded(text: str) -> list[tuple[bool, str]]:
    """A clause's text in pieces; those between backticks are code."""
    return [(bool(place % 2), piece) for place, piece in enumerate(text.split("`")) if piece]


def _language(target: dict[str, Any]) -> str:
    return str(target["language"] or target["name"])


Results = dict[str, list[dict[str, Any]]]


def _by_clause(target: dict[str, Any]) -> Results:
    found: Results = defaultdict(list)
    for result in target["results"]:
        found[result["clause"]].append(result)
    return found


def _data(by_clause: Results) -> Results:
    """What the script needs to open a cell."""
    return {
        number: [{name: result[name] for name in _SHOWN} for result in results]
        for number, results in by_clause.items()
    }


def _sections(document: dict[str, Any], by_clause: Sequence[Results]) -> list[dict[str, Any]]:
    """The clauses in order, under the heads of their sections."""
    sections: list[dict[str, Any]] = []
    for number in sorted(document["clauses"], key=lambda n: [int(part) for part in n.split(".")]):
        clause, head = document["clauses"][number], number.partition(".")[0]
        if not sections or sections[-1]["number"] != head:
            sections.append({"number": head, "title": clause["section"], "rows": []})
        found = [results.get(number, []) for results in by_clause]
        names = {r["case"]: f"{r['case']} {r['why']}" for results in found for r in results}
        sections[-1]["rows"].append(
            {
                "number": number,
                "clause": clause,
                "find": " ".join(names.values()),
                "cells": [_cell(results) for results in found],
            }
        )
    return sections


def _cell(results: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = {result["outcome"] for result in results}
    worst = next((outcome for outcome in _WORST if outcome in outcomes), "not judged")
    # A clause that some case passed is not spoilt by another case that this kind of target can't
    # show.
    if worst in ("not judged", "not supported") and "pass" in outcomes:
        worst = "pass"
    return {"outcome": worst, "outcomes": sorted(outcomes | {worst}), "count": len(results)}
