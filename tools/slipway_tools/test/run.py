"""Puts a test run together, and says at its end what it found."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from rich.markup import escape

from .. import repository
from ..engine import require_docker
from ..engine.docker import DockerEngine
from ..errors import ToolError
from ..repository import Choice, choices
from ..run import Run
from ..terminal import Steps, console, say
from . import judge, static
from .tally import Tally, table


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
    with Run() as run, Steps() as steps:
        tally = Tally(steps)
        # First of all: where there has to be an engine and is none, nothing else is worth its time.
        engine, why = (None, "") if plan.static else _engine(run)
        if not plan.names:
            static.run_checks(tally)
            static.run_pytest(tally, run, static.has_browser(tally))
        if not plan.static and not (plan.stop and tally.failed):
            page = _judge(tally, engine, why, wanted, run)
        if not plan.names and not (plan.stop and tally.failed):
            static.run_proof(tally)
    console.print(table(tally.rows))
    if page:
        console.print(f"[dim]reports: {escape(str(page))}[/]", soft_wrap=True)
    if not tally.complete:
        say("Not everything was judged: this run counts as failed.")
    say(f"{time.monotonic() - began:.0f} s")
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.complete and not tally.failed else 1


def _judge(
    tally: Tally, engine: DockerEngine | None, why: str, wanted: Sequence[Choice], run: Run
) -> Path | None:
    """Images where there is an engine, plain processes for what is left; where the report is."""
    targets = None
    if engine:
        there = judge.build_images(tally, engine, wanted, run)
        judge.run_runtime_checks(tally, engine, there, run)
        judge.run_examples(tally, engine, there, run)
        targets = judge.judge_images(tally, there)
        if len({choice.runtime.language for choice in there}) > 1:
            judge.compare_images(tally, there)
    else:
        tally.unjudged("images, their checks, and the suite on them", why)
    targets = [*(targets or []), *judge.judge_scripts(tally, wanted, targets)]
    return judge.save(targets, repository.root() / "reports")


def _engine(run: Run) -> tuple[DockerEngine | None, str]:
    """A container engine; without one the reason, which ends a run in continuous integration."""
    try:
        return require_docker(run), ""
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        return None, str(error).partition("\n")[0]
