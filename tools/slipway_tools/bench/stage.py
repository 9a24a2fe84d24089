"""What every stage of a run is given, and how one server's failure spares the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from attrs import define, field
from slipway_conformance.targets.containers import remove

from .catalogue import RuntimeSpec, ServerSpec
from .engine import Engine, Launch, Target
from .errors import ServerError
from .model import Protocol
from .progress import Reporter


@define
class Stage:
    engine: Engine
    spec: RuntimeSpec
    launches: Mapping[str, Launch]
    protocol: Protocol
    reporter: Reporter
    failures: list[str]
    # Servers that failed once are left out of what follows.
    _dropped: set[str] = field(factory=set)

    def servers(self) -> list[ServerSpec]:
        return [server for server in self.spec.servers if server.name not in self._dropped]

    @contextmanager
    def step(self, server: ServerSpec, text: str) -> Iterator[None]:
        """One measurement of one server; a failure drops the server, and the run goes on."""
        with self.reporter.step(f"{server.title}: {text}"):
            try:
                yield
            except ServerError as error:
                self._dropped.add(server.name)
                self.failures.append(str(error))
                self.reporter.problem(str(error))

    @contextmanager
    def started(self, server: ServerSpec) -> Iterator[Target]:
        """A server that answers, for the length of one measurement."""
        target = self.engine.start(self.launches[server.name])
        try:
            self.engine.wait(target)
            yield target
        finally:
            remove(target.container)
