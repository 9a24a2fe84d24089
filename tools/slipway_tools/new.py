"""The verb `new`: a function's folder from a runtime's example, or a runtime's folder from the skeleton."""

from __future__ import annotations

import re
import shutil
from importlib import resources
from pathlib import Path

from . import repository
from .errors import ToolError
from .repository import MADE
from .terminal import say

_LANGUAGE = re.compile(r"^[a-z][a-z0-9]*$")
_PLACE = "__language__"


def new_function(folder: Path, runtime: str | None) -> None:
    """Writes a function that works as it stands."""
    if runtime is None:
        there = ", ".join(found.language for found in repository.runtimes())
        raise ToolError(
            f"Say in which language: ./slipway new {folder} --runtime NAME, of {there}."
        )
    choice = repository.choose(runtime)
    _need_empty(folder)
    shutil.copytree(
        choice.runtime.folder / "example",
        folder,
        ignore=shutil.ignore_patterns(*MADE),
        dirs_exist_ok=True,
    )
    say(
        f"Wrote a {choice.runtime.title} function into {folder} (its code: {choice.runtime.entrypoint}).\n"
        f"  ./slipway dev {folder}\n"
        f'  ./slipway invoke --payload \'{{"name": "Ada"}}\''
    )


def new_runtime(language: str) -> None:
    """Writes the rooms of a runtime: scripts that keep their clauses, and a server that says it is missing."""
    if not _LANGUAGE.match(language):
        raise ToolError(f"{language!r} can't be a language's name: lower-case letters and digits.")
    root = repository.root()
    runtime = root / "runtimes" / language
    function = root / "conformance" / "functions" / language
    for folder in (runtime, function):
        _need_empty(folder)
    templates = resources.files(__package__) / "templates"
    with resources.as_file(templates) as source:
        _copy(source / "runtime", runtime, language)
        _copy(source / "function", function, language)
    say(
        f"Wrote {runtime.relative_to(root)} and {function.relative_to(root)}. In this order:\n"
        f"  1. runtimes/{language}/runtime.yaml: versions, and what a machine needs\n"
        f"  2. runtimes/{language}/server, and conformance/functions/{language}\n"
        f"  3. ./slipway verify {language} --engine process"
    )


def _copy(source: Path, target: Path, language: str) -> None:
    for path in sorted(source.rglob("*")):
        if path.is_dir() or path.name == "__init__.py" or MADE & set(path.parts):
            continue
        inside = str(path.relative_to(source)).replace(_PLACE, language)
        made = target / inside
        made.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text("utf-8").replace(_PLACE, language)
        made.write_text(text.replace("__Language__", language.capitalize()), encoding="utf-8")
        if text.startswith("#!"):
            made.chmod(0o755)


def _need_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ToolError(f"{folder} is there already and not empty: choose another, or remove it.")
