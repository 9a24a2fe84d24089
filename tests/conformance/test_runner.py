"""What becomes of a case, and of a run: nothing passes by not being judged."""

from __future__ import annotations

import time
from collections import Counter
from threading import Lock

from slipway_conformance import explain
from slipway_conformance.outcomes import Outcome, Report
from slipway_conformance.runtime import KnownGap
from slipway_conformance.session import Exchanged, NotJudged, Session
from slipway_conformance.targets import TargetError, TargetFailed
from slipway_conformance.wire import WireError

from tests.conformance.conftest import Judge, StubLauncher, case_of


def passes(session: Session) -> None:
    session.expect(True, "never")


def fails(session: Session) -> None:
    session.fail("it is wrong")


def raises(error: Exception) -> object:
    def probe(session: Session) -> None:
        raise error

    return case_of(probe)


def test_a_pass_conforms(judge: Judge) -> None:
    report = judge(case_of(passes))
    assert report.counts == {Outcome.PASS: 1}
    assert Report((report,)).exit_code == 0


def test_a_failure_fails_the_run(judge: Judge) -> None:
    report = judge(case_of(fails))
    assert report.results[0].outcome is Outcome.FAIL
    assert report.results[0].mismatches == ("it is wrong",)
    assert Report((report,)).exit_code == 1


def test_no_secret_of_any_server_is_told(judge: Judge) -> None:
    def probe(session: Session) -> None:
        with session.fresh() as fresh:
            for one in (session, fresh):
                one.exchanged.append(Exchanged(one.request([]), None, one.running.secret))
                one.fail(f"it said {one.running.secret}")

    result = judge(case_of(probe)).results[0]
    told = explain.failure(result)
    assert len(result.secrets) == 2
    assert "x-runtime-secret: $RUNTIME_SECRET" in told
    assert told.count("it said $RUNTIME_SECRET") == 2
    assert "s3cret-" not in told


def test_a_failure_is_run_again(judge: Judge) -> None:
    seen = []

    def probe(session: Session) -> None:
        seen.append(session)
        session.expect(len(seen) > 1, "only the first time")

    result = judge(case_of(probe)).results[0]
    assert (result.outcome, result.flaky, result.attempts) == (Outcome.FAIL, True, 2)


def test_a_should_only_warns(judge: Judge) -> None:
    report = judge(case_of(fails, "10.9-answered"))
    assert report.results[0].outcome is Outcome.WARNING
    assert Report((report,)).exit_code == 0


def test_a_later_case_only_warns(judge: Judge) -> None:
    report = judge(case_of(fails, "1.1-later", since="2.0"))
    assert report.results[0].outcome is Outcome.WARNING


def test_no_answer_is_a_failure(judge: Judge) -> None:
    report = judge(raises(WireError("no answer in time")))
    assert report.results[0].outcome is Outcome.FAIL
    assert report.results[0].mismatches == ("no answer in time",)


def test_a_target_that_ended_is_a_failure(judge: Judge) -> None:
    assert judge(raises(TargetFailed("it ended"))).results[0].outcome is Outcome.FAIL


def test_a_broken_engine_is_an_error_and_is_tried_again(judge: Judge) -> None:
    launcher = StubLauncher()
    report = judge(raises(TargetError("no engine")), launcher=launcher)
    assert report.results[0].outcome is Outcome.ERROR
    assert report.retried == 1
    assert Report((report,)).exit_code == 3


def test_a_broken_probe_is_an_error(judge: Judge) -> None:
    report = judge(raises(KeyError("seen")))
    assert report.results[0].outcome is Outcome.ERROR
    assert "KeyError" in report.results[0].mismatches[0]


def test_an_ability_that_is_lacking_is_not_judged(judge: Judge) -> None:
    report = judge(case_of(passes, needs=frozenset({"container"})), case_of(passes))
    assert report.count(Outcome.NOT_JUDGED) == 1
    assert raised_not_judged(judge) is Outcome.NOT_JUDGED


def raised_not_judged(judge: Judge) -> Outcome:
    return judge(raises(NotJudged("logs"))).results[0].outcome


def test_a_run_that_judged_nothing_fails(judge: Judge) -> None:
    report = judge(case_of(passes, needs=frozenset({"container"})))
    assert not report.conforms
    assert Report((report,)).exit_code == 3


def test_a_run_without_targets_fails() -> None:
    assert Report(()).exit_code == 3


def test_a_profile_that_is_not_declared_is_not_supported(judge: Judge) -> None:
    report = judge(case_of(fails, profile="raw"), case_of(passes))
    assert report.count(Outcome.NOT_SUPPORTED) == 1
    assert report.conforms


def gap(case: str = "1.1-answers") -> KnownGap:
    return KnownGap(case, "the library can't", "2026-01-01")


def test_a_known_gap_does_not_fail_the_run(judge: Judge) -> None:
    report = judge(case_of(fails), known_gaps=[gap()])
    assert report.results[0].outcome is Outcome.KNOWN_GAP
    assert report.conforms


def test_a_known_gap_that_passes_fails_the_run(judge: Judge) -> None:
    report = judge(case_of(passes), known_gaps=[gap()])
    assert report.results[0].outcome is Outcome.FAIL
    assert "take it out" in report.results[0].mismatches[0]


def test_a_known_gap_excuses_no_error(judge: Judge) -> None:
    report = judge(raises(KeyError("seen")), known_gaps=[gap()])
    assert report.results[0].outcome is Outcome.ERROR


def test_a_known_gap_of_no_case_fails_the_run(judge: Judge) -> None:
    report = judge(case_of(passes), known_gaps=[gap("1.1-unheard-of")])
    assert report.problems == (
        "runtime.yaml lists a known gap for 1.1-unheard-of, which is no case",
    )
    assert not report.conforms


def test_cases_share_a_server_unless_their_launch_differs(judge: Judge) -> None:
    launcher = StubLauncher()
    judge(
        case_of(passes),
        case_of(passes, "1.1-keep-alive"),
        case_of(passes, "1.1-close-on-request", launch={"A": "1"}, needs=frozenset({"launch"})),
        launcher=launcher,
    )
    assert launcher.launched == 2
    assert launcher.closed


def test_cases_that_ask_to_be_alone_overlap_on_no_server(judge: Judge) -> None:
    lock, on_it, met = Lock(), Counter[str](), []

    def stays(session: Session) -> None:
        with lock:
            on_it[session.running.secret] += 1
            met.append((on_it[session.running.secret], len(on_it)))
        time.sleep(0.02)
        with lock:
            on_it[session.running.secret] -= 1

    launcher = StubLauncher()
    judge(
        *(case_of(stays, f"1.1-{name}", alone=True) for name in ("answers", "host", "keep-alive")),
        launcher=launcher,
    )
    assert {number for number, _ in met} == {1}
    assert max(servers for _, servers in met) == launcher.launched == 2


def test_where_no_server_can_be_launched_all_share_the_only_one(judge: Judge) -> None:
    class Only(StubLauncher):
        abilities = frozenset()

    launcher = Only()
    judge(case_of(passes, alone=True), case_of(passes, "1.1-host", alone=True), launcher=launcher)
    assert launcher.launched == 1


def test_a_target_that_cannot_be_had_is_a_problem(judge: Judge) -> None:
    class Broken(StubLauncher):
        def prepare(self) -> None:
            raise TargetError("the build failed")

    report = judge(case_of(passes), launcher=Broken())
    assert report.problems == ("the build failed",)
    assert Report((report,)).exit_code == 3
