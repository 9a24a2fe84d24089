"""Runs cases on a target: which can be judged, in which order, on which launched server."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock

from attrs import define, evolve, field

from . import cases, counterexamples, exchanges, preflight
from .cases import Case
from .outcomes import Outcome, Result, TargetReport
from .runtime import KnownGap
from .session import NotJudged, Session, Violation
from .targets import Ability, Launcher, Running, TargetError, TargetFailed
from .wire import WireError

Watcher = Callable[[Result], None]
Variant = tuple[tuple[str, str], ...]
# A server: of which settings, and which of those that have the same.
_Place = tuple[Variant, int]
# Cases at a time on one server, and servers of other settings beside the one that most cases share.
_PARALLEL = 4
_VARIANTS = 2
# Cases at a time that mostly wait.
_QUIET = 4
# Servers of the usual settings that take the cases which let no other one beside them, each one at a time.
_LANES = 2


@define
class Runner:
    """Runs the *chosen* cases on *launcher*. ``profiles`` are those that the runtime declares; ``watch`` is
    told each result."""

    launcher: Launcher
    chosen: Sequence[Case]
    profiles: frozenset[str]
    known_gaps: Sequence[KnownGap] = ()
    watch: Watcher = lambda result: None
    _servers: dict[_Place, Running] = field(factory=dict, init=False)
    _locks: defaultdict[_Place, Lock] = field(factory=lambda: defaultdict(Lock), init=False)
    _cancelled: Event = field(factory=Event, init=False)
    _lock: Lock = field(factory=Lock, init=False)
    _retried: int = field(default=0, init=False)

    def run(self) -> TargetReport:
        """Never raises for what a target does: a target that can't be had is a problem of the
        report."""
        began = time.monotonic()
        results: list[Result] = []
        problems: list[str] = []
        try:
            self.launcher.prepare()
            problems += preflight.problems(self._server(((), 0)))
            if not problems:
                results = self._judge_all()
        except TargetError as error:
            problems.append(str(error))
        except Exception:
            problems.append(f"the suite itself failed:\n{traceback.format_exc()}")
        finally:
            self.launcher.close()
        problems += self._gap_problems()
        results.sort(key=lambda result: result.case.sort_key)
        return TargetReport(
            name=self.launcher.name,
            argument=self.launcher.argument,
            language=self.launcher.language,
            version=self.launcher.version,
            results=tuple(results),
            problems=tuple(problems),
            seconds=time.monotonic() - began,
            retried=self._retried,
            complete={c.id for c in self.chosen} >= {c.id for c in cases.load()},
        )

    def cancel(self) -> None:
        """Ends a run from another thread: no case begins any more, and all that was launched goes."""
        self._cancelled.set()
        self.launcher.close()

    def judge(self, case: Case, *, again: bool = True) -> Result:
        """One case on a launcher that is prepared already; what fails is run *again*, if it is to be sure."""
        if excused := self._excused(case):
            return excused
        first = self._first(case)
        return self._confirmed(first) if again else self._weigh(first)

    def _judge_all(self) -> list[Result]:
        results: list[Result] = []
        groups: dict[Variant, list[Case]] = defaultdict(list)
        for case in self.chosen:
            excused = self._excused(case)
            if excused:
                results.append(self._tell(excused))
            else:
                groups[_variant(case)].append(case)
        # Most cases share the server that is warm already; the other variants mostly wait, beside it.
        main = groups.pop((), [])
        with ThreadPoolExecutor(_VARIANTS) as pool:
            others = [pool.submit(self._judge_group, *group) for group in sorted(groups.items())]
            results += self._judge_group((), main)
            for other in others:
                results += other.result()
        return results

    def _judge_group(self, variant: Variant, cases: Sequence[Case]) -> list[Result]:
        """Cases that share one server: first those that may overlap, then those that only wait, then
        each that must be alone, then once more what failed. A server of other settings is often one
        that its case fills, so nothing overlaps there."""
        alone = [case for case in cases if variant or case.alone]
        quiet = [case for case in alone if case.quiet and not variant]
        overlapping = [case for case in cases if case not in alone]
        # What builds takes long, and nothing should wait for it in the end.
        overlapping.sort(key=lambda case: Ability.BUILD not in case.needs)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            firsts = list(pool.map(self._first, overlapping))
        with ThreadPoolExecutor(_QUIET) as pool:
            firsts += pool.map(self._first, quiet)
        firsts += self._judge_alone(variant, [case for case in alone if case not in quiet])
        results = [self._confirmed(result) for result in firsts]
        if variant:
            self._forget((variant, 0))
        return results

    def _judge_alone(self, variant: Variant, cases: Sequence[Case]) -> list[Result]:
        """Cases that want a server for themselves, which is what several servers give them."""
        left = deque(sorted(cases, key=lambda case: case.harms))

        def judge(lane: int) -> list[Result]:
            found = []
            with contextlib.suppress(IndexError):
                while case := left.popleft():
                    if running := self._servers.get((variant, lane)):
                        running.log.wait_quiet()
                    found.append(self._first(case, lane))
            return found

        lanes = 1 if variant or Ability.LAUNCH not in self.launcher.abilities else _LANES
        with ThreadPoolExecutor(lanes) as pool:
            return [result for found in pool.map(judge, range(lanes)) for result in found]

    def _excused(self, case: Case) -> Result | None:
        if case.profile not in self.profiles:
            told = f"the profile {case.profile} is not declared"
            return Result(case, Outcome.NOT_SUPPORTED, note=told)
        lacking = sorted(case.needs - self.launcher.abilities)
        if lacking:
            return Result(case, Outcome.NOT_JUDGED, note=_unable(*lacking))
        return None

    def _first(self, case: Case, lane: int = 0) -> Result:
        """The result of a case, not weighed yet; told at once unless it failed."""
        if self._cancelled.is_set():
            return Result(case, Outcome.NOT_JUDGED, note="the run was ended before")
        result = self._attempt(case, lane)
        if result.outcome is Outcome.ERROR:
            with self._lock:
                self._retried += 1
            self._forget((_variant(case), lane))
            told = "the first attempt met an error of the engine"
            result = evolve(self._attempt(case, lane), attempts=2, note=told)
        if result.outcome is not Outcome.FAIL:
            self._tell(self._weigh(result))
        return result

    def _confirmed(self, result: Result) -> Result:
        """Runs again what failed, to tell what fails always from what fails sometimes."""
        if result.outcome is not Outcome.FAIL or self._cancelled.is_set():
            return self._weigh(result)
        second = self._attempt(result.case)
        if second.outcome is Outcome.PASS:
            told = "flaky: it passed when it was run again"
            result = evolve(result, attempts=2, note=told, flaky=True)
        elif second.outcome is Outcome.FAIL:
            result = evolve(second, attempts=2)
        return self._tell(self._weigh(result))

    def _attempt(self, case: Case, lane: int = 0) -> Result:
        began = time.monotonic()
        place = (_variant(case), lane)
        try:
            running = self._server(place)
        except TargetError as error:
            outcome = Outcome.FAIL if isinstance(error, TargetFailed) else Outcome.ERROR
            return Result(case, outcome, (str(error),), seconds=time.monotonic() - began)
        session = Session(case, self.launcher, running)
        outcome, note = Outcome.PASS, ""
        try:
            (case.probe or exchanges.run)(session)
        except Violation:
            """What it found so far says why it ended."""
        except NotJudged as lacking:
            outcome, note = Outcome.NOT_JUDGED, _unable(str(lacking))
        except (WireError, TargetFailed) as error:
            session.fail(str(error))
        except TargetError as error:
            outcome = Outcome.ERROR
            session.fail(str(error))
        except Exception:
            outcome = Outcome.ERROR
            session.fail(traceback.format_exc())
        if session.found and outcome is not Outcome.ERROR:
            outcome = Outcome.FAIL
        result = Result(
            case,
            outcome,
            tuple(session.found),
            session.telling,
            session.log_excerpt() if outcome in (Outcome.FAIL, Outcome.ERROR) else "",
            time.monotonic() - began,
            note=note,
            kept=tuple(counterexamples.as_case(case, *kept) for kept in session.kept),
            secrets=frozenset(session.secrets),
        )
        if outcome is not Outcome.PASS and not running.alive():
            self._forget(place)
        return result

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
        if result.outcome is Outcome.FAIL and not result.case.counts:
            told = f"counts from version {result.case.since} of the contract on"
            return evolve(result, outcome=Outcome.WARNING, note=told)
        if result.outcome is Outcome.FAIL and result.case.clause.level == "SHOULD":
            return evolve(result, outcome=Outcome.WARNING)
        return result

    def _gap_problems(self) -> list[str]:
        known = {case.id: case for case in cases.load()}
        problems = []
        for gap in self.known_gaps:
            if gap.case not in known:
                problems.append(f"runtime.yaml lists a known gap for {gap.case}, which is no case")
            elif known[gap.case].profile not in self.profiles:
                problems.append(
                    f"runtime.yaml lists a known gap for {gap.case} and doesn't declare its profile "
                    f"{known[gap.case].profile}: take the gap out"
                )
        return problems

    def _server(self, place: _Place) -> Running:
        with self._lock:
            lock = self._locks[place]
        with lock:
            running = self._servers.get(place)
            if running is None or not running.alive():
                running = self._servers[place] = self.launcher.launch(dict(place[0]))
            return running

    def _forget(self, place: _Place) -> None:
        running = self._servers.pop(place, None)
        if running:
            running.stop()

    def _tell(self, result: Result) -> Result:
        self.watch(result)
        return result


def _variant(case: Case) -> Variant:
    return tuple(sorted(case.launch.items()))


def _unable(*abilities: str) -> str:
    return f"this kind of target can't show it ({', '.join(abilities)})"
