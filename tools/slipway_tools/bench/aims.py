"""What a runtime should reach, unless its runtime.yaml says otherwise under `bench.aims`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from .errors import BenchError

MEGABYTE = 1_000_000


@frozen
class Aims:
    """`ratio` is throughput as a share of the bare server's, by number of connections."""

    ratio: Mapping[int, float]
    cold_start: float = 1.2
    growth_percent: float = 5.0
    launch_megabytes: float = 120.0


DEFAULTS = Aims(ratio={1: 0.5, 32: 0.9})


def from_yaml(given: Mapping[str, Any] | None, where: str) -> Aims:
    """Aims of one runtime: `{ratio: {32: 1.0}, cold_start, growth_percent, launch_megabytes}`."""
    given = dict(given or {})
    ratio = {**DEFAULTS.ratio, **{int(k): float(v) for k, v in given.pop("ratio", {}).items()}}
    names = ("cold_start", "growth_percent", "launch_megabytes")
    values = {name: float(given.pop(name, getattr(DEFAULTS, name))) for name in names}
    if given:
        raise BenchError(
            f"{where}: bench.aims knows ratio, {', '.join(names)}; remove {', '.join(given)}."
        )
    return Aims(ratio=ratio, **values)
