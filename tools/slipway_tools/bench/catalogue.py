"""What there is to measure: the bench sections of the repository's runtimes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from .. import repository
from ..repository import Choice
from .aims import Aims, from_yaml
from .errors import BenchError
from .model import Role


@frozen
class ServerSpec:
    """A server to start in the launch image; without a command it is the runtime itself."""

    name: str
    role: Role
    title: str
    command: tuple[str, ...] = ()


@frozen
class RuntimeSpec:
    """One version of a runtime, and the servers beside which it is measured."""

    choice: Choice
    servers: tuple[ServerSpec, ...]
    prepare: tuple[str, ...]
    aims: Aims

    @property
    def folder(self) -> Path:
        return self.choice.runtime.folder / "bench"


def choose(names: Iterable[str]) -> list[RuntimeSpec]:
    """The named runtimes (`language` or `language:version`), or all that have a bench section."""
    chosen = [repository.choose(name) for name in names] or [
        Choice(runtime, runtime.default_version)
        for runtime in repository.runtimes()
        if runtime.bench
    ]
    if not chosen:
        raise BenchError("No runtime.yaml has a bench section: add one, with `bare`.")
    return [_spec(choice) for choice in chosen]


def _spec(choice: Choice) -> RuntimeSpec:
    runtime, bench = choice.runtime, choice.runtime.bench
    where = f"{runtime.folder / 'runtime.yaml'}"
    if bench is None:
        raise BenchError(f"{where} has no bench section: add one, with `bare`.")
    return RuntimeSpec(
        choice=choice,
        servers=(
            ServerSpec("slipway", "runtime", f"Slipway {runtime.title}"),
            ServerSpec("bare", "bare", bench.bare.title, bench.bare.command),
            *(
                ServerSpec(_slug(server.title), "suggested", server.title, server.command)
                for server in bench.suggested
            ),
        ),
        prepare=bench.prepare,
        aims=from_yaml(bench.aims, where),
    )


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
