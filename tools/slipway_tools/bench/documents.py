"""A result as documents: docs/performance.md with what it was made of, and the table in each runtime's README."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from slipway_conformance.runtime import Runtime

from . import model, rows, words
from .errors import BenchError
from .figures import cpu_ratio, growth_percent, over_rounds, throughput_ratio, verdicts
from .model import Result, RuntimeResult

START, END = "<!-- bench:start -->", "<!-- bench:end -->"
_README = "README.md"


def markdown(lines: list[list[str]], words_first: int = 1) -> str:
    """A table; the first columns hold words, the others figures, which stand to the right."""
    header, *body = lines
    rule = ["---"] * words_first + ["---:"] * (len(header) - words_first)
    return "\n".join(f"| {' | '.join(line)} |" for line in (header, rule, *body))


def performance(result: Result, pictures: list[str]) -> str:
    """The whole page; `pictures` are paths as the page links them."""
    method = (resources.files(__package__) / "method.md").read_text(encoding="utf-8")
    parts = [
        "# Performance",
        f"Measured {result.date[:10]} on: {words.machine(result.machine)}.",
        f"{words.protocol(result.protocol)[0].upper()}{words.protocol(result.protocol)[1:]}.",
    ]
    if result.protocol.quick:
        parts.append("A quick run: fewer and shorter rounds than the protocol asks for.")
    if result.machine.busy:
        parts.append(
            f"The machine had other work (load {result.machine.load_before} at the start): trust ratios and processor"
            " time more than requests per second."
        )
    for picture in pictures:
        parts.append(f"![{Path(picture).stem}]({picture})")
    parts.append("## Aims")
    parts.append(_aims(result))
    for runtime in result.runtimes:
        parts.extend(_runtime(runtime, result))
    sizes = _sizes(result)
    if sizes:
        parts.extend(["## Size", sizes])
    if result.failures:
        parts.append("## Not measured")
        parts.append("\n".join(f"- {_first_sentence(failure)}" for failure in result.failures))
    parts.extend(["## How it is measured", method.rstrip()])
    return "\n\n".join(parts) + "\n"


def _aims(result: Result) -> str:
    lines = [["runtime", "what", "aim", "", "figure"]]
    for runtime in result.runtimes:
        for one in verdicts(runtime):
            figure = f"{words.number(one.value)} {one.unit}"
            name = f"{runtime.title} {runtime.version}"
            lines.append([name, one.name, words.aim(one), words.verdict(one), figure])
    return markdown(lines, words_first=4)


def _runtime(runtime: RuntimeResult, result: Result) -> list[str]:
    parts = [f"## {runtime.title} {runtime.version}"]
    if any(server.throughput for server in runtime.servers):
        for connections in result.protocol.connections:
            plural = "" if connections == 1 else "s"
            parts.append(f"{connections} connection{plural}:")
            parts.append(markdown(rows.table(runtime, rows.under_load(connections))))
    if any(server.cold or server.memory for server in runtime.servers):
        parts.append("Start and memory:")
        parts.append(markdown(rows.table(runtime, rows.START_AND_MEMORY)))
    memory = runtime.of("runtime")[0].memory
    growth = growth_percent(memory) if memory else None
    if memory and memory.warm is not None and memory.final is not None and growth is not None:
        parts.append(
            f"Resident memory: {words.megabytes(memory.warm)} MB after {memory.warmed:,} invocations,"
            f" {words.megabytes(memory.final)} MB after {memory.invocations:,} ({growth:+.1f} %)."
        )
    return parts


def _sizes(result: Result) -> str:
    found = [size for runtime in result.runtimes for size in runtime.sizes]
    if not found:
        return ""
    lines = [["image", "own MB", "base MB"]]
    lines += [[f"`{s.image}`", words.megabytes(s.own), words.megabytes(s.base)] for s in found]
    text = markdown(lines)
    if result.launch_total is not None:
        total = words.megabytes(result.launch_total)
        text += f"\n\nAll launch images together, shared layers counted once: {total} MB."
    return text


def _first_sentence(failure: str) -> str:
    """What failed, without the log that follows."""
    return failure.splitlines()[0].partition(" Its log ")[0]


def readme_table(runtime: RuntimeResult, result: Result) -> str:
    """Suggested, used, bare: what the choice of server costs, in the README of its runtime."""
    bare = runtime.of("bare")[0]
    many, *few = sorted(result.protocol.connections, reverse=True)
    one = few[-1] if few else many
    header = ["server", f"requests/s at {many}", "of bare", "processor time of bare"]
    header += [f"p99 ms at {many}", f"of bare at {one}"]
    lines = [header]
    for server in (*runtime.of("suggested"), *runtime.of("runtime"), bare):
        title = f"**{server.title}**" if server.role == "runtime" else server.title
        p99 = over_rounds(server, many, lambda sample: sample.p99_us)
        rate = over_rounds(server, many, lambda sample: sample.requests_per_second)
        lines.append(
            [
                title,
                words.median(rate),
                words.median(throughput_ratio(server, bare, many)),
                words.median(cpu_ratio(server, bare, many)),
                words.median(p99, words.milliseconds),
                words.median(throughput_ratio(server, bare, one)),
            ]
        )
    return (
        f"{markdown(lines)}\n\n"
        f"Measured {result.date[:10]} by {words.command(result.protocol, runtime.language)} on"
        f" {words.machine(result.machine)}."
    )


def between_markers(text: str, inner: str) -> str | None:
    """`text` with what stands between the markers replaced; None when it lacks them."""
    head, start, rest = text.partition(START)
    _, end, tail = rest.partition(END)
    if not start or not end:
        return None
    return f"{head}{START}\n{inner}\n{END}{tail}"


def write(root: Path, runtimes: Sequence[Runtime], result: Result) -> list[Path]:
    """Write every document and picture; their paths."""
    from . import overview
    from .plots import draw

    page = root / "docs" / "performance.md"
    pictures = draw(result, root / "docs" / "performance")
    links = [os.path.relpath(picture, page.parent) for picture in pictures]
    page.parent.mkdir(exist_ok=True)
    page.write_text(performance(result, links), encoding="utf-8")
    # What a later run takes the rest from.
    kept = root / "docs" / "performance" / "result.json"
    kept.write_text(model.to_json(result), encoding="utf-8")
    written = [page, *pictures, kept]
    _put(root / _README, overview.table(runtimes, result))
    written.append(root / _README)
    for runtime in result.runtimes:
        if not any(server.throughput for server in runtime.servers):
            continue
        readme = root / "runtimes" / runtime.language / _README
        _put(readme, readme_table(runtime, result))
        written.append(readme)
    return written


def _put(readme: Path, table: str) -> None:
    text = readme.read_text(encoding="utf-8") if readme.is_file() else ""
    changed = between_markers(text, table)
    if changed is None:
        raise BenchError(f"{readme} has no place for the table: add the lines {START} and {END}.")
    readme.write_text(changed, encoding="utf-8")
