"""The build of a function: checks its source and copies it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from . import settings


def run(environ: Mapping[str, str]) -> int:
    """Builds the source folder into the build folder; the exit code."""
    source = Path(settings.text(environ, "source"))
    target = Path(settings.text(environ, "build"))
    entrypoint = settings.entrypoint(environ)
    if not (source / entrypoint).is_file():
        return failed(f"{source / entrypoint} does not exist: there is no function to build")
    for path in files(source):
        problem = copy(path, target / path.relative_to(source))
        if problem:
            return failed(problem)
    return 0


def files(source: Path) -> list[Path]:
    return sorted(path for path in source.rglob("*.py") if path.is_file())


def copy(path: Path, to: Path) -> str:
    """Copies one file; what is wrong with it, an empty string where nothing is."""
    content = path.read_bytes()
    try:
        compile(content, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        return f"{path}: {error}"
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(content)
    return ""


def failed(problem: str) -> int:
    print(problem, file=sys.stderr)
    return os.EX_DATAERR
