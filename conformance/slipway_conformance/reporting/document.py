"""A report as plain data with a version: what is written as JSON, and what every page is made
from."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from .. import contract, explain
from ..outcomes import Outcome, Report, Result, TargetReport

SCHEMA = "slipway-report/1"


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
        "language": target.language,
        "version": target.version,
        "conforms": target.conforms,
        "seconds": round(target.seconds, 2),
        "retried": target.retried,
        "problems": list(target.problems),
        "counts": {outcome.value: target.count(outcome) for outcome in Outcome},
        "results": [_result(result) for result in target.results],
    }


def _result(result: Result) -> dict[str, Any]:
    shown: Iterable[Any] = (
        result.exchanged[-3:] if result.outcome is not Outcome.PASS else result.exchanged[-1:]
    )
    return {
        "case": result.case.id,
        "clause": result.case.clause.number,
        "level": result.case.clause.level,
        "profile": result.case.profile,
        "since": result.case.since,
        "why": result.case.why,
        "outcome": result.outcome.value,
        "note": result.note,
        "mismatches": list(result.mismatches),
        "exchanges": [
            {"curl": explain.curl(e.sent), "answer": explain.answer_text(e)} for e in shown
        ],
        "log": result.log,
        "seconds": round(result.seconds, 3),
        "attempts": result.attempts,
    }
