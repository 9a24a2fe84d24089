"""wrk beside a server, in the server's own network namespace.

A published port would measure the engine's user-land proxy, and a client in this process itself.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from attrs import frozen
from docker.errors import BuildError, DockerException
from docker.models.containers import Container
from slipway_conformance import contract
from slipway_conformance.targets import LOOPBACK
from slipway_conformance.targets.containers import remove

from .engine import Engine, Target, explain
from .errors import BenchError, ServerError

IMAGE = "slipway/bench:1"
TIMEOUT_SECONDS = 10


@frozen
class LoadFigures:
    """What wrk saw: successful requests, their rate and their latencies."""

    requests: int
    requests_per_second: float
    p50_us: float
    p99_us: float


def parse(output: str) -> LoadFigures:
    """The figures of post.lua's line; an error when any request failed."""
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise ServerError(f"wrk printed no figures:\n{output.strip()}")
    data: dict[str, Any] = json.loads(lines[-1])
    if data["status_errors"] or data["socket_errors"]:
        raise ServerError(
            f"{data['status_errors']} answers were no success and {data['socket_errors']} sockets"
            f" failed of {data['requests']} requests, so there is no figure."
        )
    if not data["requests"]:
        raise ServerError("wrk got no answer at all.")
    return LoadFigures(
        requests=data["requests"],
        requests_per_second=data["requests"] / (data["duration_us"] / 1e6),
        p50_us=data["p50_us"],
        p99_us=data["p99_us"],
    )


def build_image(engine: Engine) -> None:
    """Build the load generator's image; the engine's cache makes a second time quick."""
    with resources.as_file(resources.files(__package__) / "wrk") as context:
        try:
            engine.client.images.build(
                path=str(context),
                tag=IMAGE,
                rm=True,
                forcerm=True,
                labels={contract.load().label("role"): "bench"},
            )
        except BuildError as error:
            log = "".join(str(line.get("stream", "")) for line in error.build_log)
            raise BenchError(
                f"The load generator's image can't be built: {error.msg}. It needs slipway/base"
                f" (./slipway images build) and Debian's mirror.\n{log[-2000:]}"
            ) from error
        except DockerException as error:
            raise BenchError(
                f"The load generator's image can't be built: {explain(error)}."
                " Run: ./slipway images build"
            ) from error


class Load:
    """A container that shares a target's network and waits for work."""

    def __init__(self, engine: Engine, target: Target) -> None:
        self._engine = engine
        self._target = target
        self._container: Container = engine.client.containers.run(
            IMAGE,
            network_mode=f"container:{target.container.id}",
            labels=engine.run.labels,
            init=True,
            detach=True,
        )

    def run(self, connections: int, seconds: float) -> LoadFigures:
        invocation = self._engine.invocation
        command = [
            "wrk",
            "--threads=1",
            f"--connections={connections}",
            f"--duration={max(1, round(seconds))}s",
            f"--timeout={TIMEOUT_SECONDS}s",
            "--script=/load/post.lua",
            f"http://{LOOPBACK}:{contract.load().default('port')}/",
            "--",
            invocation.secret_header,
            invocation.secret,
            invocation.body,
        ]
        result: Any = self._container.exec_run(command)
        output: str = result.output.decode("utf-8", "replace")
        try:
            return parse(output)
        except ServerError as error:
            raise self._target.failure(str(error)) from error

    def stop(self) -> None:
        remove(self._container)
