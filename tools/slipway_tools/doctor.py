"""The verb `doctor`: what this machine has and lacks, and the command that mends each."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from attrs import frozen
from rich.markup import escape
from rich.table import Table

from . import repository
from .engine import buildkit, daemon, endpoint, standin, system
from .engine.process import problem_with, version_of
from .terminal import console, say

_ROOM = 5 * 2**30


@frozen
class Finding:
    """One thing that was looked at; ``remedy`` is empty where nothing is to be done."""

    what: str
    found: str
    remedy: str = ""


def doctor() -> int:
    """Shows all findings; exit code 1 where neither engine can run any runtime."""
    engine = _engine()
    _show("machine", [_python(), *engine, _room()])
    containers, processes = not any(finding.remedy for finding in engine), False
    for runtime in repository.runtimes():
        found = [
            Finding(need.command, version_of(need) or "missing", problem_with(need))
            for need in runtime.requires
        ]
        processes |= bool(found) and not any(finding.remedy for finding in found)
        _show(f"{runtime.title}, as plain processes (--engine process)", found)
    if containers:
        say("Ready: ./slipway demo")
    elif processes:
        # An engine that answers would be taken, and could build no image.
        say("Ready without containers: ./slipway demo --engine process")
    else:
        say("Nothing can run here yet: mend one of the above.")
    return 0 if containers or processes else 1


def _python() -> Finding:
    return Finding("Python", f"{platform.python_version()} ({sys.prefix})")


def _engine() -> list[Finding]:
    """What containers need; none of it has a remedy where images can be built and run."""
    client = endpoint.find()
    if client is None:
        if daemon.can_start():
            coming = "none; Slipway installs or starts one when it needs it"
            return [Finding("container engine", coming), _builder()]
        remedy = "install and start Docker, or Podman with its socket"
        return [Finding("container engine", "none answers", remedy)]
    version = client.version()["Version"]
    host = os.environ["DOCKER_HOST"]
    ours = " (started by Slipway; stops with: ./slipway engine stop)" if daemon.started() else ""
    found = [Finding("container engine", f"{version} at {host}{ours}"), _builder()]
    base = standin.wanted()
    if standin.is_standin(client, base):
        found.append(Finding("base image", f"{base}, made on this machine: not for publishing"))
    else:
        there = client.images.list(name=base)
        found.append(
            Finding("base image", base if there else f"{base} is fetched when it is needed")
        )
    return found


def _builder() -> Finding:
    builder = buildkit.find_builder()
    if builder:
        return Finding("BuildKit client", " ".join(builder.command))
    if system.may_install():
        return Finding("BuildKit client", "none; Slipway installs one when it needs it")
    remedy = "apt-get install docker.io, or the docker-buildx plugin"
    return Finding("BuildKit client", "none", remedy)


def _room() -> Finding:
    folder = Path("/var/lib/docker")
    free = shutil.disk_usage(folder if folder.exists() else repository.root()).free
    remedy = "" if free > _ROOM else "free some: images and their build cache need about 5 GB"
    return Finding("disk", f"{free / 1e9:.0f} GB free", remedy)


def _show(title: str, findings: list[Finding]) -> None:
    console.print(f"[bold]{escape(title)}[/]")
    table = Table(box=None, show_header=False)
    for finding in findings:
        mark = "[red]✗[/]" if finding.remedy else "[green]✓[/]"
        table.add_row(mark, escape(finding.what), escape(finding.found), escape(finding.remedy))
    console.print(table)
