"""Runs cases on a target: which can be judged, in which order, on which launched server."""

from __future__ import annotations

import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from attrs import define, evolve, field

from . import preflight
from .cases import Case
from .outcomes import Outcome, Result, TargetReport
from .runtime import KnownGap
from .session import Session, Violation, run_exchanges
from .targets import Launcher, Running, TargetError
from .wire import WireError

Watcher = Callable[[Result], None]
_PARALLEL = 4


@define
class Runner:
    """Runs *cases* on *launcher*. ``profiles`` are those that the runtime declares; ``watch`` is
    told each result."""

    launcher: Launcher
    cases: Sequence[Case]
    profiles: frozenset[str]
    known_gaps: Sequence[KnownGap] = ()
    watch: Watcher = lambda result: None
    again: bool = True
    _servers: dict[tuple[tuple[str, str], ...], Running] = field(factory=dict, init=False)
    _retried: int = field(default=0, init=False)

    def run(self) -> TargetReport:
        """Never raises for what a target does: a target that can't be had is a problem of the
        report."""
        began = time.monotonic()
        results: list[Result] = []
        problems: list[str] = []
        try:
            self.launcher.prepare()
            problems += preflight.problems(self._server({}))
            if not problems:
                results = self._judge_all()
        except TargetError as error:
            problems.append(str(error))
        finally:
            self.launcher.close()
        problems += self._gap_problems({result.case.id for result in results})
        results.sort(key=lambda result: result.case.sort_key)
        return TargetReport(
            name=self.launcher.name,
            language=self.launcher.language,
            version=self.launcher.version,
            results=tuple(results),
            problems=tuple(problems),
            seconds=time.monotonic() - began,
            retried=self._retried,
        )

    def judge(self, case: Case) -> Result:
        """One case on a launcher that is prepared already."""
        return self._excused(case) or self._judge(case)

    def _judge_all(self) -> list[Result]:
        results = []
        groups: Mapping[tuple[tuple[str, str], ...], list[Case]] = defaultdict(list)
        for case in self.cases:
            excused = self._excused(case)
            if excused:
                results.append(self._tell(excused))
            else:
                groups[tuple(sorted(case.launch.items()))].append(case)
        # The variant that most cases share runs first, on the server that is warm already.
        for variant in sorted(groups, key=lambda key: (-len(groups[key]), key)):
            shared = [case for case in groups[variant] if not case.alone]
            with ThreadPoolExecutor(_PARALLEL) as pool:
                results += pool.map(self._judge, shared)
            results += [self._judge(case) for case in groups[variant] if case.alone]
            if variant:
                self._forget(variant)
        return results

    def _excused(self, case: Case) -> Result | None:
        if case.profile not in self.profiles:
            return Result(
                case, Outcome.NOT_SUPPORTED, note=f"the profile {case.profile} is not declared"
            )
        lacking = case.needs - self.launcher.abilities
        if case.launch and "launch" not in self.launcher.abilities:
            lacking |= {"launch"}
        if lacking:
            return Result(
                case,
                Outcome.NOT_JUDGED,
                note=f"this kind of target can't show it ({', '.join(sorted(lacking))})",
            )
        if (
            any(exchange.expect.get("logs") for exchange in case.exchanges)
            and "logs" not in self.launcher.abilities
        ):
            return Result(case, Outcome.NOT_JUDGED, note="this kind of target shows no log")
        return None

    def _judge(self, case: Case) -> Result:
        result = self._attempt(case)
        if result.outcome is Outcome.ERROR:
            self._retried += 1
            self._forget(tuple(sorted(case.launch.items())))
            result = evolve(
                self._attempt(case), attempts=2, note="the first attempt met an error of the engine"
            )
        elif result.outcome is Outcome.FAIL and self.again:
            second = self._attempt(case)
            if second.outcome is Outcome.PASS:
                result = evolve(result, attempts=2, note="flaky: passed when it was run again")
            else:
                result = evolve(second, attempts=2)
        return self._tell(self._weigh(result))

    def _attempt(self, case: Case) -> Result:
        began = time.monotonic()
        try:
            running = self._server(case.launch)
        except TargetError as error:
            return Result(case, Outcome.ERROR, (str(error),), seconds=time.monotonic() - began)
        session = Session(case, self.launcher, running)
        outcome = Outcome.PASS
        try:
            if case.probe:
                case.probe(session)
            else:
                run_exchanges(session)
        except Violation:
            pass
        except WireError as error:
            session.fail(f"no answer: {error}")
        except TargetError as error:
            outcome = Outcome.ERROR
            session.fail(str(error))
        except Exception:
            outcome = Outcome.ERROR
            session.fail(traceback.format_exc())
        if session.found and outcome is Outcome.PASS:
            outcome = Outcome.FAIL
        tail = running.log_tail() if outcome is not Outcome.PASS else ""
        if outcome is not Outcome.PASS and not running.alive():
            self._forget(tuple(sorted(case.launch.items())))
        return Result(
            case,
            outcome,
            tuple(session.found),
            tuple(session.exchanged[-20:]),
            tail,
            time.monotonic() - began,
        )

    def _weigh(self, result: Result) -> Result:
        """What a failure or a pass means in view of the clause's level and of the known gaps."""
        gap = next((gap for gap in self.known_gaps if gap.case == result.case.id), None)
        if gap and result.outcome is Outcome.FAIL:
            return evolve(
                result, outcome=Outcome.KNOWN_GAP, note=f"{gap.reason} (since {gap.since})"
            )
        if gap and result.outcome is Outcome.PASS:
            told = "it is listed as a known gap and passes: take it out of runtime.yaml"
            return evolve(result, outcome=Outcome.FAIL, mismatches=(told,))
        if result.outcome is Outcome.FAIL and result.case.clause.level == "SHOULD":
            return evolve(result, outcome=Outcome.WARNING)
        return result

    def _gap_problems(self, judged: Iterable[str]) -> list[str]:
        from . import cases

        known = {case.id for case in cases.load()} | set(judged)
        return [
            f"runtime.yaml lists a known gap for {gap.case}, which is no case"
            for gap in self.known_gaps
            if gap.case not in known
        ]

    def _server(self, launch: Mapping[str, str]) -> Running:
        variant = tuple(sorted(launch.items()))
        running = self._servers.get(variant)
        if running is None or not running.alive():
            running = self._servers[variant] = self.launcher.launch(launch)
        return running

    def _forget(self, variant: tuple[tuple[str, str], ...]) -> None:
        running = self._servers.pop(variant, None)
        if running:
            running.stop()

    def _tell(self, result: Result) -> Result:
        self.watch(result)
        return result
