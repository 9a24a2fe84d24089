"""A server that somebody else started: it can be asked, and nothing more."""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import define, field

from .. import contract
from .base import FREE, Confined, Launcher, LogCollector, Running, Stats, TargetError

# A server that was started a moment before is waited for.
_START_SECONDS = 2.0


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


def _secret_of_surroundings() -> str:
    """The secret from the variable or the file that the contract names; empty where neither is
    there."""
    terms = contract.load()
    if secret := os.environ.get(terms.variable("secret"), ""):
        return secret
    path = os.environ.get(terms.variable("secret_file"), "")
    try:
        return Path(path).read_text("utf-8").removesuffix("\n") if path else ""
    except OSError as error:
        raise TargetError(f"{terms.variable('secret_file')} can't be read: {error}") from error


def _forget_secret() -> None:
    """Takes the secret out of this process's environment, also where the kernel shows it: a server on
    the same machine may read that, and clause 4.5 would fail by the suite's own doing."""
    name = contract.load().variable("secret")
    if name not in os.environ:
        return
    with contextlib.suppress(OSError, AttributeError):
        getenv = ctypes.CDLL(None).getenv
        getenv.restype = ctypes.c_void_p
        if place := getenv(name.encode()):
            ctypes.memset(place, ord("x"), len(os.fsencode(os.environ[name])))
    del os.environ[name]


class UrlLauncher(Launcher):
    """``http://host:port`` with the secret that the server was launched with: the one given, or that
    of the contract's variable or file."""

    abilities: frozenset[str] = frozenset()

    def __init__(self, url: str, secret: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise TargetError(f"{url} is no URL of a runtime: http://HOST:PORT is")
        self.name = self.argument = url
        known = secret or _secret_of_surroundings()
        _forget_secret()
        self._running = RunningElsewhere(url, parts.hostname, parts.port or 80, known)

    def prepare(self) -> None:
        """Nothing is made; TargetError where nobody answers, or refuses the secret."""
        self._connect()
        terms = contract.load()
        headers = {terms.header("secret"): self._running.secret, "content-type": "application/json"}
        with contextlib.suppress(OSError, http.client.HTTPException):
            if self._running.status_of("/", "POST", headers, b"{}") == http.HTTPStatus.UNAUTHORIZED:
                raise TargetError(
                    f"{self.name} refuses the secret: {terms.variable('secret')} (or a file that "
                    f"{terms.variable('secret_file')} names) must hold the one that it was launched with"
                )

    def _connect(self) -> None:
        host, port = self._running.host, self._running.port
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection((host, port), timeout=_START_SECONDS).close()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise TargetError(
                        f"nobody answers at {self.name} ({error.strerror or error}): start a server there "
                        "that serves the conformance function, or correct host and port"
                    ) from error
            time.sleep(0.05)

    def launch(
        self,
        env: Mapping[str, str],
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> Running:
        if env or folder:
            raise TargetError("a URL can't be launched again with other settings")
        if wait:
            self._running.wait_ready(5, path=wait)
        return self._running

    def close(self) -> None:
        """Nothing was made."""
