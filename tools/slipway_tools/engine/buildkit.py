"""Builds images with BuildKit, through whichever of the machine's docker clients can."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from attrs import field, frozen

from ..errors import ToolError
from . import system
from .model import Tell

_STEP = re.compile(r"^#\d+ (\[.+)")
# Up to this version the client drives the engine's BuildKit by itself; later ones need buildx for it.
_LAST_WITHOUT_BUILDX = 22
# Debian's engine. Its client is part of it up to Debian 12, and comes in packages of its own from 13 on.
PACKAGE = "docker.io"
CLIENT_PACKAGES = ("docker-cli", "docker-buildx")


@frozen
class Builder:
    """A command that builds images, and the environment that it wants."""

    command: tuple[str, ...]
    env: Mapping[str, str] = field(factory=dict)


@frozen
class Build:
    """One image to build."""

    context: Path
    tag: str
    target: str = ""
    args: Mapping[str, str] = field(factory=dict)
    labels: Mapping[str, str] = field(factory=dict)


def build(wanted: Build, tell: Tell) -> None:
    """Builds and tags an image; ToolError with the last lines of the output when it fails."""
    how = find_builder() or _install_builder(tell)
    if how is None:
        raise ToolError(
            "No docker client here can drive BuildKit. Install one (Debian: apt-get install docker.io; "
            "others: the docker-buildx plugin), then run this again."
        )
    command = [*how.command, "--progress", "plain", "--tag", wanted.tag]
    if wanted.target:
        command += ["--target", wanted.target]
    for name, value in wanted.args.items():
        command += ["--build-arg", f"{name}={value}"]
    for name, value in wanted.labels.items():
        command += ["--label", f"{name}={value}"]

    def shown(line: str) -> None:
        found = _STEP.match(line)
        if found:
            tell(found[1])

    system.stream(
        [*command, str(wanted.context)],
        shown,
        env=os.environ | dict(how.env),
        what=f"Building {wanted.tag}",
    )


@cache
def find_builder() -> Builder | None:
    """The first client on PATH that can, None where none can."""
    for client in _clients():
        if _succeeds([client, "buildx", "version"]):
            return Builder((client, "buildx", "build", "--load"))
        major = _version(client)
        if major and major <= _LAST_WITHOUT_BUILDX:
            return Builder((client, "build"), {"DOCKER_BUILDKIT": "1"})
    return None


def _install_builder(tell: Tell) -> Builder | None:
    if not system.may_install():
        return None
    tell("installing a docker client that can drive BuildKit, with apt-get")
    system.install([PACKAGE], tell, if_known=CLIENT_PACKAGES)
    find_builder.cache_clear()
    return find_builder()


def _clients() -> list[str]:
    folders = os.environ.get("PATH", "").split(os.pathsep)
    paths = [Path(folder) / "docker" for folder in folders if folder]
    return [str(path) for path in paths if os.access(path, os.X_OK)]


def _version(client: str) -> int | None:
    done = subprocess.run(
        [client, "version", "--format", "{{.Client.Version}}"], capture_output=True, text=True
    )
    major = done.stdout.strip().partition(".")[0]
    return int(major) if major.isdigit() else None


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0
