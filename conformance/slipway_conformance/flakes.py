"""How often a case passes on one run and fails on another: the suite several times on one target."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from attrs import define, field, frozen

from .outcomes import Outcome, TargetReport

_FAILED = (Outcome.FAIL, Outcome.WARNING, Outcome.KNOWN_GAP, Outcome.ERROR)


@define
class Tries:
    """One case over all runs. A run in which it failed and then passed, run again, is both. ``told`` is
    what was wrong the last time."""

    case: str
    passed: int = 0
    failed: int = 0
    runs: int = 0
    told: str = ""

    @property
    def flaky(self) -> bool:
        return self.passed > 0 and self.failed > 0

    @property
    def rate(self) -> float:
        """The share of runs in which a case that can pass failed."""
        return self.failed / self.runs if self.flaky else 0.0


@frozen
class Flakes:
    """What several runs of the suite on one target have shown; ``problems`` are those of runs that
    could judge nothing."""

    runs: int
    tries: Sequence[Tries]
    problems: Sequence[str] = field(factory=tuple)

    @property
    def flaky(self) -> list[Tries]:
        """The cases that both passed and failed, the worst first."""
        return sorted((t for t in self.tries if t.flaky), key=lambda t: (-t.rate, t.case))

    @property
    def failing(self) -> list[Tries]:
        """The cases that never passed: failures, and no flakes."""
        return [tries for tries in self.tries if tries.failed and not tries.passed]

    @property
    def rate(self) -> float:
        """Over all: of all runs of all cases that were judged, the share that flaked."""
        judged = sum(tries.runs for tries in self.tries)
        return sum(tries.failed for tries in self.flaky) / judged if judged else 0.0

    @property
    def exit_code(self) -> int:
        """0 no flake, 1 flakes, 3 nothing was measured, or a run broke down."""
        if self.problems or not self.tries:
            return 3
        return 1 if self.flaky else 0


def measure(runs: int, judge: Callable[[int], TargetReport]) -> Flakes:
    """Lets *judge* run the suite *runs* times (it is told the number of the run, from 1) and compares
    the outcomes."""
    found: dict[str, Tries] = {}
    problems: dict[str, list[int]] = defaultdict(list)
    for number in range(1, runs + 1):
        report = judge(number)
        for problem in report.problems:
            problems[problem].append(number)
        for result in report.results:
            if result.outcome not in (Outcome.PASS, *_FAILED):
                continue
            tries = found.setdefault(result.case.id, Tries(result.case.id))
            tries.runs += 1
            tries.failed += result.outcome in _FAILED
            tries.passed += result.outcome is Outcome.PASS or result.flaky
            if result.outcome in _FAILED and result.mismatches:
                tries.told = result.mismatches[0].partition("\n")[0]
    return Flakes(runs, tuple(found.values()), tuple(_told(problems)))


def _told(problems: dict[str, list[int]]) -> Iterator[str]:
    for problem, numbers in problems.items():
        yield f"run {', '.join(map(str, numbers))}: {problem}"


def summary(found: Flakes) -> list[str]:
    """Lines for a person."""
    lines = [
        f"{tries.case}: failed in {tries.failed} of {tries.runs} runs"
        + (f", the last time: {tries.told}" if tries.told else "")
        for tries in found.flaky
    ]
    lines += [f"{tries.case}: failed in all runs, which is no flake" for tries in found.failing]
    lines += list(found.problems)
    count = len(found.flaky)
    lines.append(
        f"{count} flaky case{'' if count == 1 else 's'} of {len(found.tries)} in {found.runs} runs:"
        f" {found.rate:.2%} of all that was judged"
    )
    return lines
