"""How often cases flake, counted over runs."""

from __future__ import annotations

from pathlib import Path

from slipway_conformance import api, flakes
from slipway_conformance.outcomes import Outcome, Result, TargetReport
from slipway_conformance.selection import Selection
from slipway_conformance.session import Session

from tests.conformance.conftest import case_of
from tests.conformance.every_other import EveryOther


def nothing(session: Session) -> None:
    """A case that is never run."""


def run(*outcomes: Outcome | str, problems: tuple[str, ...] = ()) -> TargetReport:
    """A run with these outcomes; "flaky" is a failure that passed when it was run again."""
    ids = ("1.1-answers", "1.1-keep-alive", "1.2-wrong-secret")
    results = tuple(
        Result(
            case_of(nothing, name),
            Outcome.FAIL if outcome == "flaky" else Outcome(outcome),
            () if outcome is Outcome.PASS else ("too late", "and wrong"),
            flaky=outcome == "flaky",
        )
        for name, outcome in zip(ids, outcomes, strict=False)
    )
    return TargetReport("toy", "toy", "toy", "1", results, problems)


def measured(*runs: TargetReport) -> flakes.Flakes:
    return flakes.measure(len(runs), lambda number: runs[number - 1])


def test_a_case_that_passes_and_fails_is_flaky() -> None:
    found = measured(run(Outcome.PASS, Outcome.PASS), run(Outcome.FAIL, Outcome.PASS))
    assert [(tries.case, tries.rate) for tries in found.flaky] == [("1.1-answers", 0.5)]
    assert found.rate == 0.25
    assert found.exit_code == 1
    assert flakes.summary(found) == [
        "1.1-answers: failed in 1 of 2 runs, the last time: too late",
        "1 flaky case of 2 in 2 runs: 25.00% of all that was judged",
    ]


def test_a_failure_that_passes_in_the_same_run_is_flaky() -> None:
    found = measured(run("flaky"), run("flaky"))
    assert [tries.rate for tries in found.flaky] == [1.0]


def test_what_always_fails_is_no_flake() -> None:
    found = measured(run(Outcome.FAIL), run(Outcome.FAIL))
    assert found.exit_code == 0
    assert "failed in all runs" in flakes.summary(found)[0]


def test_what_is_not_judged_counts_for_nothing() -> None:
    found = measured(run(Outcome.NOT_JUDGED, Outcome.PASS), run(Outcome.NOT_JUDGED, Outcome.PASS))
    assert [tries.case for tries in found.tries] == ["1.1-keep-alive"]


def test_a_run_that_broke_down_is_no_success() -> None:
    broken = run(problems=("no engine",))
    found = measured(run(Outcome.PASS), broken, broken)
    assert found.exit_code == 3
    assert "run 2, 3: no engine" in flakes.summary(found)
    assert measured(run()).exit_code == 3


def test_a_server_that_is_wrong_every_other_time(tmp_path: Path) -> None:
    chosen = Selection(["2.1-empty-object", "2.1-unicode"])

    def judge(number: int) -> TargetReport:
        launcher = EveryOther(tmp_path / "launches", "method-is-get-by-default")
        return api.verify([api.Subject(launcher)], chosen).targets[0]

    found = flakes.measure(4, judge)
    assert [(t.case, t.failed, t.runs) for t in found.flaky] == [("2.1-empty-object", 2, 4)]
    assert found.rate == 0.25
