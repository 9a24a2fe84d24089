"""Puts a test run together, and says at its end what it found."""

from __future__ import annotations

import os
import time

from rich.markup import escape

from .. import repository
from ..engine import require_docker
from ..engine.docker import DockerEngine
from ..errors import ToolError
from ..repository import choices
from ..run import Run
from ..terminal import Steps, console, say
from . import judge, static
from .tally import Tally, table


def test(names: list[str], *, stop: bool) -> int:
    """Everything, or everything about the named runtimes. 0 only where all was judged and nothing failed."""
    wanted = choices(names)
    began = time.monotonic()
    with Run() as run:
        engine, why = _engine(run)
        with Steps() as steps:
            tally = Tally(steps)
            if not names:
                static.run_checks(tally)
                static.run_pytest(tally, run)
                static.run_prove(tally)
            page = None
            if not (stop and tally.failed):
                targets = []
                if engine:
                    there = judge.build_images(tally, engine, wanted, run, steps)
                    judge.run_runtime_checks(tally, engine, there, run)
                    targets += judge.judge_images(tally, there)
                else:
                    tally.unjudged("images, their checks, and the suite on them", why)
                targets += judge.judge_scripts(tally, wanted, targets)
                page = judge.save(targets, repository.root() / "reports")
    console.print(table(tally.rows))
    if page:
        console.print(f"[dim]reports: {escape(str(page))}[/]", soft_wrap=True)
    if not tally.complete:
        say("Not everything was judged: this run counts as failed.")
    say(f"{time.monotonic() - began:.0f} s")
    say(f"{tally.passed} passed, {tally.failed} failed")
    return 0 if tally.complete and not tally.failed else 1


def _engine(run: Run) -> tuple[DockerEngine | None, str]:
    """A container engine; without one the reason, which in continuous integration ends the run."""
    try:
        return require_docker(run), ""
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        return None, str(error).partition("\n")[0]
