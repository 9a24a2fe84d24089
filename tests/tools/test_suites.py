"""The suite on several targets at a time, as `slipway test` runs it."""

from __future__ import annotations

from slipway_conformance import Outcome, Selection, Subject
from slipway_conformance.reference.launcher import ReferenceLauncher
from slipway_conformance.targets import TargetError
from slipway_tools.terminal import Steps
from slipway_tools.test.suites import Judge, Piece, judge_all
from slipway_tools.test.tally import Tally

FEW = Selection(clauses=("10.3",))
# Asks to be alone, and fails on the broken one.
ALONE = Selection(ids={"9.3-cap"})


def _reference() -> Subject:
    return Subject(ReferenceLauncher())


def _broken() -> Subject:
    return Subject(ReferenceLauncher("oldest-lines-are-kept"))


def _unlocked() -> Subject:
    return Subject(ReferenceLauncher("secret-is-optional"))


def _hasty() -> Subject:
    return Subject(ReferenceLauncher("signals-end-it-at-once"))


def _nowhere() -> Subject:
    raise TargetError("there is no such target")


def test_each_target_gets_its_row_and_its_report() -> None:
    with Steps() as steps:
        tally = Tally(steps)
        pieces = [
            Piece("one", _reference, FEW),
            Piece("none", _nowhere),
            Piece("two", _reference, FEW),
        ]
        targets = judge_all(tally, pieces)
    assert [target.count(Outcome.PASS) > 0 for target in targets] == [True, True]
    rows = {row.name: (row.passed, row.failed) for row in tally.rows}
    passed = targets[0].count(Outcome.PASS)
    assert rows == {"one": (passed, 0), "two": (passed, 0), "none": (0, 1)}


def test_what_failed_beside_other_work_is_judged_again_alone() -> None:
    subjects = iter([_broken(), *[_reference() for _ in range(3)]])
    with Steps() as steps:
        tally = Tally(steps)
        (target,) = judge_all(tally, [Piece("busy", lambda: next(subjects), ALONE)])
    assert target.conforms
    assert target.count(Outcome.FAIL) == 0
    first, again = tally.rows
    assert (first.failed, first.note) == (0, "again, alone: 9.3-cap")
    assert (again.name, again.passed, again.failed) == ("busy, again and alone", 1, 0)
    assert first.passed + again.passed == target.count(Outcome.PASS)


def test_what_fails_alone_now_and_then_has_failed() -> None:
    subjects = iter([_broken(), _reference(), _broken(), _reference()])
    with Steps() as steps:
        tally = Tally(steps)
        (target,) = judge_all(tally, [Piece("fickle", lambda: next(subjects), ALONE)])
    assert not target.conforms
    assert tally.failed == 1


def test_what_fails_alone_as_well_has_failed() -> None:
    with Steps() as steps:
        tally = Tally(steps)
        (target,) = judge_all(tally, [Piece("broken", _broken, ALONE)])
    assert not target.conforms
    assert [(row.failed, row.note) for row in tally.rows][1:] == [(1, "9.3-cap")]


def test_what_needs_not_be_alone_has_failed_at_once() -> None:
    chosen = Selection(ids={"1.2-missing-secret"})
    with Steps() as steps:
        tally = Tally(steps)
        judge_all(tally, [Piece("unlocked", _unlocked, chosen)])
    (row,) = tally.rows
    assert (row.failed, row.note) == (1, "1.2-missing-secret")


def test_many_failures_are_no_accident() -> None:
    names = {"10.5-drain", "10.5-grace", "10.5-idle", "10.5-late-invocation"}
    with Steps() as steps:
        tally = Tally(steps)
        judge_all(tally, [Piece("hasty", _hasty, Selection(ids=names))])
    (row,) = tally.rows
    assert (row.failed, set(row.note.split(", "))) == (len(names), names)


def test_one_that_is_stopped_before_it_begins_judges_nothing_and_is_no_pass() -> None:
    with Steps() as steps:
        tally = Tally(steps)
        judge = Judge(tally, Piece("late", _reference, FEW))
        judge.stop()
        judge.run()
    assert (tally.passed, tally.failed) == (0, 1)
