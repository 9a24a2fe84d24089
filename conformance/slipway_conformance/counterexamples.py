"""What properties.py has found to be answered wrongly, as cases that can be run again: the same form as
cases/*.yaml, so one that should stay can be moved there."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from . import contract
from .cases import Case
from .outcomes import TargetReport
from .wire import Sent

FILE = "counterexamples.yaml"


def as_case(case: Case, sent: Sent, expect: Mapping[str, Any]) -> dict[str, Any]:
    """A request of *case* and what its answer should have been."""
    terms = contract.load()
    headers: dict[str, Any] = {}
    for name, value in sent.headers:
        if name != terms.header("secret"):
            headers.setdefault(name, []).append(value)
    body: dict[str, str]
    try:
        body = {"text": sent.body.decode()}
    except UnicodeDecodeError:
        body = {"base64": base64.b64encode(sent.body).decode()}
    told = f"{sent.method} {sent.target} {sent.headers} ".encode() + sent.body
    return {
        "id": f"{case.id}-{hashlib.sha256(told).hexdigest()[:8]}",
        "why": case.why,
        "request": {
            "method": sent.method,
            "target": sent.target,
            "headers": {name: v if len(v) > 1 else v[0] for name, v in headers.items()},
            **body,
        },
        "expect": dict(expect),
    }


def write(targets: Iterable[TargetReport], folder: Path) -> Path | None:
    """The counterexamples of a run into *folder*; the file, None where there are none."""
    kept = {values["id"]: values for t in targets for r in t.results for values in r.kept}
    if not kept:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    document = {"group": "counterexamples", "cases": list(kept.values())}
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), "utf-8")
    return path
