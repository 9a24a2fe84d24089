"""A small result, as a run would leave it."""

from __future__ import annotations

from pathlib import Path

import pytest
from slipway_conformance.runtime import Bench, Runtime, Version
from slipway_conformance.runtime import Server as Command
from slipway_tools.bench.aims import from_yaml
from slipway_tools.bench.model import (
    ColdStart,
    Machine,
    Memory,
    Protocol,
    Result,
    RuntimeResult,
    Sample,
    Server,
    Size,
)


def samples(rates: dict[int, list[float]], cpu_us: float) -> tuple[Sample, ...]:
    return tuple(
        Sample(
            round=number,
            connections=connections,
            requests=int(rate),
            requests_per_second=rate,
            p50_us=400,
            p99_us=1_250,
            cpu_us_per_request=cpu_us,
        )
        for connections, found in rates.items()
        for number, rate in enumerate(found)
    )


def starts(*total_ms: float) -> tuple[ColdStart, ...]:
    return tuple(ColdStart(number, total, total - 200) for number, total in enumerate(total_ms))


@pytest.fixture
def runtime() -> Runtime:
    return Runtime(
        language="brainwave",
        title="Brainwave",
        kind="interpreted",
        server="a loop",
        entrypoint="main.bw",
        extensions=(".bw",),
        versions=(Version("7"), Version("8", default=True)),
        profiles=("core",),
        known_gaps=(),
        requires=(),
        checks=(),
        bench=Bench(
            bare=Command("bare loop", ("think", "/bench/bare")),
            suggested=(Command("Frame on a Picture", ("frame",)),),
            aims={"ratio_32": 1.0},
        ),
        folder=Path("/brainwave"),
    )


@pytest.fixture
def result() -> Result:
    used = Server(
        "slipway",
        "runtime",
        "Slipway Brainwave",
        samples({32: [95, 90, 50], 1: [6, 6, 6]}, cpu_us=22),
        starts(330, 300, 360),
        Memory(30_000_000, 20_000_000, 100_100, 1_000_500, 25_000_000, 25_500_000),
    )
    bare = Server(
        "bare",
        "bare",
        "bare loop",
        samples({32: [100, 100, 50], 1: [10, 10, 10]}, cpu_us=20),
        starts(300, 300, 300),
        Memory(20_000_000, 15_000_000),
    )
    framework = Server(
        "frame",
        "suggested",
        "frame",
        samples({32: [40, 50, 25], 1: [4, 4, 4]}, cpu_us=50),
    )
    runtime = RuntimeResult(
        language="brainwave",
        title="Brainwave",
        version="7",
        image="slipway/brainwave:7",
        image_id="sha256:00",
        aims=from_yaml({"ratio_32": 1.0, "launch_megabytes": 15}, "runtime.yaml"),
        servers=(used, bare, framework),
        sizes=(Size("launch", "slipway/brainwave:7", 14_000_000, 123_000_000),),
    )
    return Result(
        date="2026-01-02T03:04:05+00:00",
        machine=Machine("Example CPU", 2, 8 * 2**30, "x86_64", "Debian", "6.1", "engine 1", 0.1),
        protocol=Protocol(False, 3, 5, 5, (32, 1), 3, 1_000_000),
        runtimes=(runtime,),
        launch_total=137_000_000,
        failures=("other (brainwave:7): it ended; start it by hand. Its log ends:\nboom",),
    )
