"""A report as plain data with a version: what is written as JSON, and what every page is made
from."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema

from .. import contract, data, explain
from ..outcomes import Outcome, Report, Result, TargetReport

SCHEMA = "slipway-report/1"


class DocumentError(ValueError):
    """A file is no report of this version; the message says why."""


def build(report: Report) -> dict[str, Any]:
    """The report's document; all of it is JSON, no value holds a secret."""
    terms = contract.load()
    return {
        "schema": SCHEMA,
        "contract": terms.version,
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "conforms": report.conforms,
        "clauses": {
            number: {"level": c.level, "text": c.text, "section": c.section}
            for number, c in terms.clauses.items()
        },
        "targets": [_target(target) for target in report.targets],
    }


def read(path: Path) -> dict[str, Any]:
    """The report in *path*; DocumentError where it is none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DocumentError(f"{path} is no report: {error}") from error
    problem = jsonschema.Draft202012Validator(data.schema("report")).iter_errors(found)
    if first := next(iter(problem), None):
        raise DocumentError(f"{path} is no report of this version ({SCHEMA}): {first.message}")
    return found


def merged(documents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Reports of several runs as one, the targets of later ones in place of earlier ones of the same
    name."""
    targets = {target["name"]: target for document in documents for target in document["targets"]}
    conforms = all(target["conforms"] for target in targets.values())
    return documents[-1] | {"conforms": conforms, "targets": list(targets.values())}


def difference(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """(target, case, outcome before, outcome now) wherever two documents differ; "absent" where a
    case isn't in one."""
    before, now = _outcomes(old), _outcomes(new)
    rows = []
    for key in sorted(before.keys() | now.keys()):
        pair = (before.get(key, "absent"), now.get(key, "absent"))
        if pair[0] != pair[1]:
            rows.append((*key, *pair))
    return rows


def failed_ids(document: dict[str, Any]) -> set[str]:
    """Cases that a written report counts as failed, warned of or broken."""
    wanted = {Outcome.FAIL.value, Outcome.WARNING.value, Outcome.ERROR.value}
    return {
        result["case"]
        for target in document["targets"]
        for result in target["results"]
        if result["outcome"] in wanted
    }


def _outcomes(document: dict[str, Any]) -> dict[tuple[str, str], str]:
    return {
        (target["name"], result["case"]): result["outcome"]
        for target in document["targets"]
        for result in target["results"]
    }


def _target(target: TargetReport) -> dict[str, Any]:
    return {
        "name": target.name,
        "argument": target.argument,
        "language": target.language,
        "version": target.version,
        "conforms": target.conforms,
        "verdict": target.verdict,
        "seconds": round(target.seconds, 2),
        "retried": target.retried,
        "flaky": target.flaky,
        "problems": list(target.problems),
        "counts": {outcome.value: target.count(outcome) for outcome in Outcome},
        "results": [_result(result) for result in target.results],
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "case": result.case.id,
        "clause": result.case.clause.number,
        "level": result.case.clause.level,
        "profile": result.case.profile,
        "since": result.case.since,
        "counts": result.case.counts,
        "why": result.case.why,
        "outcome": result.outcome.value,
        "note": result.note,
        "mismatches": [explain.redacted(mismatch, result) for mismatch in result.mismatches],
        "exchanges": [
            {
                "request": explain.redacted(explain.again(exchanged.sent, result.secrets), result),
                "answer": explain.redacted(explain.answer_text(exchanged), result),
            }
            for exchanged in result.exchanged
        ],
        "log": explain.redacted(result.log, result),
        "seconds": round(result.seconds, 3),
        "attempts": result.attempts,
        "flaky": result.flaky,
    }
