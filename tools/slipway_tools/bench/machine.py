"""The machine that was measured, as the engine and its kernel describe it."""

from __future__ import annotations

import os
from typing import Any

from .engine import Engine
from .load import IMAGE
from .model import Machine


def describe(engine: Engine) -> Machine:
    info: dict[str, Any] = engine.client.info()
    version: dict[str, Any] = engine.client.version()
    # Read in a container: the engine may run in a virtual machine, or elsewhere.
    output: bytes = engine.client.containers.run(
        IMAGE, ["cat", "/proc/cpuinfo"], labels=engine.run.labels, remove=True
    )
    return Machine(
        processor=processor(output.decode("utf-8", "replace")) or info["Architecture"],
        cores=info["NCPU"],
        memory=info["MemTotal"],
        architecture=info["Architecture"],
        system=info["OperatingSystem"],
        kernel=info["KernelVersion"],
        engine=_engine(version),
        load_before=_load(),
    )


def _engine(version: dict[str, Any]) -> str:
    name = version.get("Platform", {}).get("Name")
    return f"{name or 'Docker-compatible engine'} {version['Version']}"


def processor(cpuinfo: str) -> str | None:
    """The first model name; some architectures print none."""
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() == "model name":
            return value.strip()
    return None


def _load() -> float | None:
    """Processes that wanted the processor during the last minute: what else was going on."""
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
