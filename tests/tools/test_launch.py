"""The verbs that serve a function: what they remember, and what Ctrl-C finds to drain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from docker.errors import NotFound
from docker.models.containers import Container
from slipway_tools import demo, last, launch, repository
from slipway_tools.engine import Launched
from slipway_tools.engine.docker import LaunchedContainer
from slipway_tools.engine.process import ProcessEngine
from slipway_tools.functions import Function
from slipway_tools.kind import Kind
from slipway_tools.run import Run
from slipway_tools.terminal import Steps


class Server(Launched):
    """One that can be drained until it is removed, as a container can."""

    port, secret = 1, "s3cret"

    def __init__(self) -> None:
        self.told: list[str] = []

    def lines(self) -> Iterator[str]:
        return iter(())

    def alive(self) -> bool:
        return True

    def drain(self) -> int:
        assert "removed" not in self.told
        self.told.append("drained")
        return 0

    def remove(self) -> None:
        self.told.append("removed")


def _wanted(folder: Path) -> launch.Wanted:
    return launch.Wanted(folder, None, Kind.PROCESS, 0, {})


def test_what_is_served_is_remembered(root: Path, run: Run) -> None:
    engine, choice = ProcessEngine(run), repository.choose("toy")
    function = Function(choice.runtime.folder / "example", choice)
    served = launch._build_and_start(engine, function, _wanted(function.folder), run)
    assert last.address() == last.Address(served.port, served.secret)
    assert (repository.state() / "launched.json").stat().st_mode & 0o777 == 0o600


def test_an_example_is_not_what_a_person_serves(root: Path, run: Run) -> None:
    last.remember(Server())
    engine, choice = ProcessEngine(run), repository.choose("toy")
    with Steps() as steps:
        engine.prepare(choice, steps)
    assert demo.call_example(engine, choice, run, lambda line: None).answer.status == 201
    assert last.address() == last.Address(Server.port, Server.secret)


def test_nothing_is_drained_twice(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    coming: list[Launched | None] = [server]

    def build(*ignored: object) -> Launched | None:
        if not coming:
            raise KeyboardInterrupt
        return coming.pop()

    monkeypatch.setattr(launch, "_try", build)
    monkeypatch.setattr(launch, "watch", lambda *ignored, **options: [{(1, "main.toy")}])
    assert launch.dev(_wanted(root / "runtimes" / "toy" / "example")) == 0
    assert server.told == ["drained", "removed"]


def test_a_container_that_is_gone_has_ended() -> None:
    class Gone:
        def stop(self, timeout: int) -> None:
            raise NotFound("no such container")

    assert LaunchedContainer(cast(Container, Gone()), 1, "s3cret", 1.0).drain() == 0
