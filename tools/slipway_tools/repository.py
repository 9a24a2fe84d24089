"""Where this repository is, which runtimes it holds, and which of them is meant."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

from attrs import frozen
from slipway_conformance import contract
from slipway_conformance.runtime import Runtime, RuntimeFileError, Version, load_all

from .errors import ToolError

NAMESPACE = "slipway"
# Folders that hold what tools made, not what somebody wrote.
MADE = {
    ".home",
    ".mypy_cache",
    ".ruff_cache",
    ".venv",
    "__pycache__",
    "dist",
    "node_modules",
    "target",
}


@cache
def root() -> Path:
    """The repository that these tools were installed from."""
    for folder in Path(__file__).resolve().parents:
        if (folder / "runtimes").is_dir() and (folder / "conformance").is_dir():
            return folder
    raise ToolError("Slipway's tools work in a clone of its repository: run ./slipway there.")


def inside() -> bool:
    """Whether there is a repository: installed from a wheel, the tools judge what others have made."""
    try:
        root()
    except ToolError:
        return False
    return True


def state() -> Path:
    """The folder for everything that can be made again; ignored by version control."""
    folder = root() / ".slipway" if inside() else _users_cache()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _users_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway"


def reports() -> Path:
    """The folder for reports: that of the repository, or one in the current folder."""
    return (root() if inside() else Path.cwd()) / "reports"


@cache
def runtimes() -> tuple[Runtime, ...]:
    """All runtimes of the repository; none without one."""
    if not inside():
        return ()
    try:
        return tuple(load_all(root() / "runtimes"))
    except RuntimeFileError as error:
        raise ToolError(str(error)) from error


def digest(folder: Path, *more: str) -> str:
    """Changes with every file that somebody wrote below *folder*, and with *more*."""
    total = hashlib.sha256("\0".join(more).encode())
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not MADE & set(inside.parts):
            total.update(f"\0{inside}\0{os.access(path, os.X_OK)}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()


@frozen
class Choice:
    """One version of one runtime."""

    runtime: Runtime
    version: Version

    @property
    def name(self) -> str:
        return f"{self.runtime.language}:{self.version.version}"

    @property
    def launch_image(self) -> str:
        return f"{NAMESPACE}/{self.name}"

    @property
    def build_image(self) -> str:
        return f"{self.launch_image}-build"


def choose(name: str) -> Choice:
    """The runtime called *name*: ``language`` (its default version) or ``language:version``."""
    language, _, wanted = name.partition(":")
    runtime = next((found for found in runtimes() if found.language == language), None)
    if runtime is None:
        there = ", ".join(found.language for found in runtimes()) or "none yet"
        raise ToolError(f"There is no runtime {language!r} in {root() / 'runtimes'}: {there}.")
    if not wanted:
        return Choice(runtime, runtime.default_version)
    version = next((found for found in runtime.versions if found.version == wanted), None)
    if version is None:
        there = ", ".join(found.version for found in runtime.versions)
        raise ToolError(f"{runtime.title} has no version {wanted!r} here: {there}.")
    return Choice(runtime, version)


def choices(names: list[str] | None) -> list[Choice]:
    """All versions of the named runtimes (``language``), or those named exactly; everything without names."""
    found = []
    for name in names or [runtime.language for runtime in runtimes()]:
        chosen = choose(name)
        if ":" in name:
            found.append(chosen)
        else:
            found += [Choice(chosen.runtime, version) for version in chosen.runtime.versions]
    return found


def labels(choice: Choice, role: str) -> dict[str, str]:
    """What clause 13.7 wants to be known of an image."""
    terms = contract.load()
    return {
        terms.label("language"): choice.runtime.language,
        terms.label("version"): choice.version.version,
        terms.label("contract"): terms.version,
        terms.label("role"): role,
        terms.label("entrypoint"): choice.runtime.built or choice.runtime.entrypoint,
        terms.label("memory"): str(choice.runtime.memory or terms.memory),
        terms.label("profiles"): ",".join(choice.runtime.profiles),
    }
