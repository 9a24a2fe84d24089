"""Which case covers which clause, as a Markdown table made from a real run."""

from __future__ import annotations

from typing import Any

from ..outcomes import Outcome


def render(document: dict[str, Any]) -> str:
    """A row a clause: its cases, and for each target how many of them it passed of those judged."""
    targets = document["targets"]
    lines = [
        f"# What covers contract {document['contract']}",
        "",
        "| clause | level | cases | " + " | ".join(target["name"] for target in targets) + " |",
        "|---|---|---" + "|---" * len(targets) + "|",
    ]
    for number in sorted(document["clauses"], key=lambda n: [int(part) for part in n.split(".")]):
        by_target = [
            [result for result in target["results"] if result["clause"] == number]
            for target in targets
        ]
        names = sorted({result["case"] for results in by_target for result in results})
        cells = [", ".join(names) or "none", *map(_share, by_target)]
        lines.append(f"| {number} | {document['clauses'][number]['level']} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(results: list[dict[str, Any]]) -> str:
    left_out = (Outcome.NOT_JUDGED, Outcome.NOT_SUPPORTED)
    judged = [result for result in results if result["outcome"] not in left_out]
    if not judged:
        return "not judged"
    return f"{sum(result['outcome'] == Outcome.PASS for result in judged)} of {len(judged)}"
