"""A badge as SVG: conforms or not, and how many cases said so."""

from __future__ import annotations

from typing import Any

_TEMPLATE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"
 aria-label="{label}: {value}">
<title>{label}: {value}</title>
<rect width="{split}" height="20" fill="#444"/>
<rect x="{split}" width="{rest}" height="20" fill="{colour}"/>
<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="{first}" y="14">{label}</text><text x="{second}" y="14">{value}</text></g></svg>
"""


def render(document: dict[str, Any]) -> str:
    """The badge of a report's document."""
    passed = sum(target["counts"]["pass"] for target in document["targets"])
    value = f"contract {document['contract']}, {passed} cases passed"
    # A run of some cases beside one of all (what only plain processes can show) takes nothing away.
    bad = {target["verdict"] for target in document["targets"] if not target["conforms"]}
    complete = any(target["verdict"] == "conforms" for target in document["targets"])
    if bad or not complete:
        value = ", ".join(sorted(bad)) or "passes what was chosen"
    if not document["targets"]:
        value = "nothing was judged"
    label = "slipway"
    split, rest = 7 * len(label) + 12, 7 * len(value) + 12
    return _TEMPLATE.format(
        label=label,
        value=value,
        split=split,
        rest=rest,
        width=split + rest,
        first=split // 2,
        second=split + rest // 2,
        colour="#2a7f3f" if document["conforms"] else "#b3261e",
    )
