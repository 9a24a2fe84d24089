"""What breaks a property is kept, and can be run again."""

from pathlib import Path

import pytest
from slipway_conformance import counterexamples
from slipway_conformance.api import Subject, verify
from slipway_conformance.cases import CaseError, read
from slipway_conformance.outcomes import Outcome, TargetReport
from slipway_conformance.reference.launcher import ReferenceLauncher
from slipway_conformance.selection import Selection


def judged(mutant: str, selection: Selection) -> TargetReport:
    return verify([Subject(ReferenceLauncher(mutant))], selection).targets[0]


def test_a_counterexample_fails_on_what_it_was_found_on_and_passes_elsewhere(
    tmp_path: Path,
) -> None:
    found = judged("json-is-ascii", Selection(["5.3-any-json"]))
    assert found.results[0].outcome is Outcome.FAIL
    path = counterexamples.write([found], tmp_path)
    assert path
    text = path.read_text("utf-8")
    assert all(secret not in text for secret in found.results[0].secrets)
    again = Selection(own=read(path))
    assert [r.outcome for r in judged("json-is-ascii", again).results] == [Outcome.FAIL]
    on_the_reference = judged("", again)
    assert [r.outcome for r in on_the_reference.results] == [Outcome.PASS]
    assert not on_the_reference.complete


def test_nothing_is_written_where_nothing_was_found(tmp_path: Path) -> None:
    assert counterexamples.write([judged("", Selection(["5.3-any-json"]))], tmp_path) is None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("text", ["cases: [", "cases: []", "group: x\ncases: [{id: 1}]"])
def test_a_file_that_holds_no_cases_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cases.yaml"
    path.write_text(text)
    with pytest.raises(CaseError, match=r"cases\.yaml"):
        read(path)
