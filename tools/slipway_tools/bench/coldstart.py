"""From the wish for a container to its first answer."""

from __future__ import annotations

import time
from datetime import datetime

from slipway_conformance.targets.containers import remove

from .catalogue import RuntimeSpec
from .engine import Target
from .model import ColdStart, Protocol
from .stage import Stage


def steps(spec: RuntimeSpec, protocol: Protocol) -> int:
    return len(spec.servers) * protocol.cold_rounds


def measure(stage: Stage) -> dict[str, list[ColdStart]]:
    starts: dict[str, list[ColdStart]] = {server.name: [] for server in stage.servers()}
    for number in range(stage.protocol.cold_rounds):
        for server in stage.servers():
            text = f"cold start {number + 1} of {stage.protocol.cold_rounds}"
            with stage.step(server, text):
                starts[server.name].append(_start(stage, server.name, number))
    return starts


def _start(stage: Stage, name: str, number: int) -> ColdStart:
    wished = time.time()
    target = stage.engine.start(stage.launches[name])
    try:
        stage.engine.wait(target)
        answered = time.time()
        return ColdStart(
            round=number,
            total_ms=1000 * (answered - wished),
            server_ms=1000 * (answered - _started_at(target)),
        )
    finally:
        remove(target.container)


def _started_at(target: Target) -> float:
    """When the process began, by the engine's clock: seconds since 1970."""
    target.container.reload()
    text: str = target.container.attrs["State"]["StartedAt"]
    # Nanoseconds are more than datetime reads.
    return datetime.fromisoformat(f"{text[:26].rstrip('Z')}+00:00").timestamp()
