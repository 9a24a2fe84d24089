"""Known gaps are written where they belong, and nothing else of the file changes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from slipway_conformance import gaps
from slipway_conformance.outcomes import Outcome, Result
from slipway_conformance.session import Session

from tests.conformance.conftest import case_of

REST = "language: toy  # a comment\n"


def nothing(session: Session) -> None:
    """A case that is never run."""


def result(case_id: str = "1.1-answers", outcome: Outcome = Outcome.FAIL) -> Result:
    return Result(case_of(nothing, case_id), outcome, ("it's: wrong\nthere",))


@pytest.mark.parametrize(
    "text",
    [
        REST,
        REST + "known_gaps: []\n",
        "known_gaps: []\n" + REST,
        REST + "known_gaps:\n  - case: 1.1-keep-alive\n    reason: r\n    since: '2026-01-01'\n",
    ],
    ids=["none", "empty", "empty first", "one"],
)
def test_a_gap_is_added(tmp_path: Path, text: str) -> None:
    path = tmp_path / "runtime.yaml"
    path.write_text(text)
    assert gaps.write(path, [result()]) == 1
    written = path.read_text()
    assert REST in written
    found = yaml.safe_load(written)["known_gaps"]
    assert found[-1]["case"] == "1.1-answers"
    assert found[-1]["reason"] == "to be explained: it's: wrong there"
    assert len(found) == text.count("- case") + 1


def test_a_gap_is_added_once(tmp_path: Path) -> None:
    path = tmp_path / "runtime.yaml"
    path.write_text(REST)
    assert gaps.write(path, [result()]) == 1
    assert gaps.write(path, [result()]) == 0


def test_only_failures_are_gaps(tmp_path: Path) -> None:
    path = tmp_path / "runtime.yaml"
    path.write_text(REST)
    assert gaps.write(path, [result(outcome=Outcome.PASS), result(outcome=Outcome.ERROR)]) == 0
    assert path.read_text() == REST
