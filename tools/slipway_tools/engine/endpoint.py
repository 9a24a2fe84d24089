"""Finds the container engine that this machine runs."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import docker
import requests
from docker.context import ContextAPI
from docker.errors import DockerException

_PING_SECONDS = 5
# A build or a wait for a container may say nothing for a long time.
_CALL_SECONDS = 900
_PORT = 2375
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
    if not _listens(host):
        return None
    with suppress(DockerException, requests.RequestException, ValueError):
        client = _client(host, _PING_SECONDS)
        try:
            client.ping()
        finally:
            client.close()
        return _client(host, _CALL_SECONDS)
    return None


def _client(host: str, seconds: int) -> docker.DockerClient:
    # From the environment, which says as well whether and how TLS is spoken.
    environment = {**os.environ, "DOCKER_HOST": host}
    return docker.DockerClient.from_env(timeout=seconds, environment=environment)


def _listens(host: str) -> bool:
    """Whether anything accepts a connection there; what no socket can tell is left to the client."""
    parts = urlsplit(host)
    if parts.scheme == "unix":
        family = socket.AF_UNIX
        address: str | tuple[str, int] = parts.path
    elif parts.scheme == "tcp" and parts.hostname:
        family = socket.AF_INET
        address = (parts.hostname, parts.port or _PORT)
    else:
        return True
    with socket.socket(family) as probe:
        probe.settimeout(_PING_SECONDS)
        try:
            probe.connect(address)
        except OSError:
            return False
    return True


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
    for path in (
        _SOCKET,
        f"{user}/docker.sock",
        f"{Path.home()}/.docker/run/docker.sock",
        f"{user}/podman/podman.sock",
        "/run/podman/podman.sock",
    ):
        if Path(path).exists():
            yield f"unix://{path}"
