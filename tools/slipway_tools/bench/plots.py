"""A result as pictures. Every bar carries its figure and a hatch, so they read without colour."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import words
from .figures import over_rounds, throughput_ratio
from .model import Result, Role, RuntimeResult, Server

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Light to dark in this order also in grey.
LOOKS: dict[Role, tuple[str, str]] = {
    "runtime": ("#1f4e79", ""),
    "suggested": ("#8fb3d9", "///"),
    "bare": ("#e6e6e6", ".."),
}
INCHES_PER_BAR = 0.34
WIDTH = 8.0
RATIO = "throughput.svg"
LATENCY = "latency.svg"

Row = tuple[RuntimeResult, Server]


def draw(result: Result, folder: Path) -> list[Path]:
    """Write the pictures; their paths. Nothing without throughput figures."""
    measured = [r for r in result.runtimes if any(s.throughput for s in r.servers)]
    if not measured:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    rows = [(r, s) for r in measured for s in _ordered(r) if s.throughput]
    about = words.machine_briefly(result.machine)
    counts = result.protocol.connections
    return [
        _save(
            rows,
            counts,
            _ratio,
            f"Throughput as a share of the bare server\n{about}",
            folder / RATIO,
        ),
        _save(
            rows, counts, _latency, f"Latency, median to 99th percentile\n{about}", folder / LATENCY
        ),
    ]


def _ordered(runtime: RuntimeResult) -> tuple[Server, ...]:
    return (*runtime.of("runtime"), *runtime.of("suggested"), *runtime.of("bare"))


def _save(
    rows: list[Row],
    counts: tuple[int, ...],
    panel: Callable[[Axes, list[Row], int], None],
    title: str,
    path: Path,
) -> Path:
    # Imported here: it takes a second, and measuring doesn't need it.
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams["svg.hashsalt"] = "slipway"
    from matplotlib import pyplot

    height = 1.6 + len(counts) * (0.7 + INCHES_PER_BAR * len(rows))
    figure, panels = pyplot.subplots(
        len(counts), 1, figsize=(WIDTH, height), squeeze=False, layout="constrained"
    )
    for axes, connections in zip(panels[:, 0], counts, strict=True):
        panel(axes, rows, connections)
        axes.set_title(_connections(connections), loc="left", fontsize=10)
        axes.set_yticks(range(len(rows)), [f"{r.language}: {s.title}" for r, s in rows])
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
        for line in range(1, len(rows)):
            if rows[line][0] is not rows[line - 1][0]:
                axes.axhline(line - 0.5, color="#bbbbbb", linewidth=0.6)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    # Without a date, the same result draws the same bytes.
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return path


def _ratio(axes: Axes, rows: list[Row], connections: int) -> None:
    longest = 1.0
    for place, (runtime, server) in enumerate(rows):
        found = throughput_ratio(server, runtime.of("bare")[0], connections)
        if not found:
            continue
        longest = max(longest, found.high)
        colour, hatch = LOOKS[server.role]
        errors = [[found.median - found.low], [found.high - found.median]]
        axes.barh(
            place,
            found.median,
            xerr=errors,
            color=colour,
            hatch=hatch,
            edgecolor="#333333",
            linewidth=0.6,
            error_kw={"elinewidth": 0.8, "ecolor": "#000000", "capsize": 2},
        )
        axes.annotate(
            words.number(found.median),
            (found.high, place),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            zorder=5,
        )
        aim = runtime.aims.ratio.get(connections)
        if server.role == "runtime" and aim is not None:
            axes.plot([aim, aim], [place - 0.5, place + 0.5], color="#c00000", linewidth=2.2)
    axes.set_xlim(0, longest * 1.1)
    axes.set_xlabel("1.0 is the bare server; the thick upright line is the aim", fontsize=8)


def _latency(axes: Axes, rows: list[Row], connections: int) -> None:
    for place, (_, server) in enumerate(rows):
        p50 = over_rounds(server, connections, lambda sample: sample.p50_us)
        p99 = over_rounds(server, connections, lambda sample: sample.p99_us)
        if not p50 or not p99:
            continue
        low, high = p50.median / 1000, p99.median / 1000
        colour, _ = LOOKS[server.role]
        axes.plot([low, high], [place, place], color="#333333", linewidth=1.2, zorder=1)
        axes.scatter([low], [place], marker="o", s=36, color=colour, edgecolor="#333333", zorder=2)
        axes.scatter([high], [place], marker="|", s=90, color="#333333", zorder=2)
        axes.annotate(
            f"{words.number(low)} to {words.number(high)}",
            (high, place),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=8,
        )
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_xscale("log")
    axes.margins(x=0.18)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("milliseconds, logarithmic: ○ median, | 99th percentile", fontsize=8)


def _connections(count: int) -> str:
    return f"{count} connection{'' if count == 1 else 's'}"
