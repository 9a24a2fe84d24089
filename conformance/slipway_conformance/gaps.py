"""Writes known gaps into a runtime.yaml, keeping everything else of it as it stands."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from pathlib import Path

from .outcomes import Outcome, Result

_LIST = re.compile(r"^known_gaps:.*\n(?:(?:[ \t]+|- ).*\n|\n(?=[ \t-]))*", re.MULTILINE)


def write(path: Path, results: Iterable[Result]) -> int:
    """Lists every failed result of *results* that isn't listed yet; how many were added. The reason
    is the first mismatch: somebody is to write a better one."""
    text = path.read_text("utf-8")
    if not text.endswith("\n"):
        text += "\n"
    today = datetime.date.today().isoformat()
    entries = [
        f'  - case: {result.case.id}\n    reason: {_quoted(result.mismatches[0])}\n    since: "{today}"\n'
        for result in results
        if result.outcome is Outcome.FAIL
        and result.mismatches
        and not _listed(text, result.case.id)
    ]
    if not entries:
        return 0
    found = _LIST.search(text)
    old = found[0] if found else ""
    kept = "known_gaps:\n" if not old or old.strip().endswith("[]") else old
    new = kept + "".join(entries)
    path.write_text(text.replace(old, new, 1) if old else text + "\n" + new, encoding="utf-8")
    return len(entries)


def _listed(text: str, case_id: str) -> bool:
    return re.search(rf"case: {re.escape(case_id)}\s*$", text, re.MULTILINE) is not None


def _quoted(mismatch: str) -> str:
    line = " ".join(mismatch.split())[:200].replace("'", "''")
    return f"'to be explained: {line}'"
