"""The rows that tables show: a server a row, written out; shared by terminal and documents."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from . import words
from .figures import cold, cold_ratio, growth_percent, over_rounds, throughput_ratio
from .model import RuntimeResult, Server

Write = Callable[[Server, Server], str]


@frozen
class Column:
    """A figure of a server; the second server handed to `write` is the bare one."""

    title: str
    write: Write


def under_load(connections: int) -> tuple[Column, ...]:
    def value(read: str, write: Callable[[float], str] = words.number) -> Write:
        return lambda server, _: words.median(
            over_rounds(server, connections, lambda sample: getattr(sample, read)), write
        )

    return (
        Column(
            "requests/s",
            lambda server, _: words.full(
                over_rounds(server, connections, lambda sample: sample.requests_per_second)
            ),
        ),
        Column(
            "of bare",
            lambda server, bare: words.full(throughput_ratio(server, bare, connections)),
        ),
        Column("p50 ms", value("p50_us", words.milliseconds)),
        Column("p99 ms", value("p99_us", words.milliseconds)),
        Column("processor µs/request", value("cpu_us_per_request")),
    )


def _growth(server: Server) -> str:
    percent = growth_percent(server.memory) if server.memory else None
    return words.NONE if percent is None else f"{percent:+.1f}"


START_AND_MEMORY = (
    Column(
        "cold start ms", lambda server, _: words.full(cold(server, lambda start: start.total_ms))
    ),
    Column("of bare", lambda server, bare: words.median(cold_ratio(server, bare))),
    Column(
        "without engine ms",
        lambda server, _: words.median(cold(server, lambda start: start.server_ms)),
    ),
    Column(
        "idle resident MB",
        lambda server, _: (
            words.megabytes(server.memory.idle_resident) if server.memory else words.NONE
        ),
    ),
    Column(
        "of it anonymous MB",
        lambda server, _: (
            words.megabytes(server.memory.idle_anonymous) if server.memory else words.NONE
        ),
    ),
    Column("growth %", lambda server, _: _growth(server)),
)


def table(runtime: RuntimeResult, columns: tuple[Column, ...]) -> list[list[str]]:
    """Header and rows: the runtime, the suggested servers, the bare one."""
    bare = runtime.of("bare")[0]
    ordered = (*runtime.of("runtime"), *runtime.of("suggested"), bare)
    header = ["server", *(column.title for column in columns)]
    return [
        header,
        *([server.title, *(c.write(server, bare) for c in columns)] for server in ordered),
    ]
