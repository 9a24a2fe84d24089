"""What needs an engine: all images, each language's own formatters and linters, and the suite on every image."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from docker.errors import DockerException
from docker.types import Mount
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
    verify,
)
from slipway_conformance.reporting.write import write
from slipway_conformance.runtime import Check
from slipway_conformance.targets import TargetError

from .. import repository
from ..demo import call_example
from ..engine import images
from ..engine.docker import DockerEngine
from ..engine.model import last_lines
from ..engine.process import lacks
from ..report import figures
from ..repository import Choice
from ..run import LABEL, Run
from ..subjects import image_subject, scripts_subject
from ..terminal import Step
from .tally import Failed, Tally

_MOUNTED = "/slipway"


def build_images(
    tally: Tally, engine: DockerEngine, choices: Sequence[Choice], run: Run
) -> list[Choice]:
    """Builds everything, two at a time; those whose images are there."""
    with tally.piece("images"):
        images.build(engine.client, choices, run, tally.steps)
    return [
        choice
        for choice in choices
        if all(images.current(engine.client, choice, role) for role in images.ROLES)
    ]


def run_runtime_checks(
    tally: Tally, engine: DockerEngine, choices: Sequence[Choice], run: Run
) -> None:
    """The formatters and linters of each language, in its build image."""
    for choice in choices:
        if choice.version is not choice.runtime.default_version:
            continue
        if not choice.runtime.checks:
            with tally.piece(f"{choice.runtime.language} checks"):
                raise Failed(
                    f"{choice.runtime.folder}/runtime.yaml lists no checks: a formatter and a linter"
                )
        for check in choice.runtime.checks:
            with tally.piece(f"{choice.runtime.language} {check.name}") as (step, _):
                _check_in_image(engine, choice, check, run, step)


def run_examples(tally: Tally, engine: DockerEngine, choices: Sequence[Choice], run: Run) -> None:
    """Each language's example, as `slipway demo` runs it."""
    for choice in choices:
        if choice.version is choice.runtime.default_version:
            with tally.piece(f"{choice.runtime.language} example") as (step, counts):
                answer = call_example(engine, choice, run, step.tell).answer
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    told = answer.body.decode("utf-8", "replace")
                    raise Failed(f"the example answered {answer.status}: {told}")
                counts.note = " ".join(answer.body.decode("utf-8", "replace").split())[:60]


def _check_in_image(
    engine: DockerEngine, choice: Choice, check: Check, run: Run, step: Step
) -> None:
    where = choice.runtime.folder.relative_to(repository.root())
    try:
        container: Any = engine.client.containers.run(
            choice.build_image,
            entrypoint=list(check.command),
            mounts=[Mount(_MOUNTED, str(repository.root()), type="bind", read_only=True)],
            working_dir=f"{_MOUNTED}/{where}",
            user=f"{os.getuid()}:{os.getgid()}",
            labels={LABEL: run.name},
            detach=True,
        )
    except DockerException as error:
        raise Failed(str(error)) from error
    try:
        output = []
        for chunk in container.logs(stream=True, follow=True):
            output.append(chunk)
            step.tell(chunk.decode("utf-8", "replace"))
        code = container.wait()["StatusCode"]
    finally:
        container.remove(force=True, v=True)
    if code:
        told = b"".join(output).decode("utf-8", "replace")
        raise Failed(f"{' '.join(check.command)} exited with {code}:\n{last_lines(told)}")


def judge_images(tally: Tally, choices: Sequence[Choice]) -> list[TargetReport]:
    """The whole suite on each image; what only plain processes can show is judged on those afterwards."""
    reports = []
    for choice in choices:
        name = f"suite on {choice.name}"
        reports += _judge(tally, name, partial(image_subject, choice), Selection())
    return reports


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
    images (None)."""
    reports = []
    for runtime in {choice.runtime.language: choice.runtime for choice in choices}.values():
        name = f"suite on {runtime.language}, as plain processes"
        lacking = lacks(runtime)
        if on_images is None:
            left = {case.id for case in cases.load()}
            if lacking:
                tally.unjudged(name, lacking[0])
        else:
            # These few need a toolchain that a container engine makes unnecessary otherwise.
            left = _left([target for target in on_images if target.language == runtime.language])
        if left and not lacking:
            reports += _judge(tally, name, partial(scripts_subject, runtime), Selection(ids=left))
    return reports


def save(targets: Sequence[TargetReport], folder: Path) -> Path | None:
    """Writes the reports of all targets; where the page for people is."""
    if not targets:
        return None
    return write(Report(tuple(targets)), folder, figures())["report.html"]


def _left(targets: Sequence[TargetReport]) -> set[str]:
    """Cases that none of *targets* judged although the language declares their profile."""
    judged = {r.case.id for t in targets for r in t.results if r.outcome is not Outcome.NOT_JUDGED}
    return {r.case.id for t in targets for r in t.results} - judged


def _judge(
    tally: Tally, name: str, subject: Callable[[], Subject], selection: Selection
) -> list[TargetReport]:
    targets: list[TargetReport] = []
    with tally.piece(name) as (step, counts):
        total, count = len(selection.choose(cases.load())), 0

        def watch(_: Subject, result: Result) -> None:
            nonlocal count
            count += 1
            step.tell(f"{count} of {total} {result.case.id}")

        try:
            targets += verify([subject()], selection, watch).targets
        except TargetError as error:
            raise Failed(str(error)) from error
        target = targets[0]
        counts.passed = target.count(Outcome.PASS)
        others = {
            o: target.count(o) for o in (Outcome.WARNING, Outcome.KNOWN_GAP, Outcome.NOT_JUDGED)
        }
        counts.note = ", ".join(
            f"{number} {outcome}" for outcome, number in others.items() if number
        )
        if not target.conforms:
            raise Failed(_failures(target), counts.passed, _failed(target))
    return targets


def _failed(target: TargetReport) -> int:
    return max(1, target.count(Outcome.FAIL, Outcome.ERROR) + len(target.problems))


def _failures(target: TargetReport) -> str:
    shown = [
        explain.failure(result, target.language or target.name)
        for result in target.results
        if result.outcome in (Outcome.FAIL, Outcome.ERROR)
    ]
    return "\n\n".join([*shown, *target.problems]) or "nothing was judged"
