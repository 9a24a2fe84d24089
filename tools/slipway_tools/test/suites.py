"""The suite on every image and, for what no image can show, on plain processes."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from threading import Event

from attrs import define, evolve, field, frozen
from slipway_conformance import (
    Outcome,
    Report,
    Result,
    Selection,
    Subject,
    TargetReport,
    across,
    cases,
    explain,
    judging,
)
from slipway_conformance.reporting.write import write
from slipway_conformance.runner import Runner
from slipway_conformance.targets import TargetError

from .. import parallel
from ..engine.process import lacks
from ..report import figures
from ..repository import Choice
from ..subjects import image_subject, scripts_subject
from ..terminal import Step
from .tally import Failed, Tally, show

# A suite keeps two processors busy: a second one on them would save next to nothing, and disturb cases that ask to
# be alone.
_PROCESSORS = 2
# Such a case shares the machine all the same, and may miss a limit of time for want of a processor. More than these
# are no accident.
_DOUBTFUL = 3
# How often each of them must pass then: what fails now and then has failed.
_TIMES = 3


def judge_images(tally: Tally, choices: Sequence[Choice]) -> list[TargetReport]:
    """The whole suite on each image."""
    return judge_all(
        tally,
        [Piece(f"suite on {choice.name}", partial(image_subject, choice)) for choice in choices],
    )


def compare_images(tally: Tally, choices: Sequence[Choice]) -> None:
    """The same inputs to all versions of all languages at once."""
    with tally.piece("the same answers from all") as (step, counts):
        launchers = [image_subject(choice).launcher for choice in choices]
        counts.note = ", ".join(launcher.name for launcher in launchers)
        try:
            differences = across.compare(launchers, step.tell)
        except TargetError as error:
            raise Failed(str(error)) from error
        if differences:
            raise Failed("\n\n".join(map(str, differences)), failed=len(differences))


def judge_scripts(
    tally: Tally, choices: Sequence[Choice], on_images: Sequence[TargetReport] | None
) -> list[TargetReport]:
    """On the machine's own toolchain: what no image could show, or everything where there are no
    images (None) or another server answers."""
    pieces = []
    for runtime in {choice.runtime.language: choice.runtime for choice in choices}.values():
        name = f"suite on {runtime.language}, as plain processes"
        lacking = lacks(runtime)
        if on_images is None or runtime.plain_server:
            left = {case.id for case in cases.load()}
            if lacking:
                tally.unjudged(name, lacking[0])
        else:
            # These few need a toolchain that a container engine makes unnecessary otherwise.
            left = _left([target for target in on_images if target.language == runtime.language])
        if left and not lacking:
            pieces.append(Piece(name, partial(scripts_subject, runtime), Selection(ids=left)))
    return judge_all(tally, pieces)


def save(targets: Sequence[TargetReport], folder: Path) -> Path | None:
    """Writes the reports of all targets; where the page for people is."""
    if not targets:
        return None
    return write(Report(tuple(targets)), folder, figures())["report.html"]


def _left(targets: Sequence[TargetReport]) -> set[str]:
    """Cases that none of *targets* judged although the language declares their profile."""
    judged = {r.case.id for t in targets for r in t.results if r.outcome is not Outcome.NOT_JUDGED}
    return {r.case.id for t in targets for r in t.results} - judged


@frozen
class Piece:
    """One run of the suite, under the name that a person sees."""

    name: str
    subject: Callable[[], Subject]
    selection: Selection = field(factory=Selection)


def judge_all(tally: Tally, pieces: Sequence[Piece]) -> list[TargetReport]:
    judges = [Judge(tally, piece) for piece in pieces]

    def stop() -> None:
        for judge in judges:
            judge.stop()

    at_once = max(1, (os.cpu_count() or 1) // _PROCESSORS)
    parallel.run([judge.run for judge in judges], stop, at_once)
    for judge in judges:
        judge.run_again()
    return [judge.target for judge in judges if judge.target]


@define
class Judge:
    """Runs a piece; ``target`` is what was found, None where the target could not be had."""

    tally: Tally
    piece: Piece
    target: TargetReport | None = None
    _doubtful: Sequence[str] = ()
    _runner: Runner | None = None
    _stopped: Event = field(factory=Event)

    def run(self) -> None:
        """Beside other pieces. A few cases that fail, and asked to be alone, are left to ``run_again``."""
        with self.tally.piece(self.piece.name) as (step, counts):
            target = self.target = self._judge(self.piece.selection, step)
            counts.passed = target.count(Outcome.PASS)
            others = {
                o: target.count(o) for o in (Outcome.WARNING, Outcome.KNOWN_GAP, Outcome.NOT_JUDGED)
            }
            counts.note = ", ".join(f"{number} {o}" for o, number in others.items() if number)
            if target.conforms:
                return
            failed, wrong = _failed(target), _wrong(target)
            doubtful = 0 < len(wrong) <= _DOUBTFUL and all(result.case.alone for result in wrong)
            if target.problems or not doubtful:
                raise failed
            self._doubtful = failed.which
            counts.note = f"again, alone: {', '.join(failed.which)}"
            show(failed.output)

    def run_again(self) -> None:
        """Alone, and more than once: what failed beside other work. This verdict counts."""
        if not self._doubtful or self.target is None:
            return
        with self.tally.piece(f"{self.piece.name}, again and alone") as (step, counts):
            counts.note = ", ".join(self._doubtful)
            selection = Selection(ids=frozenset(self._doubtful))
            for _ in range(_TIMES):
                again = self._judge(selection, step)
                verdicts = {result.case.id: result for result in again.results}
                results = tuple(verdicts.get(r.case.id, r) for r in self.target.results)
                self.target = evolve(self.target, results=results, problems=again.problems)
                if not again.conforms:
                    raise _failed(again)
            counts.passed = again.count(Outcome.PASS)

    def stop(self) -> None:
        """Ends the run from another thread, also one that is about to begin."""
        self._stopped.set()
        if self._runner:
            self._runner.cancel()

    def _judge(self, selection: Selection, step: Step) -> TargetReport:
        total, count = len(selection.choose(cases.load())), 0

        def watch(result: Result) -> None:
            nonlocal count
            count += 1
            step.tell(f"{count} of {total} {result.case.id}")

        try:
            self._runner = judging(self.piece.subject(), selection, watch)
            if self._stopped.is_set():
                self._runner.cancel()
            return self._runner.run()
        except TargetError as error:
            raise Failed(str(error)) from error


def _wrong(target: TargetReport) -> list[Result]:
    return [r for r in target.results if r.outcome in (Outcome.FAIL, Outcome.ERROR)]


def _failed(target: TargetReport) -> Failed:
    wrong = _wrong(target)
    shown = [explain.failure(result, target.language or target.name) for result in wrong]
    return Failed(
        "\n\n".join([*shown, *target.problems]) or "nothing was judged",
        target.count(Outcome.PASS),
        max(1, len(wrong) + len(target.problems)),
        [result.case.id for result in wrong],
    )
