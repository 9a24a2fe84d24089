"""The public face: judge targets, get a report. What the command line and the tools call."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from attrs import frozen

from . import cases, contract
from .cases import Case
from .outcomes import Report, Result
from .runner import Runner
from .runtime import KnownGap
from .selection import Selection
from .targets import Launcher
from .waiting import as_they_end


@frozen
class Subject:
    """One target to judge, with what its runtime.yaml declares. Without one, those profiles are judged
    that an image names in its label, else all of the contract."""

    launcher: Launcher
    profiles: frozenset[str] | None = None
    known_gaps: Sequence[KnownGap] = ()

    @property
    def declared(self) -> frozenset[str]:
        for declared in (self.profiles, self.launcher.profiles):
            if declared is not None:
                return declared
        return frozenset(contract.load().profiles)


Watcher = Callable[[Subject, Result], None]


def verify(
    subjects: Sequence[Subject],
    selection: Selection | None = None,
    watch: Watcher = lambda subject, result: None,
    jobs: int = 0,
) -> Report:
    """Judges the subjects, *jobs* at a time (0: as many as have two processors each), and tells
    *watch* each result; SelectionError where the selection matches nothing."""
    chosen = (selection or Selection()).choose(cases.load())
    runners = [_runner(subject, chosen, partial(watch, subject)) for subject in subjects]
    at_once = jobs or max(1, (os.cpu_count() or 1) // 2)
    with ThreadPoolExecutor(at_once) as pool:
        judged = [pool.submit(runner.run) for runner in runners]
        try:
            for one in as_they_end(judged):
                one.result()
            return Report(tuple(one.result() for one in judged))
        except BaseException:
            # Ctrl-C reaches this thread only: the others are told, or the pool would wait for them.
            pool.shutdown(wait=False, cancel_futures=True)
            for runner in runners:
                runner.cancel()
            raise


def judging(
    subject: Subject,
    selection: Selection | None = None,
    watch: Callable[[Result], None] = lambda result: None,
) -> Runner:
    """One subject, ready to be judged: ``run()`` does it, ``cancel()`` ends that from another thread.
    SelectionError where the selection matches nothing."""
    return _runner(subject, (selection or Selection()).choose(cases.load()), watch)


def _runner(subject: Subject, chosen: Sequence[Case], watch: Callable[[Result], None]) -> Runner:
    return Runner(
        launcher=subject.launcher,
        chosen=chosen,
        profiles=subject.declared,
        known_gaps=subject.known_gaps,
        watch=watch,
    )
