"""Finds the container engine that this machine runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import requests
from docker.context import ContextAPI
from docker.errors import DockerException

_PING_SECONDS = 5
_SOCKET = "/var/run/docker.sock"


def find() -> docker.DockerClient | None:
    """A client of the first engine that answers; the environment then names that engine for every child process."""
    for host in _candidates():
        client = reach(host)
        if client is not None:
            os.environ["DOCKER_HOST"] = host
            return client
    return None


def reach(host: str) -> docker.DockerClient | None:
    """A client of the engine at *host*, None where none answers."""
    with suppress(DockerException, requests.RequestException, ValueError, OSError):
        client = docker.DockerClient(base_url=host, timeout=_PING_SECONDS)
        client.ping()
        client.close()
        return docker.DockerClient(base_url=host, timeout=900)
    return None


def _candidates() -> Iterator[str]:
    """DOCKER_HOST decides where it is set; else the client's context, then the usual sockets."""
    named = os.environ.get("DOCKER_HOST")
    if named:
        yield named
        return
    with suppress(Exception):
        context = ContextAPI.get_current_context()
        if context and context.Host and not context.Host.startswith("http"):
            yield context.Host
    user = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    for socket in (
        _SOCKET,
        f"{user}/docker.sock",
        f"{Path.home()}/.docker/run/docker.sock",
        f"{user}/podman/podman.sock",
        "/run/podman/podman.sock",
    ):
        if Path(socket).exists():
            yield f"unix://{socket}"
