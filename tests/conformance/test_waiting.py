"""A run that waits for its threads hears every signal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator

import pytest
from slipway_conformance import api
from slipway_conformance.runner import Runner
from slipway_tools import parallel

from tests.conformance.conftest import StubLauncher

_PATIENCE_SECONDS = 10.0


class Ended(BaseException):
    """What the handler of the signal raises."""


class Work:
    """Goes on until it is told to end. While it does, its own thread gets a signal, as the kernel may
    choose, and the one that waits isn't woken by it."""

    def __init__(self) -> None:
        self.heard: list[bool] = []
        self._told = threading.Event()

    def run(self) -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)
        self.heard.append(self._told.wait(_PATIENCE_SECONDS))

    def end(self) -> None:
        self._told.set()


@pytest.fixture
def work() -> Iterator[Work]:
    def end(*ignored: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGUSR1, end)
    yield Work()
    signal.signal(signal.SIGUSR1, before)


def test_judging_is_ended(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Runner, "run", lambda runner: work.run())
    monkeypatch.setattr(Runner, "cancel", lambda runner: work.end())
    # The second one waits for its turn, which never comes.
    with pytest.raises(Ended):
        api.verify([api.Subject(StubLauncher())] * 2, jobs=1)
    assert work.heard == [True]


def test_other_work_is_ended(work: Work) -> None:
    with pytest.raises(Ended):
        parallel.run([work.run], work.end)
    assert work.heard == [True]
