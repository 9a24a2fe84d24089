"""Puts a test run together, and says at its end what it found."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from .. import repository
from ..engine import require_docker
from ..engine.docker import DockerEngine
from ..errors import ToolError
from ..repository import Choice, choices
from ..run import Run
from ..terminal import Steps
from . import languages, static, suites
from .outlook import Outlook, Phase
from .tally import Tally, conclude

_CHECKS = "checks"
_UNIT = "unit tests"
_IMAGES = "images"
_RUNTIME_CHECKS = "runtimes' checks"
_EXAMPLES = "examples"
_INTERRUPTED = "interrupted runs"
_SUITES = "suites"
_COMPARE = "the same answers"
_PROCESSES = "plain processes"
_PROOF = "mutants"


@frozen
class Plan:
    """What to run: everything, everything about the named runtimes, or (``static``) what needs no
    image. ``stop`` leaves the images out once something has failed."""

    names: Sequence[str]
    static: bool = False
    stop: bool = False


def test(plan: Plan) -> int:
    """Runs a plan; 0 only where all of it was judged and nothing failed."""
    if plan.static and plan.names:
        raise ToolError("--static is about the whole repository: leave the names out.")
    wanted = choices(list(plan.names))
    began = time.monotonic()
    page = None
    outlook = _outlook(plan, wanted)
    with Run() as run, Steps(lambda: str(outlook)) as steps:
        tally = Tally(steps)
        # First of all: where there has to be an engine and is none, nothing else is worth its time.
        engine, why = (None, "") if plan.static else _engine(run)
        if not plan.names:
            with outlook.phase(_CHECKS):
                static.run_checks(tally)
            with outlook.phase(_UNIT):
                static.run_pytest(tally, run, static.has_browser(tally))
        if not plan.static and not (plan.stop and tally.failed):
            page = _judge(plan, tally, engine, why, wanted, run, outlook)
        if not plan.names and not (plan.stop and tally.failed):
            with outlook.phase(_PROOF):
                static.run_proof(tally)
    conclude(tally, page, time.monotonic() - began)
    return 0 if tally.complete and not tally.failed else 1


def _outlook(plan: Plan, wanted: Sequence[Choice]) -> Outlook:
    """The phases that a plan has, and what they take on two cores."""
    images, everything = len(wanted), not plan.names
    runtimes = len({choice.runtime.language for choice in wanted})
    whole = [Phase(_CHECKS, 1, 10), Phase(_UNIT, 1, 60)]
    on_images = [
        Phase(_IMAGES, images, 24),
        Phase(_RUNTIME_CHECKS, runtimes, 22),
        Phase(_EXAMPLES, runtimes, 2),
        Phase(_INTERRUPTED, int(everything), 30),
        Phase(_SUITES, images, 47),
        Phase(_COMPARE, images if runtimes > 1 else 0, 3),
        Phase(_PROCESSES, runtimes, 4),
    ]
    proof = [Phase(_PROOF, 1, 300)]
    phases = [
        *(whole if everything else []),
        *([] if plan.static else on_images),
        *(proof if everything else []),
    ]
    return Outlook(phases, repository.state() / "test-seconds.json")


def _judge(
    plan: Plan,
    tally: Tally,
    engine: DockerEngine | None,
    why: str,
    wanted: Sequence[Choice],
    run: Run,
    outlook: Outlook,
) -> Path | None:
    """Images where there is an engine, plain processes for what is left; where the report is."""
    targets = None
    if engine:
        with outlook.phase(_IMAGES):
            there = languages.build_images(tally, engine, wanted, run)
        with outlook.phase(_RUNTIME_CHECKS):
            languages.run_runtime_checks(tally, engine, there, run)
        with outlook.phase(_EXAMPLES):
            languages.run_examples(tally, engine, there, run)
        if not plan.names:
            with outlook.phase(_INTERRUPTED):
                static.run_pytest_on_images(tally, run)
        with outlook.phase(_SUITES):
            targets = suites.judge_images(tally, there)
        with outlook.phase(_COMPARE):
            if len({choice.runtime.language for choice in there}) > 1:
                suites.compare_images(tally, there)
    else:
        tally.unjudged("images, their checks, and the suite on them", why)
    with outlook.phase(_PROCESSES):
        targets = [*(targets or []), *suites.judge_scripts(tally, wanted, targets)]
    return suites.save(targets, repository.reports())


def _engine(run: Run) -> tuple[DockerEngine | None, str]:
    """A container engine; without one the reason, which ends a run in continuous integration."""
    try:
        return require_docker(run), ""
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        return None, str(error).partition("\n")[0]
