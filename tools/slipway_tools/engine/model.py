"""What verbs ask of an engine, whatever runs the two scripts of a runtime."""

from __future__ import annotations

import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from attrs import field, frozen
from slipway_conformance.targets import LOOPBACK

from .. import client
from ..errors import ToolError
from ..repository import Choice
from ..terminal import Steps

READY_SECONDS = 30.0
# Beyond RUNTIME_GRACE: what a server needs to exit after it has drained.
EXIT_SECONDS = 5.0

Tell = Callable[[str], None]


@frozen
class LaunchOptions:
    """How a function is launched. Port 0 is any that is free."""

    secret: str
    port: int = 0
    env: Mapping[str, str] = field(factory=dict)


class Launched(ABC):
    """A server that was launched."""

    port: int
    secret: str

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @abstractmethod
    def lines(self) -> Iterator[str]:
        """Its log, line by line as it comes, until it ends. To be read from one place only."""

    @abstractmethod
    def alive(self) -> bool: ...

    @abstractmethod
    def drain(self) -> int:
        """Asks it to end, waits while it finishes what is in flight, and returns its exit code."""

    @abstractmethod
    def remove(self) -> None:
        """Ends it at once and leaves nothing of it. Harmless when it has gone."""

    def wait_listening(self) -> None:
        """Returns when health answers; ToolError when the server ends or stays silent."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if client.healthy(self.port):
                return
            if not self.alive():
                raise ToolError("The server ended while starting; its log:")
            time.sleep(0.02)
        raise ToolError(f"The server did not answer within {READY_SECONDS:.0f} s; its log:")


class Engine(ABC):
    """Builds and launches functions."""

    name: str

    @abstractmethod
    def lacks(self, choice: Choice) -> list[str]:
        """What keeps this engine from running *choice*, each with what to do; empty when nothing does."""

    @abstractmethod
    def prepare(self, choice: Choice, steps: Steps) -> None:
        """Makes whatever *build* and *launch* need, unless it is there already."""

    @abstractmethod
    def build(self, choice: Choice, source: Path, built: Path, tell: Tell) -> None:
        """Runs build.sh on *source* into the empty folder *built*; ToolError with its output when it fails."""

    @abstractmethod
    def launch(self, choice: Choice, built: Path, options: LaunchOptions) -> Launched:
        """Starts a server on a built function and returns at once."""


def check_port(port: int) -> None:
    """ToolError where something listens on *port* already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            raise ToolError(
                f"Port {port} is taken. Stop what listens there, or choose another: --port {port + 1}"
            ) from None


def last_lines(output: str, count: int = 40) -> str:
    return "\n".join(output.rstrip().splitlines()[-count:])
