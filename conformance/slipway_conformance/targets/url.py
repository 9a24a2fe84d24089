"""A server that somebody else started: it can be asked, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from .base import Launcher, LogCollector, Running, Stats, TargetError


@define(eq=False)
class RunningElsewhere(Running):
    """The far end of a URL."""

    name: str
    host: str
    port: int
    secret: str
    log: LogCollector = field(factory=LogCollector)

    def alive(self) -> bool:
        return True

    def signal(self, name: str) -> None:
        raise TargetError("a URL can't be sent a signal")

    def wait(self, timeout: float) -> int:
        raise TargetError("a URL has no exit code")

    def stats(self) -> Stats:
        raise TargetError("a URL shows no figures")

    def stop(self) -> None:
        """It isn't ours to stop."""


class UrlLauncher(Launcher):
    """``http://host:port`` with the secret that the server was launched with."""

    abilities: frozenset[str] = frozenset()

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise TargetError(f"{url} is no URL of a runtime: http://HOST:PORT is")
        self.name = self.argument = url
        self._running = RunningElsewhere(url, parts.hostname, parts.port or 80, secret)

    def prepare(self) -> None:
        """It is there already."""

    def launch(
        self, env: Mapping[str, str], *, folder: Path | None = None, wait: str | None = "ready"
    ) -> Running:
        if env or folder:
            raise TargetError("a URL can't be launched again with other settings")
        if wait:
            self._running.wait_ready(5, path=wait)
        return self._running

    def close(self) -> None:
        """Nothing was made."""
