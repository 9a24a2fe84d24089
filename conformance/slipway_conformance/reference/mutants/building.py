"""Section 13: what is built, and what is launched of it."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from .. import build, server, settings, steps
from ..server import Server
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


@mutant("13.3")
def failed_build_says_that_it_failed() -> None:
    """A failed build says that it failed, and not why."""

    def failed(problem: str) -> int:
        print("the build failed", file=sys.stderr)
        return 1

    replace(build, "failed", failed)


@mutant("13.5", also=("10.2",))
def other_entrypoints_are_not_loaded() -> None:
    """Only a file of the usual name is loaded."""
    original = settings.entrypoint

    def entrypoint(environ: Any) -> str:
        found = original(environ)
        return found if found == settings.ENTRYPOINT else "no-such-file"

    replace(settings, "entrypoint", entrypoint)


@mutant("13.5")
def source_wins_over_the_build() -> None:
    """With both a build and its source, the source is served."""
    original = settings.folders
    replace(settings, "folders", lambda environ: tuple(reversed(original(environ))))


@mutant("13.5", also=("13.6",))
def launch_writes_into_the_build() -> None:
    """A launch leaves a cache in the build."""
    original = server.load

    def load(served: Server) -> None:
        folder = served.settings.folders[0]
        if folder.is_dir():
            (folder / "cache").write_text("loaded")
        original(served)

    replace(server, "load", load)
