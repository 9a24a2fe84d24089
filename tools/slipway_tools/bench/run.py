"""One run: every stage for every runtime, on one engine."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from attrs import evolve
from rich.console import Console
from slipway_conformance import contract

from ..engine import images, require_docker
from ..run import Run
from ..terminal import Steps
from . import coldstart, load, machine, memory, prepare, size, throughput
from .catalogue import RuntimeSpec
from .engine import Engine
from .errors import BenchError
from .invocation import Invocation
from .model import Machine, Protocol, Result, RuntimeResult, Server, Size, now
from .progress import Reporter
from .stage import Stage

STAGES = ("throughput", "cold", "memory", "size")

FULL = Protocol(
    quick=False,
    rounds=5,
    seconds=5,
    warm_up_seconds=5,
    connections=(32, 1),
    cold_rounds=11,
    invocations=1_000_000,
)
# Many short rounds: of a machine whose speed changes from one second to the next, their median tells most.
QUICK = evolve(
    FULL, quick=True, rounds=5, seconds=1, warm_up_seconds=2, cold_rounds=5, invocations=300_000
)


def measure(
    specs: Sequence[RuntimeSpec], protocol: Protocol, stages: Sequence[str], console: Console
) -> Result:
    terms = contract.load()
    invocation = Invocation(terms.header("secret"), secrets.token_hex(16))
    steps = 1 + sum(_steps(spec, protocol, stages) for spec in specs)
    failures: list[str] = []
    measured: list[tuple[RuntimeSpec, RuntimeResult]] = []
    total: int | None = None
    with Run() as run:
        client = require_docker(run).client
        with Steps() as building:
            images.ensure(client, [spec.choice for spec in specs], run, building)
        engine = Engine(client, run, invocation)
        with Reporter(console, steps) as reporter:
            reporter.stage("load generator")
            with reporter.step("building its image"):
                load.build_image(engine)
                about = machine.describe(engine)
            _warn_if_busy(about, console)
            for spec in specs:
                try:
                    reporter.stage(f"{spec.choice.name}: prepare")
                    with reporter.step("building the function and the servers to compare with"):
                        launches = prepare.prepare(engine, spec)
                    stage = Stage(engine, spec, launches, protocol, reporter, failures)
                    measured.append((spec, _runtime(stage, stages)))
                except BenchError as error:
                    failures.append(str(error))
                    reporter.problem(str(error))
            if "size" in stages:
                total = size.launch_total(engine, [spec for spec, _ in measured])
    return Result(
        date=now(),
        machine=about,
        protocol=protocol,
        runtimes=tuple(result for _, result in measured),
        launch_total=total,
        failures=tuple(failures),
    )


def _steps(spec: RuntimeSpec, protocol: Protocol, stages: Sequence[str]) -> int:
    counts = {
        "throughput": throughput.steps(spec, protocol),
        "cold": coldstart.steps(spec, protocol),
        "memory": memory.steps(spec, protocol),
        "size": 1,
    }
    return 1 + sum(counts[stage] for stage in stages)


def _runtime(stage: Stage, stages: Sequence[str]) -> RuntimeResult:
    spec, reporter = stage.spec, stage.reporter
    servers = {s.name: Server(s.name, s.role, s.title) for s in spec.servers}
    sizes: tuple[Size, ...] = ()
    if "throughput" in stages:
        reporter.stage(f"{spec.choice.name}: throughput")
        for key, samples in throughput.measure(stage).items():
            servers[key] = evolve(servers[key], throughput=tuple(samples))
    if "cold" in stages:
        reporter.stage(f"{spec.choice.name}: cold start")
        for key, starts in coldstart.measure(stage).items():
            servers[key] = evolve(servers[key], cold=tuple(starts))
    if "memory" in stages:
        reporter.stage(f"{spec.choice.name}: memory")
        for key, value in memory.measure(stage).items():
            servers[key] = evolve(servers[key], memory=value)
    if "size" in stages:
        reporter.stage(f"{spec.choice.name}: size")
        with reporter.step("reading layers"):
            sizes = size.measure(stage.engine, spec)
    choice = spec.choice
    return RuntimeResult(
        language=choice.runtime.language,
        title=choice.runtime.title,
        version=choice.version.version,
        image=choice.launch_image,
        image_id=str(stage.engine.client.images.get(choice.launch_image).id),
        aims=spec.aims,
        servers=tuple(servers.values()),
        sizes=sizes,
    )


def _warn_if_busy(about: Machine, console: Console) -> None:
    if about.busy:
        console.print(
            f"This machine is busy (load {about.load_before}): trust ratios and processor time,"
            " not requests per second. Stop other work for better figures.",
            highlight=False,
        )
