"""A target that needs no server, and cases that say themselves what becomes of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from slipway_conformance import preflight
from slipway_conformance.cases import Case
from slipway_conformance.outcomes import TargetReport
from slipway_conformance.runner import Runner
from slipway_conformance.runtime import KnownGap
from slipway_conformance.session import Session
from slipway_conformance.targets import Launcher, Running, Stats
from slipway_conformance.targets.base import FREE, Confined, LogCollector

Probe = Callable[[Session], None]
Judge = Callable[..., TargetReport]


_numbers = itertools.count()


class StubRunning(Running):
    """A server that is alive and does nothing."""

    def __init__(self) -> None:
        self.name, self.host, self.port = "stub", "127.0.0.1", 1
        self.secret = f"s3cret-{next(_numbers)}"
        self.log = LogCollector()

    def alive(self) -> bool:
        return True

    def signal(self, name: str) -> None:
        raise NotImplementedError

    def wait(self, timeout: float) -> int:
        raise NotImplementedError

    def stats(self) -> Stats:
        raise NotImplementedError

    def stop(self) -> None:
        """There is nothing to stop."""


class StubLauncher(Launcher):
    """Counts what was launched."""

    name = argument = "stub"
    abilities = frozenset({"launch"})

    def __init__(self) -> None:
        self.launched = 0
        self.closed = False

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> StubRunning:
        self.launched += 1
        return StubRunning()

    def close(self) -> None:
        self.closed = True


def case_of(probe: Probe, case_id: str = "1.1-answers", **members: object) -> Case:
    """A case with *probe*; its id is one that counts, so that its failure does too."""
    values = {"why": "a reason that says something", "profile": "core", **members}
    return Case(id=case_id, probe=probe, **values)  # type: ignore[arg-type]


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Judge:
    """Runs cases on a stub."""
    monkeypatch.setattr(preflight, "problems", lambda running: [])

    def run(
        *cases: Case,
        launcher: Launcher | None = None,
        profiles: Iterable[str] = ("core",),
        known_gaps: Iterable[KnownGap] = (),
    ) -> TargetReport:
        chosen = launcher or StubLauncher()
        return Runner(chosen, cases, frozenset(profiles), tuple(known_gaps)).run()

    return run
