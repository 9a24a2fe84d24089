"""Processor time and memory of a container, as the kernel's control groups count them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from attrs import frozen
from docker.models.containers import Container

from .engine import Engine
from .errors import ServerError
from .load import IMAGE

# Prints the mappings of every process of the container except the one that reads them.
READ_MAPPINGS = (
    'for p in /proc/[0-9]*; do [ "$p" = "/proc/$$" ] || cat "$p/smaps" 2>/dev/null; done; true'
)
MAPPING = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ ([0-9a-f]+) ([0-9a-f]+:[0-9a-f]+) (\d+)")
AMOUNT = re.compile(r"^(Rss|Anonymous):\s+(\d+) kB$")


@frozen
class Usage:
    cpu_ns: int
    anonymous: int


def usage(container: Container) -> Usage:
    stats: Any = container.stats(stream=False, one_shot=True)
    memory = stats["memory_stats"].get("stats", {})
    # Control groups version 2 call it anon, version 1 rss; neither counts the page cache.
    anonymous = memory.get("anon", memory.get("total_rss", memory.get("rss")))
    if anonymous is None:
        raise ServerError("The engine doesn't count memory: enable the memory control group.")
    return Usage(cpu_ns=stats["cpu_stats"]["cpu_usage"]["total_usage"], anonymous=anonymous)


def resident(engine: Engine, container: Container) -> int:
    """Anonymous memory, and the pages of files that any process has mapped, each page once.

    The sum of the processes' RSS would count shared libraries once a process; their PSS depends on
    what other containers of the same image run on the machine.
    """
    # From beside it: a container without capabilities can't be entered with them.
    output: bytes = engine.client.containers.run(
        IMAGE,
        ["sh", "-c", READ_MAPPINGS],
        pid_mode=f"container:{container.id}",
        network_mode="none",
        cap_add=["SYS_PTRACE"],
        labels=engine.run.labels,
        remove=True,
    )
    files = mapped_files(output.decode("utf-8", "replace").splitlines())
    if not files:
        raise ServerError("The engine doesn't let a container read another's /proc/*/smaps.")
    return usage(container).anonymous + files


def mapped_files(smaps: Iterable[str]) -> int:
    """Bytes of files that are mapped, from the concatenated smaps of several processes.

    Of a piece of a file that several processes map, the most that is resident in one counts.
    """
    pieces: dict[tuple[str, str, str], int] = {}
    piece: tuple[str, str, str] | None = None
    rss = 0
    for line in smaps:
        mapping = MAPPING.match(line)
        if mapping:
            offset, device, inode = mapping.groups()
            piece = (device, inode, offset) if inode != "0" else None
            continue
        amount = AMOUNT.match(line)
        if not amount or piece is None:
            continue
        if amount.group(1) == "Rss":
            rss = int(amount.group(2)) * 1024
        else:
            clean = rss - int(amount.group(2)) * 1024
            pieces[piece] = max(pieces.get(piece, 0), clean)
    return sum(pieces.values())
