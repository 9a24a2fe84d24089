"""How figures are written, the same on a terminal, in a plot and in a document."""

from __future__ import annotations

from collections.abc import Callable

from .figures import Spread, Verdict
from .model import Machine, Protocol

NONE = "-"


def number(value: float) -> str:
    """Three significant digits below a hundred, whole numbers with separators above."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def megabytes(count: int) -> str:
    return number(count / 1e6)


def command(protocol: Protocol, *names: str) -> str:
    """What to type for figures like these."""
    quick = ["--quick"] if protocol.quick else []
    return f"`{' '.join(['./slipway', 'bench', *quick, *names])}`"


def median(found: Spread | None, write: Callable[[float], str] = number) -> str:
    return NONE if found is None else write(found.median)


def full(found: Spread | None, write: Callable[[float], str] = number) -> str:
    """Median, and the lowest and highest round."""
    if found is None:
        return NONE
    return f"{write(found.median)} ({write(found.low)} to {write(found.high)})"


def milliseconds(microseconds: float) -> str:
    return number(microseconds / 1000)


def verdict(found: Verdict) -> str:
    return "met" if found.met else "missed"


def aim(found: Verdict) -> str:
    bound = "at least" if found.at_least else "at most"
    return f"{bound} {found.aim:g} {found.unit}"


def machine(about: Machine) -> str:
    system = f"{about.architecture}; {about.system}, kernel {about.kernel}; {about.engine}"
    return f"{machine_briefly(about)}, {system}"


def machine_briefly(about: Machine) -> str:
    return f"{about.processor}, {about.cores} cores, {about.memory / 2**30:.0f} GiB"


def protocol(how: Protocol) -> str:
    return (
        f"{how.rounds} interleaved rounds of {how.seconds:g} s"
        f" after {how.warm_up_seconds:g} s of warm-up, {how.cold_rounds} cold starts,"
        f" {how.invocations:,} invocations for memory growth"
    )
