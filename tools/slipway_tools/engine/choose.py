"""Which engine a verb gets: the one that it names, else the best that this machine can have."""

from __future__ import annotations

import os

import docker
from attrs import frozen

from .. import repository
from ..errors import ToolError
from ..kind import Kind
from ..run import Run
from ..terminal import step
from . import daemon, endpoint
from .docker import DockerEngine
from .model import Engine
from .process import ProcessEngine


@frozen
class Found:
    """An engine, and why it is this one."""

    engine: Engine
    why: str


def find(wanted: Kind | None, run: Run) -> Found:
    """The engine called *wanted*; without a name containers where they can be had, else plain processes."""
    if wanted is Kind.PROCESS:
        return Found(ProcessEngine(run), "asked for")
    if wanted is Kind.DOCKER:
        return Found(require_docker(run), "asked for")
    try:
        engine = require_docker(run)
    except ToolError as error:
        if os.environ.get("CI"):
            raise
        first = str(error).partition("\n")[0]
        return Found(ProcessEngine(run), f"no container engine can run here ({first})")
    version = engine.client.version()["Version"]
    return Found(engine, f"a container engine answers, version {version}")


def require_docker(run: Run) -> DockerEngine:
    """A container engine, started where none runs and that is possible; ToolError says what to do otherwise."""
    client = endpoint.find()
    if client is None:
        client = _start(run)
    elif daemon.started():
        run.at_end(daemon.Use().leave)
    return DockerEngine(client, run)


def _start(run: Run) -> docker.DockerClient:
    if os.environ.get("DOCKER_HOST"):
        raise ToolError(
            f"No container engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}: start it, or unset the variable."
        )
    if not daemon.can_start():
        raise ToolError(
            "No container engine answers, and only root on a Debian-like machine can start one here. "
            "Install and start Docker (or Podman with its socket), or use: --engine process"
        )
    run.at_end(daemon.Use().leave)
    with step(f"starting a container engine (its log: {repository.state() / 'engine'})") as told:
        return daemon.start(told)
