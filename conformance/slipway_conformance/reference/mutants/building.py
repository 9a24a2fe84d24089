"""Section 13: what is built, and what is launched of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from .. import build, settings, steps
from . import mutant, replace


@mutant("13.2", total=True)
def dependencies_are_missing() -> None:
    """What the function declares is not installed."""

    def version(name: str) -> str:
        raise ModuleNotFoundError(name)

    replace(steps, "version", version)


@mutant("13.2")
def build_writes_into_the_source() -> None:
    """A build leaves a file in the source folder."""
    original = build.files

    def files(source: Path) -> list[Path]:
        (source / "build.log").write_text("built\n")
        return original(source)

    replace(build, "files", files)


@mutant("13.3")
def failed_build_exits_0() -> None:
    """A build that failed looks like one that didn't."""
    replace(build, "failed", lambda problem: print(problem, file=sys.stderr) or 0)


@mutant("13.3")
def failed_build_says_nothing() -> None:
    """A failed build doesn't say why."""
    replace(build, "failed", lambda problem: 1)


@mutant("13.4")
def build_has_a_time() -> None:
    """Two builds of the same source differ."""
    original = build.copy

    def copy(path: Path, to: Path) -> str:
        problem = original(path, to)
        with to.open("a") as out:
            out.write(f"# built at {time.time_ns()}\n")
        return problem

    replace(build, "copy", copy)


@mutant("13.5")
def entrypoint_is_fixed() -> None:
    """The entry point can't be chosen."""
    replace(settings, "entrypoint", lambda environ: settings.ENTRYPOINT)


@mutant("13.5")
def plain_source_needs_a_build() -> None:
    """Only what was built is launched."""
    original = settings.folders
    replace(settings, "folders", lambda environ: original(environ)[:1])
