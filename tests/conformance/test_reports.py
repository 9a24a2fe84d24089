"""The forms of a report: complete, of the promised shape, and without the secret."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from slipway_conformance import data
from slipway_conformance.outcomes import Outcome, Report, Result, TargetReport
from slipway_conformance.reporting import document, junit, write
from slipway_conformance.session import Exchanged, Session
from slipway_conformance.wire import Answer, Sent

from tests.conformance.conftest import case_of

SECRET = "very-s3cret"


def nothing(session: Session) -> None:
    """A case that is never run."""


def target(*outcomes: Outcome, name: str = "toy", problems: tuple[str, ...] = ()) -> TargetReport:
    sent = Sent("POST", "/", (("x-runtime-secret", SECRET),), b"{}")
    exchanged = Exchanged(sent, Answer(200, (("x-a", SECRET),), SECRET.encode(), 0.1))
    ids = ("1.1-answers", "1.1-keep-alive", "1.2-wrong-secret", "10.9-answered", "5.7-no-answer")
    results = tuple(
        Result(
            case_of(nothing, case_id),
            outcome,
            (f"mismatch with {SECRET} <b>",),
            (exchanged,),
            log=f"line with {SECRET}\x00",
            secrets=frozenset({SECRET}),
        )
        for case_id, outcome in zip(ids, outcomes, strict=False)
    )
    return TargetReport(name, name, "toy", "1", results, problems)


def report(*outcomes: Outcome) -> Report:
    return Report((target(*outcomes),))


MIXED = (Outcome.PASS, Outcome.FAIL, Outcome.NOT_JUDGED, Outcome.WARNING, Outcome.ERROR)


def test_the_document_has_the_promised_shape() -> None:
    built = json.loads(json.dumps(document.build(report(*MIXED))))
    jsonschema.validate(built, data.schema("report"))
    assert built["conforms"] is False
    assert built["targets"][0]["counts"]["fail"] == 1


def test_no_file_holds_the_secret(tmp_path: Path) -> None:
    paths = write.write(report(*MIXED), tmp_path)
    assert {"report.json", "report.xml", "report.html", "report.md", "badge.svg"} <= paths.keys()
    for path in paths.values():
        assert SECRET not in path.read_text("utf-8"), path.name


def test_markup_is_escaped(tmp_path: Path) -> None:
    page = write.write(report(*MIXED), tmp_path)["report.html"].read_text("utf-8")
    assert "&lt;b&gt;" in page
    assert "RUNTIME_SECRET <b>" not in page


def test_a_written_report_is_read_again(tmp_path: Path) -> None:
    path = write.write(report(*MIXED), tmp_path)["report.json"]
    found = document.read(path)
    assert document.failed_ids(found) == {"1.1-keep-alive", "10.9-answered", "5.7-no-answer"}


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "other"}'])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(document.DocumentError):
        document.read(path)


def test_the_difference_of_two_reports() -> None:
    old = document.build(report(Outcome.PASS, Outcome.FAIL))
    new = document.build(report(Outcome.FAIL, Outcome.FAIL, Outcome.PASS))
    assert document.difference(old, new) == [
        ("toy", "1.1-answers", "pass", "fail"),
        ("toy", "1.2-wrong-secret", "absent", "pass"),
    ]
    assert document.difference(old, old) == []


def test_merged_reports_keep_the_latest_of_a_target() -> None:
    first = document.build(Report((target(Outcome.FAIL), target(Outcome.PASS, name="other"))))
    second = document.build(report(Outcome.PASS))
    merged = document.merged([first, second])
    assert [found["name"] for found in merged["targets"]] == ["toy", "other"]
    assert merged["conforms"]


def test_junit_counts_and_tells() -> None:
    top = ElementTree.fromstring(junit.render(report(*MIXED)))
    suite = top[0]
    counts = {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "5", "failures": "1", "errors": "1", "skipped": "2"}
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert "clause 1.1" in (failure.text or "")


def test_junit_of_a_run_that_judged_nothing_is_no_success() -> None:
    top = ElementTree.fromstring(junit.render(report(Outcome.NOT_JUDGED)))
    assert top[0].get("errors") == "1"


def test_the_badge_says_whether_it_conforms() -> None:
    from slipway_conformance.reporting import badge

    assert "1 cases passed" in badge.render(document.build(report(Outcome.PASS)))
    assert "does not conform" in badge.render(document.build(report(Outcome.FAIL)))
    assert "nothing was judged" in badge.render(document.build(Report(())))


def test_the_badge_of_all_cases_is_not_spoilt_by_a_run_of_some() -> None:
    from slipway_conformance.reporting import badge

    built = document.build(Report((target(Outcome.PASS), target(Outcome.PASS, name="some"))))
    assert "passes what was chosen" not in badge.render(built)
    for found in built["targets"]:
        found["verdict"] = "passes what was chosen"
    assert "passes what was chosen" in badge.render(built)
