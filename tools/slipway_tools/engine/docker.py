"""Runs build.sh and launch.sh in containers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import docker
import requests
from attrs import define
from docker.errors import DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from slipway_conformance import contract
from slipway_conformance.targets import LOOPBACK, free_port, runs
from slipway_conformance.targets.containers import HARDENING, bind, remove, sweep

from ..errors import ToolError
from ..repository import Choice
from ..run import Run
from ..terminal import Steps
from . import images
from .model import (
    EXIT_SECONDS,
    Engine,
    Launched,
    LaunchOptions,
    Tell,
    last_lines,
)


class DockerEngine(Engine):
    """Any engine that speaks Docker's API."""

    name = "docker"

    def __init__(self, client: docker.DockerClient, run: Run) -> None:
        self.client = client
        self._run = run
        sweep(client)
        run.at_end(self.remove_all)

    def lacks(self, choice: Choice) -> list[str]:
        return []

    def prepare(self, choice: Choice, steps: Steps) -> None:
        images.ensure(self.client, [choice], self._run, steps)

    def build(self, choice: Choice, source: Path, built: Path, tell: Tell) -> None:
        terms = contract.load()
        output = []
        try:
            container = self.client.containers.run(
                choice.build_image,
                user=f"{os.getuid()}:{os.getgid()}",
                mounts=[
                    bind(terms.default("source"), source),
                    bind(terms.default("build"), built, read_only=False),
                ],
                labels=self._run.labels,
                detach=True,
            )
        except DockerException as error:
            raise ToolError(f"{choice.build_image} can't be started: {error}") from error
        try:
            for line in _lines(container):
                output.append(line)
                tell(line)
            code = container.wait()["StatusCode"]
        finally:
            remove(container)
        if code:
            told = last_lines("\n".join(output))
            raise ToolError(f"build.sh failed on {source} with exit code {code}:\n{told}")

    def launch(self, choice: Choice, built: Path, options: LaunchOptions) -> Launched:
        """As an executor would: read-only, no capabilities, /tmp in memory, published on the loopback only."""
        terms = contract.load()
        port = options.port or free_port()
        try:
            container = self.client.containers.run(
                choice.launch_image,
                environment={**options.env, terms.variable("secret"): options.secret},
                ports={f"{terms.default('port')}/tcp": (LOOPBACK, port)},
                mounts=[bind(terms.default("build"), built)],
                **HARDENING,
                labels=self._run.labels,
                detach=True,
            )
        except ImageNotFound:
            raise ToolError(
                f"The image {choice.launch_image} is not here: ./slipway images build {choice.name}"
            ) from None
        except DockerException as error:
            raise ToolError(f"{choice.launch_image} can't be started: {error}") from error
        grace = float(options.env.get(terms.variable("grace"), terms.default("grace")))
        return LaunchedContainer(container, port, options.secret, grace)

    def remove_all(self) -> None:
        for container in self.client.containers.list(
            all=True, filters={"label": f"{runs.LABEL}={self._run.name}"}
        ):
            remove(container)
        self.client.close()


@define
class LaunchedContainer(Launched):
    """A container that serves."""

    container: Container
    port: int
    secret: str
    grace: float

    def lines(self) -> Iterator[str]:
        return _lines(self.container)

    def alive(self) -> bool:
        try:
            self.container.reload()
        except NotFound:
            return False
        return bool(self.container.status == "running")

    def drain(self) -> int:
        # One that is gone has ended, whoever removed it.
        with suppress(NotFound):
            self.container.stop(timeout=round(self.grace + EXIT_SECONDS))
            return int(self.container.wait()["StatusCode"])
        return 0

    def remove(self) -> None:
        remove(self.container)


def _lines(container: Container) -> Iterator[str]:
    rest = b""
    with suppress(NotFound, requests.RequestException):
        for chunk in container.logs(stream=True, follow=True):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")
