"""What a runtime should reach, unless its runtime.yaml says otherwise under `bench.aims`."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from .errors import BenchError


@frozen
class Aims:
    """`ratio` is throughput as a share of the bare server's, by number of connections."""

    ratio: Mapping[int, float]
    cold_start: float = 1.2
    growth_percent: float = 5.0
    launch_megabytes: float = 120.0


DEFAULTS = Aims(ratio={1: 0.5, 32: 0.9})


def from_yaml(given: Mapping[str, float], where: str) -> Aims:
    """Aims of one runtime, by the names of the fields; `ratio_32` is the ratio at 32 connections."""
    left = dict(given)
    ratio = {n: float(left.pop(f"ratio_{n}", usual)) for n, usual in DEFAULTS.ratio.items()}
    names = ("cold_start", "growth_percent", "launch_megabytes")
    values = {name: float(left.pop(name, getattr(DEFAULTS, name))) for name in names}
    if left:
        known = [*(f"ratio_{n}" for n in ratio), *names]
        raise BenchError(f"{where}: bench.aims knows {', '.join(known)}; remove {', '.join(left)}.")
    return Aims(ratio=ratio, **values)
