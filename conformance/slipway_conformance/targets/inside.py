"""Connections made inside a container's own network: with nothing between client and server that an
engine ends together with the container, such as a port proxy that has not yet handed on all it holds.

Knows Linux's network namespaces, and no engine.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import socket
import threading
from pathlib import Path

# setns(2): the namespace is to be one of the network.
_CLONE_NEWNET = 0x40000000


def connect(process: int, port: int, timeout: float) -> socket.socket | None:
    """A connection to *port* on the loopback interface that *process* sees, within *timeout* seconds.
    None where its network can't be entered: that takes the right to, on the machine where it runs."""
    found: list[socket.socket] = []

    def enter() -> None:
        with contextlib.suppress(OSError), Path(f"/proc/{process}/ns/net").open() as network:
            _enter(network.fileno())
            found.append(socket.create_connection(("127.0.0.1", port), timeout))

    # A thread has a network of its own, and a socket stays in that of the thread that made it.
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return found[0] if found else None


def _enter(network: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
