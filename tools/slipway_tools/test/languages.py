"""What each language's own images show: that they are built, its formatters and linters, and its example."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from docker.errors import DockerException
from slipway_conformance.runtime import Check
from slipway_conformance.targets.containers import bind, remove

from .. import parallel, repository
from ..demo import call_example
from ..engine import images
from ..engine.docker import DockerEngine
from ..engine.model import last_lines
from ..repository import Choice
from ..run import Run
from ..terminal import Step
from .tally import Failed, Tally

_MOUNTED = "/slipway"
# Where a check may keep what its next run would have to fetch or compile again.
_CACHE = "/check-cache"


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
    """The formatters and linters of each language, in its build image, and of what they share; two at a
    time."""

    def shared(name: str, below: Sequence[str]) -> None:
        with tally.piece(f"{name} checks") as (step, _):
            images.check_shared(engine.client, name, below, step.tell)

    def one(choice: Choice, check: Check) -> None:
        with tally.piece(f"{choice.runtime.language} {check.name}") as (step, _):
            _check_in_image(engine, choice, check, run, step)

    jobs = [partial(shared, name, below) for name, below in images.shared(choices).items()]
    for choice in choices:
        if choice.version is not choice.runtime.default_version:
            continue
        if not choice.runtime.checks:
            with tally.piece(f"{choice.runtime.language} checks"):
                raise Failed(
                    f"{choice.runtime.folder}/runtime.yaml lists no checks: a formatter and a linter"
                )
        jobs += [partial(one, choice, check) for check in choice.runtime.checks]
    parallel.run(jobs, engine.remove_all)


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
    kept = repository.state() / "checks" / choice.runtime.language / check.name.replace(" ", "-")
    kept.mkdir(parents=True, exist_ok=True)
    try:
        container: Any = engine.client.containers.run(
            choice.build_image,
            entrypoint=list(check.command),
            mounts=[
                bind(_MOUNTED, repository.root()),
                bind(_CACHE, kept, read_only=False),
            ],
            environment={"CHECK_CACHE": _CACHE},
            working_dir=f"{_MOUNTED}/{where}",
            user=f"{os.getuid()}:{os.getgid()}",
            labels=run.labels,
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
        remove(container)
    if code:
        told = b"".join(output).decode("utf-8", "replace")
        raise Failed(f"{' '.join(check.command)} exited with {code}:\n{last_lines(told)}")
