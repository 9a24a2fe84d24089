"""Memory when idle, and whether it grows with the number of invocations.

Growth compares resident memory after the first hundred thousand invocations with the end: caches and
pools are filled then, and collected heaps have the size that they keep. How many there are after that is a
matter of the protocol, what is compared is not.
"""

from __future__ import annotations

import time

from attrs import evolve

from .catalogue import RuntimeSpec, ServerSpec
from .engine import Target
from .load import Load
from .model import Memory, Protocol
from .stage import Stage
from .usage import resident, usage

CONNECTIONS = 32
# Collectors and allocators give memory back a little after the load has ended.
SETTLE_SECONDS = 3.0
WARM_INVOCATIONS = 100_000
# One run of wrk; the count of invocations overshoots by at most one of these. What has just begun gets
# faster, so that its rate says little of the next run.
SLICE_SECONDS, WARM_SLICE_SECONDS = 20.0, 1.0


def steps(spec: RuntimeSpec, protocol: Protocol) -> int:
    return len(spec.servers)


def measure(stage: Stage) -> dict[str, Memory]:
    found: dict[str, Memory] = {}
    for server in stage.servers():
        with stage.step(server, "idle memory"), stage.started(server) as target:
            time.sleep(SETTLE_SECONDS)
            idle = Memory(
                idle_resident=resident(stage.engine, target.container),
                idle_anonymous=usage(target.container).anonymous,
            )
            grows = server.role != "suggested"
            found[server.name] = _growth(stage, server, target, idle) if grows else idle
    return found


def _growth(stage: Stage, server: ServerSpec, target: Target, idle: Memory) -> Memory:
    wanted = stage.protocol.invocations
    load = Load(stage.engine, target)

    def invoke(until: int, done: int, rate: float, most: float) -> tuple[int, float]:
        """Load the server up to `until` answers in all: wrk counts seconds, not requests."""
        while done < until:
            seconds = min(most, (until - done) / rate) if rate else most
            figures = load.run(CONNECTIONS, seconds)
            done, rate = done + figures.requests, figures.requests_per_second
            stage.reporter.detail(f"{server.title}: memory, {done:,} of {wanted:,} invocations")
        time.sleep(SETTLE_SECONDS)
        return done, rate

    try:
        warmed, rate = invoke(WARM_INVOCATIONS, 0, 0.0, WARM_SLICE_SECONDS)
        warm = resident(stage.engine, target.container)
        done, rate = invoke(wanted, warmed, rate, SLICE_SECONDS)
        final = resident(stage.engine, target.container)
        return evolve(idle, warmed=warmed, invocations=done, warm=warm, final=final)
    finally:
        load.stop()
