"""The README's table of runtimes: what runtime.yaml says of each, and what a result says of its speed."""

from __future__ import annotations

from collections.abc import Sequence

from slipway_conformance import contract
from slipway_conformance.runtime import Runtime

from . import words
from .documents import markdown
from .figures import cold, over_rounds, throughput_ratio
from .model import Result, RuntimeResult

HEADER = (
    "language",
    "versions",
    "server",
    "profiles",
    "requests/s",
    "of bare",
    "start ms",
    "own MB",
)


def table(runtimes: Sequence[Runtime], result: Result) -> str:
    """One line a runtime, in the order of their titles; those without figures have none."""
    many = max(result.protocol.connections)
    measured = {found.language: found for found in result.runtimes}
    lines = [list(HEADER)]
    for runtime in sorted(runtimes, key=lambda one: one.title.lower()):
        found = measured.get(runtime.language)
        lines.append([*_said(runtime), *(_figures(found, many) if found else ["", "", "", ""])])
    return (
        f"{markdown(lines, words_first=4)}\n\n"
        f"At {many} connections, a POST of a small JSON; `of bare` compares with the bare server"
        " that each page names. Start is from the launch of the container to the first answer."
        f" Measured {result.date[:10]} by {words.command(result.protocol)} on"
        f" {words.machine(result.machine)}:"
        " [all figures](docs/performance.md)."
    )


def _said(runtime: Runtime) -> list[str]:
    missing = set(contract.load().profiles) - set(runtime.profiles)
    profiles = f"without {', '.join(sorted(missing))}" if missing else "all"
    versions = ", ".join(version.version for version in runtime.versions)
    link = f"[{runtime.title}](runtimes/{runtime.language}/README.md)"
    return [link, versions, runtime.server, profiles]


def _figures(found: RuntimeResult, many: int) -> list[str]:
    own, bare = found.of("runtime")[0], found.of("bare")[0]
    rate = over_rounds(own, many, lambda sample: sample.requests_per_second)
    launch = next((size.own for size in found.sizes if size.image == found.image), None)
    return [
        words.median(rate),
        words.median(throughput_ratio(own, bare, many)),
        words.median(cold(own, lambda start: start.total_ms)),
        words.megabytes(launch) if launch is not None else "",
    ]
