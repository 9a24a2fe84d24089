"""What all containers of a run have in common, whoever starts them: how they are kept from doing harm,
what they see of this machine, and how they go."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TypedDict

import docker
from docker.errors import APIError
from docker.models.containers import Container
from docker.types import Mount

from . import runs


class Hardening(TypedDict):
    """Options of a container."""

    read_only: bool
    tmpfs: dict[str, str]
    cap_drop: list[str]
    security_opt: list[str]


# Clause 12.2: how an executor is told to launch.
HARDENING: Hardening = {
    "read_only": True,
    "tmpfs": {"/tmp": ""},
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
}


def bind(target: str, source: Path, *, read_only: bool = True) -> Mount:
    """The folder *source* of this machine, under the path *target*."""
    return Mount(target, str(source), type="bind", read_only=read_only)


def remove(container: Container) -> None:
    """Ends it at once, and leaves nothing of it. Harmless when it has gone."""
    with contextlib.suppress(APIError):
        container.remove(force=True, v=True)


def sweep(engine: docker.DockerClient) -> None:
    """Removes containers whose run was killed before it could."""
    for container in engine.containers.list(
        all=True, filters={"label": runs.LABEL}, ignore_removed=True
    ):
        if runs.abandoned(container.labels[runs.LABEL]):
            remove(container)
