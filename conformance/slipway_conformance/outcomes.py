"""What became of a case, and of a run: values only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import field, frozen

from .cases import Case
from .session import Exchanged


class Outcome(StrEnum):
    """More than pass and fail: only PASS is conformance, and only FAIL and ERROR fail a run."""

    PASS = "pass"
    FAIL = "fail"
    WARNING = "warning"
    KNOWN_GAP = "known gap"
    NOT_SUPPORTED = "not supported"
    NOT_JUDGED = "not judged"
    ERROR = "error"


@frozen
class Result:
    """What became of one case on one target. ``note`` says why it was not judged, or that it is
    flaky; ``kept`` are inputs that broke a property, as cases of their own; ``secrets`` are what
    every report must redact."""

    case: Case
    outcome: Outcome
    mismatches: tuple[str, ...] = ()
    exchanged: tuple[Exchanged, ...] = ()
    log: str = ""
    seconds: float = 0.0
    attempts: int = 1
    note: str = ""
    flaky: bool = False
    kept: tuple[Mapping[str, Any], ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


@frozen
class TargetReport:
    """All results of one target. ``argument`` is what `slipway verify` takes to judge it again;
    ``problems`` are failures of the run itself, and fail it whatever the cases say; ``complete``
    says that no case was left out by a selection."""

    name: str
    argument: str
    language: str
    version: str
    results: tuple[Result, ...]
    problems: tuple[str, ...] = ()
    seconds: float = 0.0
    retried: int = 0
    complete: bool = True

    def count(self, *outcomes: Outcome) -> int:
        return sum(result.outcome in outcomes for result in self.results)

    @property
    def counts(self) -> Counter[Outcome]:
        return Counter(result.outcome for result in self.results)

    @property
    def flaky(self) -> int:
        """Cases that failed and passed when they were run again; they count as failed."""
        return sum(result.flaky for result in self.results)

    @property
    def judged(self) -> int:
        return self.count(Outcome.PASS, Outcome.FAIL, Outcome.WARNING, Outcome.KNOWN_GAP)

    @property
    def conforms(self) -> bool:
        return self.judged > 0 and not self.problems and not self.count(Outcome.FAIL, Outcome.ERROR)

    @property
    def verdict(self) -> str:
        """In words: only a run of all cases may say that a target conforms."""
        if not self.judged:
            return "nothing was judged"
        if not self.conforms:
            return "does not conform"
        return "conforms" if self.complete else "passes what was chosen"


@frozen
class Report:
    """One run over one or more targets."""

    targets: tuple[TargetReport, ...]

    @property
    def conforms(self) -> bool:
        return bool(self.targets) and all(target.conforms for target in self.targets)

    @property
    def exit_code(self) -> int:
        """0 conforms, 1 a case failed, 3 the run itself failed (a target that couldn't be had,
        nothing judged)."""
        if self.conforms:
            return 0
        broken = not self.targets or any(
            target.problems or not target.judged or target.count(Outcome.ERROR)
            for target in self.targets
        )
        return 3 if broken else 1
