"""Medians, spreads and ratios of raw measurements."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable

from attrs import frozen

from .model import ColdStart, Memory, RuntimeResult, Sample, Server


@frozen
class Spread:
    median: float
    low: float
    high: float


def spread(values: Iterable[float]) -> Spread | None:
    found = list(values)
    if not found:
        return None
    return Spread(statistics.median(found), min(found), max(found))


def over_rounds(
    server: Server, connections: int, value: Callable[[Sample], float]
) -> Spread | None:
    return spread(value(s) for s in server.throughput if s.connections == connections)


def throughput_ratio(server: Server, bare: Server, connections: int) -> Spread | None:
    """Requests per second as a share of the bare server's: by round first, so drift cancels."""
    other = {s.round: s for s in bare.throughput if s.connections == connections}
    return spread(
        s.requests_per_second / other[s.round].requests_per_second
        for s in server.throughput
        if s.connections == connections and s.round in other
    )


def cpu_ratio(server: Server, bare: Server, connections: int) -> Spread | None:
    """Processor time per request as a multiple of the bare server's."""
    other = {s.round: s for s in bare.throughput if s.connections == connections}
    return spread(
        s.cpu_us_per_request / other[s.round].cpu_us_per_request
        for s in server.throughput
        if s.connections == connections and s.round in other
    )


def cold_ratio(server: Server, bare: Server) -> Spread | None:
    other = {start.round: start for start in bare.cold}
    return spread(
        start.total_ms / other[start.round].total_ms
        for start in server.cold
        if start.round in other
    )


def cold(server: Server, value: Callable[[ColdStart], float]) -> Spread | None:
    return spread(value(start) for start in server.cold)


def growth_percent(memory: Memory) -> float | None:
    if memory.warm is None or memory.final is None or memory.invocations <= memory.warmed:
        return None
    return 100 * (memory.final - memory.warm) / memory.warm


@frozen
class Verdict:
    """One figure of a runtime beside its aim."""

    name: str
    value: float
    aim: float
    unit: str
    at_least: bool

    @property
    def met(self) -> bool:
        # Compared as it is shown, so that a table never calls 0.90 short of 0.90.
        value = round(self.value, 2)
        return value >= self.aim if self.at_least else value <= self.aim


def verdicts(runtime: RuntimeResult) -> list[Verdict]:
    """Every aim for which this result holds a figure."""
    found: list[Verdict] = []
    served, bare = runtime.of("runtime"), runtime.of("bare")
    if served and bare:
        for connections, aim in sorted(runtime.aims.ratio.items(), reverse=True):
            ratio = throughput_ratio(served[0], bare[0], connections)
            if ratio:
                name = f"throughput at {connections} connection{'s' if connections > 1 else ''}"
                found.append(Verdict(name, ratio.median, aim, "of bare", at_least=True))
        start = cold_ratio(served[0], bare[0])
        if start:
            aim = runtime.aims.cold_start
            found.append(Verdict("cold start", start.median, aim, "of bare", at_least=False))
    memory = served[0].memory if served else None
    growth = growth_percent(memory) if memory else None
    if memory and growth is not None:
        name = f"memory growth up to {memory.invocations:,} invocations"
        aim = runtime.aims.growth_percent
        found.append(Verdict(name, growth, aim, "%", at_least=False))
    for size in runtime.sizes:
        if size.role == "launch":
            aim = runtime.aims.launch_megabytes
            found.append(Verdict("launch image", size.own / 1e6, aim, "MB", at_least=False))
    return found
