"""A report as JUnit XML: one test suite a target, one test case a case."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from .. import explain
from ..outcomes import Outcome, Report, Result

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """The document as text. A problem of the run itself is an error of its own, so that nobody
    reads it as green."""
    top = ElementTree.Element("testsuites", name="slipway")
    for target in report.targets:
        suite = ElementTree.SubElement(
            top, "testsuite", name=target.name, time=f"{target.seconds:.2f}"
        )
        for result in target.results:
            _case(suite, target.name, result)
        problems = list(target.problems)
        if not target.judged:
            problems.append("nothing was judged")
        for number, problem in enumerate(problems, 1):
            case = ElementTree.SubElement(
                suite, "testcase", classname=target.name, name=f"run-{number}"
            )
            ElementTree.SubElement(
                case, "error", message=_clean(problem.splitlines()[0])
            ).text = _clean(problem)
        suite.set("tests", str(len(suite)))
        for kind in ("failure", "error", "skipped"):
            suite.set(
                f"{kind}s" if kind != "skipped" else kind,
                str(len(suite.findall(f"testcase/{kind}"))),
            )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        + ElementTree.tostring(top, encoding="unicode")
        + "\n"
    )


def _case(suite: ElementTree.Element, target: str, result: Result) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=f"{target}.{result.case.clause.number}",
        name=result.case.id,
        time=f"{result.seconds:.3f}",
    )
    if result.outcome is Outcome.FAIL:
        first = result.mismatches[0] if result.mismatches else result.note
        message = _clean(explain.redacted(first, result))
        ElementTree.SubElement(case, "failure", message=message).text = _clean(
            explain.failure(result)
        )
    elif result.outcome is Outcome.ERROR:
        ElementTree.SubElement(
            case, "error", message="the suite or the engine failed"
        ).text = _clean(explain.failure(result))
    elif result.outcome is not Outcome.PASS:
        ElementTree.SubElement(case, "skipped", message=_clean(f"{result.outcome}: {result.note}"))


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
