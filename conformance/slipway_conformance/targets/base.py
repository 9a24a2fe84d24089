"""What the runner asks of a target, whatever stands behind it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from threading import Lock

from attrs import frozen

from .. import contract, logs

# Where servers are launched, and called: nobody else reaches them.
LOOPBACK = "127.0.0.1"
# What a source file says that throws while it is loaded.
THROWN = "thrown-while-loading"
# How long a server that answers, but not that it is ready, is waited for.
_UNREADY_SECONDS = 3.0
# Of the latest ports that were handed out: until the server listens, somebody else might be given the same.
_leases: deque[socket.socket] = deque()
_MOST_LEASES = 64
_TAIL_WIDTH = 2000


def free_port() -> int:
    """A loopback port that was free a moment ago, and that no other run of the suite gets meanwhile."""
    while True:
        with socket.socket() as probe:
            probe.bind((LOOPBACK, 0))
            port: int = probe.getsockname()[1]
        lease = socket.socket(socket.AF_UNIX)
        try:
            # A name without a file: it is free again when this process ends.
            lease.bind(f"\0slipway-port-{port}")
        except OSError:
            lease.close()
            continue
        _leases.append(lease)
        if len(_leases) > _MOST_LEASES:
            _leases.popleft().close()
        return port


class TargetError(Exception):
    """The target could not be had (no engine, a failed build, a launch that died). Never counts as
    conformance."""


class TargetFailed(TargetError):
    """The target itself ended, or didn't end or start in time: the runtime's doing, not the
    engine's."""


class Ability(StrEnum):
    """What a target can show beyond answering requests."""

    LOGS = "logs"
    LAUNCH = "launch"
    SIGNALS = "signals"
    STATS = "stats"
    CONTAINER = "container"
    BUILD = "build"
    SOURCE = "source"
    SCRIPTS = "scripts"
    EXHAUST = "exhaust"
    CONFINED = "confined"


@frozen
class Stats:
    """What a running target uses: open descriptors, resident bytes, processor seconds since its
    start."""

    descriptors: int
    memory: int
    cpu: float
    processes: int


@frozen
class Confined:
    """What a launch has to do without: ``network`` says whether it has any (without one its port can't
    be reached either), ``memory`` how many MiB, 0 for as many as the launcher usually gives."""

    network: bool = True
    memory: int = 0


FREE = Confined()


class LogCollector:
    """The lines of a server's log, added by whichever thread reads them."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._parsed: list[logs.LogLine] = []
        self._read = 0
        self._lock = Lock()
        self._last = 0.0

    def add(self, lines: Iterable[bytes]) -> None:
        self.lines.extend(line.decode("utf-8", "replace") for line in lines)
        self._last = time.monotonic()

    def parsed(self) -> list[logs.LogLine]:
        """All lines so far as values. Cases ask again and again until a line is there, so each is read
        once."""
        with self._lock:
            end = len(self.lines)
            self._parsed += logs.parse(self.lines[self._read : end])
            self._read = end
            return list(self._parsed)

    def wait_quiet(self, seconds: float = 0.1, within: float = 3.0) -> None:
        """Returns when no line has come for *seconds*: what earlier cases logged is all there."""
        deadline = time.monotonic() + within
        while (now := time.monotonic()) < deadline and now - self._last < seconds:
            time.sleep(0.02)


class Running(ABC):
    """One launched server."""

    name: str
    host: str
    port: int
    secret: str
    log: LogCollector

    def log_lines(self) -> list[str]:
        """All lines so far; an empty list where the target can't show its log."""
        return list(self.log.lines)

    def dial(self, timeout: float, *, near: bool = False) -> socket.socket:
        """A connection; where it must be *near*, and such a one can be had, with nothing between client
        and server that ends when the server does. OSError where nobody takes it."""
        return socket.create_connection((self.host, self.port), timeout)

    @abstractmethod
    def alive(self) -> bool: ...

    @abstractmethod
    def signal(self, name: str) -> None:
        """Sends a signal ("SIGTERM") to the launched process."""

    @abstractmethod
    def wait(self, timeout: float) -> int:
        """The exit code; TargetFailed when it doesn't end within *timeout* seconds."""

    @abstractmethod
    def stats(self) -> Stats: ...

    @abstractmethod
    def stop(self) -> None:
        """Ends and removes it. Harmless when it has ended."""

    def starved(self) -> bool:
        """Whether one of its processes was ended for want of memory, as far as the target shows it."""
        return False

    def wait_ready(self, timeout: float, *, path: str = "ready") -> None:
        """Returns as soon as health or readiness answers 200, or has answered something else for a
        while: then it serves, and cases will say what is wrong with it. TargetFailed with the last
        log lines otherwise."""
        where = contract.load().path(path)
        deadline = time.monotonic() + timeout
        answered = None
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.status_of(where) == 200:
                    return
                answered = answered or time.monotonic()
            if answered and time.monotonic() - answered > _UNREADY_SECONDS:
                return
            if not self.alive():
                code = self.wait(1)
                raise TargetFailed(
                    f"{self.name} ended with exit code {code} while starting:\n{self.log_tail()}"
                )
            time.sleep(0.02)
        raise TargetFailed(f"{self.name} answered nothing within {timeout:g} s:\n{self.log_tail()}")

    def status_of(
        self,
        path: str,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> int:
        """The status of one request; OSError or HTTPException where no answer comes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=2)
        with contextlib.closing(connection):
            connection.request(method, path, body, dict(headers or {}))
            return connection.getresponse().status

    def log_tail(self, count: int = 12) -> str:
        return "\n".join(line[:_TAIL_WIDTH] for line in self.log_lines()[-count:]) or "(no log)"


class Launcher(ABC):
    """Something that can launch servers. ``abilities`` says what the runner may ask of them;
    ``argument`` is what `slipway verify` takes to judge it again."""

    name: str
    argument: str
    abilities: frozenset[str]
    language: str = ""
    version: str = ""
    # What it says itself of the profiles that it supports; None where it says nothing.
    profiles: frozenset[str] | None = None
    # What build.sh made of the conformance function while this was prepared, where it did.
    built: Path | None = None
    # MiB in which it serves, as its runtime.yaml says; 0 for what the contract says of those that don't.
    memory: int = 0
    # Source files' texts that it can't load, as its runtime.yaml says: one that is no program, empty where
    # any nonsense will do, and one that throws ``THROWN``, empty where nobody knows one.
    broken: str = ""
    throws: str = ""
    # What is launched of the conformance function where its steps wait by blocking their thread, as its
    # runtime.yaml says; empty where functions only await.
    blocks: str = ""

    @abstractmethod
    def prepare(self) -> None:
        """Builds the conformance function and whatever else a launch needs; once per run."""

    @abstractmethod
    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> Running:
        """A server with *env* beyond the usual environment (a None-like empty string is passed as
        it is), on another build *folder* if given. The server can read the folder *beside*, under the same
        path. *wait* names what must answer 200 before it
        returns, None returns at once. What it is *confined* to holds only where the target is able to."""

    @abstractmethod
    def close(self) -> None:
        """Removes everything that this launcher made."""

    def build(self, source: Path, build: Path) -> tuple[int, str]:
        """Runs build.sh on *source* into *build*: its exit code and output."""
        raise TargetError(f"{self.name} can't build")

    def run_in_image(self, script: str) -> str:
        """Output of a shell script inside the serving image."""
        raise TargetError(f"{self.name} has no image")

    def labels(self) -> Mapping[str, Mapping[str, str]]:
        """Image labels by role."""
        raise TargetError(f"{self.name} has no image")
