"""The public face: judge targets, get a report. What the command line and the tools call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import frozen

from . import cases, contract
from .outcomes import Report, Result
from .runner import Runner
from .runtime import KnownGap
from .selection import Selection
from .targets import Launcher


@frozen
class Subject:
    """One target to judge, with what its runtime.yaml declares. Without one, all profiles of the
    contract are judged but those that are still optional (``stream``, ``metrics``)."""

    launcher: Launcher
    profiles: frozenset[str] | None = None
    known_gaps: Sequence[KnownGap] = ()

    @property
    def declared(self) -> frozenset[str]:
        if self.profiles is not None:
            return self.profiles
        return frozenset(contract.load().profiles) - {"stream", "metrics"}


def verify(
    subjects: Sequence[Subject],
    selection: Selection | None = None,
    watch: Callable[[Subject, Result], None] = lambda subject, result: None,
) -> Report:
    """Judges each subject in turn; SelectionError where the selection matches nothing."""
    chosen = (selection or Selection()).choose(cases.load())
    reports = []
    for subject in subjects:
        runner = Runner(
            launcher=subject.launcher,
            cases=chosen,
            profiles=subject.declared,
            known_gaps=subject.known_gaps,
            watch=lambda result, subject=subject: watch(subject, result),  # type: ignore[misc]
        )
        reports.append(runner.run())
    return Report(tuple(reports))
