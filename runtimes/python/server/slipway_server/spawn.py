"""Starts function processes. Imports little: it runs before the server's own modules are loaded."""

import os
import socket
import sys
from collections.abc import Mapping

from .settings import Settings


class Spawned:
    """A process that was started, before anybody listens to it. ``outputs`` are its standard output and error."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self.socket, theirs = socket.socketpair()
        out, out_theirs = os.pipe()
        err, err_theirs = os.pipe()
        # In this order: one of the pipes may be descriptor 3 here.
        actions = [
            (os.POSIX_SPAWN_DUP2, out_theirs, 1),
            (os.POSIX_SPAWN_DUP2, err_theirs, 2),
            (os.POSIX_SPAWN_DUP2, theirs.fileno(), 3),
        ]
        self.pid = os.posix_spawn(command[0], command, dict(environment), file_actions=actions)
        theirs.close()
        os.close(out_theirs)
        os.close(err_theirs)
        self.outputs = (out, err)


def command(settings: Settings) -> list[str]:
    """How a function process is started: -B writes no bytecode, -P keeps the current folder off the path."""
    return [sys.executable, "-B", "-s", "-P", "-m", "slipway_worker", settings.folder, settings.entrypoint]
