"""A report's document as Markdown, for the summary page of a CI run."""

from __future__ import annotations

import re
from typing import Any

from ..outcomes import Outcome


def render(document: dict[str, Any]) -> str:
    """A table of targets, then each failure in a foldable block."""
    lines = [
        f"### Conformance with contract {document['contract']}",
        "",
        "| target | verdict | " + " | ".join(outcome.value for outcome in Outcome) + " | seconds |",
        "|---" * (len(Outcome) + 3) + "|",
    ]
    for target in document["targets"]:
        counts = " | ".join(str(target["counts"][outcome.value]) for outcome in Outcome)
        name, verdict = target["name"], target["verdict"]
        lines.append(f"| {name} | {verdict} | {counts} | {target['seconds']:.0f} |")
    for target in document["targets"]:
        lines += [f"\n**{target['name']}**: {problem}" for problem in target["problems"]]
        for result in target["results"]:
            if result["outcome"] in (Outcome.FAIL, Outcome.WARNING, Outcome.ERROR):
                lines += [
                    "",
                    f"<details><summary>{target['name']}: {result['case']} ({result['outcome']})</summary>",
                    "",
                ]
                told = [
                    *result["mismatches"],
                    *(exchange["request"] for exchange in result["exchanges"][:1]),
                ]
                lines += [
                    f"Clause {result['clause']}: {document['clauses'][result['clause']]['text']}",
                    "",
                    *_block("\n".join(told)),
                    "</details>",
                ]
    return "\n".join(lines) + "\n"


def _block(text: str) -> list[str]:
    """A code block whose fence is longer than any that the text holds: a body may be Markdown too."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence, text, fence]
