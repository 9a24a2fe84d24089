"""The values of a result. Raw measurements only: medians and ratios are figures.py's.

Times are in the unit that the name carries, sizes in bytes. cattrs belongs to the extra `bench`, so
it is imported where it is used.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from attrs import evolve, field, frozen

from .aims import Aims
from .errors import BenchError

FORMAT = "slipway-bench/1"
# Processes that want the processor: more of them are other work.
BUSY_LOAD = 0.5

Role = Literal["runtime", "bare", "suggested"]


@frozen
class Machine:
    """Where the run took place: the engine's machine, which need not be the caller's."""

    processor: str
    cores: int
    memory: int
    architecture: str
    system: str
    kernel: str
    engine: str
    load_before: float | None

    @property
    def busy(self) -> bool:
        """Whether it had other work, as far as it says."""
        return self.load_before is not None and self.load_before > BUSY_LOAD


@frozen
class Protocol:
    """How the run was made: enough to repeat it."""

    quick: bool
    rounds: int
    seconds: float
    warm_up_seconds: float
    connections: tuple[int, ...]
    cold_rounds: int
    invocations: int


@frozen
class Sample:
    """One server under load, once."""

    round: int
    connections: int
    requests: int
    requests_per_second: float
    p50_us: float
    p99_us: float
    cpu_us_per_request: float


@frozen
class ColdStart:
    """One start: `total_ms` is what a caller waits, `server_ms` leaves out the engine's work."""

    round: int
    total_ms: float
    server_ms: float


@frozen
class Memory:
    """Resident memory of all processes of a container; see memory.py for what counts.

    `warm` and `final` are resident memory after `warmed` invocations and after all `invocations`.
    """

    idle_resident: int
    idle_anonymous: int
    warmed: int = 0
    invocations: int = 0
    warm: int | None = None
    final: int | None = None


@frozen
class Size:
    """An image: what it adds to the base image."""

    role: Literal["launch", "build"]
    image: str
    own: int
    base: int


@frozen
class Server:
    name: str
    role: Role
    title: str
    throughput: tuple[Sample, ...] = ()
    cold: tuple[ColdStart, ...] = ()
    memory: Memory | None = None


@frozen
class RuntimeResult:
    language: str
    title: str
    version: str
    image: str
    image_id: str
    aims: Aims
    servers: tuple[Server, ...]
    sizes: tuple[Size, ...] = ()

    def of(self, role: Role) -> tuple[Server, ...]:
        return tuple(server for server in self.servers if server.role == role)


@frozen
class Result:
    date: str
    machine: Machine
    protocol: Protocol
    runtimes: tuple[RuntimeResult, ...]
    # Every launch image together, layers that several share counted once.
    launch_total: int | None = None
    failures: tuple[str, ...] = ()
    format: str = field(default=FORMAT)


def extended(earlier: Result, result: Result) -> Result:
    """*result*, and of *earlier* what it did not measure. BenchError unless both were measured on the same
    machine in the same way."""

    def way(one: Result) -> tuple[Machine, Protocol]:
        return evolve(one.machine, load_before=None), one.protocol

    if way(earlier) != way(result):
        raise BenchError(
            "The earlier result is of another machine or another protocol: measure all runtimes anew."
        )
    measured = {(runtime.language, runtime.version) for runtime in result.runtimes}
    kept = [one for one in earlier.runtimes if (one.language, one.version) not in measured]
    runtimes = sorted((*kept, *result.runtimes), key=lambda one: (one.language, one.version))
    # Which layers all of them share is not known.
    return evolve(result, runtimes=tuple(runtimes), launch_total=None)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def to_json(result: Result) -> str:
    import cattrs

    return json.dumps(cattrs.unstructure(result), indent=2, ensure_ascii=False) + "\n"


def read(path: Path) -> Result:
    import cattrs

    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BenchError(f"{path} can't be read: {error.strerror}. Name a result file.") from error
    except ValueError as error:
        raise BenchError(f"{path} is not JSON: {error}. Name a result file.") from error
    found = data.get("format") if isinstance(data, dict) else None
    if found != FORMAT:
        raise BenchError(
            f"{path} has the format {found!r}, and this version reads {FORMAT!r}: measure again."
        )
    try:
        return cattrs.structure(data, Result)
    except cattrs.BaseValidationError as error:
        reasons = "; ".join(cattrs.transform_error(error))
        raise BenchError(f"{path} is not a result: {reasons}. Measure again.") from error
