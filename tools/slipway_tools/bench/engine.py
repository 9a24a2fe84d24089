"""Containers of one run: started alike, labelled, and answering as they must."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import docker
from attrs import define, frozen
from docker.errors import DockerException
from docker.models.containers import Container
from docker.types import Mount
from slipway_conformance import contract
from slipway_conformance.targets import LOOPBACK, free_port
from slipway_conformance.targets.containers import HARDENING, bind, remove

from ..run import Run
from .errors import BenchError, ServerError
from .invocation import Invocation, poll_until_ok

READY_SECONDS = 60.0
LOG_LINES = 20


@frozen
class Launch:
    """How to start one server: image, command (None for the image's own), mounts."""

    title: str
    image: str
    entrypoint: tuple[str, ...] | None
    mounts: Mapping[str, Path]


@frozen
class Target:
    """A server that answers on a port of this machine's loopback interface."""

    launch: Launch
    container: Container
    port: int

    def failure(self, what: str) -> ServerError:
        return ServerError(f"{self.launch.title}: {what}{self.log_tail()}")

    def log_tail(self) -> str:
        output: bytes = self.container.logs(tail=LOG_LINES)
        text = output.decode("utf-8", "replace").strip()
        return f" Its log ends:\n{text}" if text else " Its log is empty."


@define
class Engine:
    """Starts containers that end with the run, however it ends."""

    client: docker.DockerClient
    run: Run
    invocation: Invocation

    def start(self, launch: Launch) -> Target:
        """Start a server as an executor would: read-only, no capabilities, /tmp in memory."""
        terms = contract.load()
        port = free_port()
        try:
            container = self.client.containers.run(
                launch.image,
                entrypoint=list(launch.entrypoint) if launch.entrypoint else None,
                environment={terms.variable("secret"): self.invocation.secret},
                ports={f"{terms.default('port')}/tcp": (LOOPBACK, port)},
                mounts=[bind(target, source) for target, source in launch.mounts.items()],
                **HARDENING,
                labels=self.run.labels,
                detach=True,
            )
        except DockerException as error:
            raise ServerError(f"{launch.title} can't be started: {explain(error)}") from error
        return Target(launch, container, port)

    def wait(self, target: Target) -> None:
        """Return once the server answers as it must; its own failure says what its log says."""

        def dead() -> bool:
            target.container.reload()
            return bool(target.container.status == "exited")

        answer = poll_until_ok(target.port, self.invocation, READY_SECONDS, dead)
        if answer is None:
            what = "ended" if dead() else f"gave no 200 within {READY_SECONDS:.0f} s"
            raise target.failure(f"it {what}; start it by hand and mend it.")
        wrong = self.invocation.mismatch(answer)
        if wrong:
            raise target.failure(f"{wrong} Every server of a bench answers the same.")

    def run_to_end(
        self,
        image: str,
        *,
        what: str,
        entrypoint: list[str] | None = None,
        mounts: list[Mount],
        user: str,
    ) -> None:
        """Run a container that does its work and exits; a non-zero exit shows its output."""
        try:
            container = self.client.containers.run(
                image,
                entrypoint=entrypoint,
                mounts=mounts,
                user=user,
                labels=self.run.labels,
                detach=True,
            )
        except DockerException as error:
            raise BenchError(f"{what} can't be started: {explain(error)}") from error
        try:
            code: int = container.wait()["StatusCode"]
            if code:
                output: str = container.logs(tail=LOG_LINES).decode("utf-8", "replace")
                raise BenchError(f"{what} failed with exit code {code}:\n{output.rstrip()}")
        finally:
            remove(container)


def explain(error: DockerException) -> str:
    return str(getattr(error, "explanation", None) or error)
