"""Starts function processes. Imports little: it runs before the server's own modules are loaded."""

import os
import signal
import socket
import sys
from collections.abc import Mapping

from .settings import Settings

_WORKER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "slipway_worker", "__main__.py")


class Spawned:
    """A process that was started, before anybody listens to it. ``outputs`` are its standard output and error."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self.socket, theirs = socket.socketpair()
        out, out_theirs = os.pipe()
        err, err_theirs = os.pipe()
        # In this order: one of the pipes may be descriptor 3 here.
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, out_theirs, 1),
            (os.POSIX_SPAWN_DUP2, err_theirs, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        # A group of its own: a terminal's interrupt is the server's alone, and what the function starts ends with it.
        self.pid = os.posix_spawn(command[0], command, dict(environment), file_actions=actions, setpgroup=0)
        theirs.close()
        os.close(out_theirs)
        os.close(err_theirs)
        self.outputs = (out, err)

    def kill(self) -> None:
        """The process and what it has started."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass


def command(settings: Settings) -> list[str]:
    """How a function process is started: -B writes no bytecode, -P keeps the current folder off the path."""
    return [sys.executable, "-B", "-s", "-P", _WORKER, settings.folder, settings.entrypoint]
