"""Requests per second, latency and processor time per request, the servers taking turns.

All servers of a runtime are up at once and idle while another is measured, so each round compares
the same minutes of the same machine.
"""

from __future__ import annotations

from slipway_conformance.targets.containers import remove

from .catalogue import RuntimeSpec
from .engine import Target
from .load import Load
from .model import Protocol, Sample
from .stage import Stage
from .usage import usage


def steps(spec: RuntimeSpec, protocol: Protocol) -> int:
    return len(spec.servers) * (1 + protocol.rounds * len(protocol.connections))


def measure(stage: Stage) -> dict[str, list[Sample]]:
    protocol = stage.protocol
    samples: dict[str, list[Sample]] = {server.name: [] for server in stage.servers()}
    running: dict[str, tuple[Target, Load]] = {}
    try:
        for server in stage.servers():
            with stage.step(server, "warm-up"):
                target = stage.engine.start(stage.launches[server.name])
                stage.engine.wait(target)
                load = Load(stage.engine, target)
                running[server.name] = (target, load)
                load.run(max(protocol.connections), protocol.warm_up_seconds)
        for number in range(protocol.rounds):
            for connections in protocol.connections:
                for server in stage.servers():
                    text = f"round {number + 1} of {protocol.rounds}, {connections} connections"
                    with stage.step(server, text):
                        target, load = running[server.name]
                        samples[server.name].append(
                            _sample(target, load, number, connections, protocol.seconds)
                        )
    finally:
        for target, load in running.values():
            load.stop()
            remove(target.container)
    return samples


def _sample(target: Target, load: Load, number: int, connections: int, seconds: float) -> Sample:
    before = usage(target.container)
    figures = load.run(connections, seconds)
    after = usage(target.container)
    return Sample(
        round=number,
        connections=connections,
        requests=figures.requests,
        requests_per_second=figures.requests_per_second,
        p50_us=figures.p50_us,
        p99_us=figures.p99_us,
        cpu_us_per_request=(after.cpu_ns - before.cpu_ns) / 1000 / figures.requests,
    )
