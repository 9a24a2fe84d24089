"""Connections made inside a container's own network: with nothing between client and server that an
engine ends together with the container, such as a port proxy that has not yet handed on all it holds.

Knows Linux's network namespaces, and no engine.
"""

from __future__ import annotations

import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .base import LOOPBACK

# setns(2): the namespace is to be one of the network.
_CLONE_NEWNET = 0x40000000


def connect(process: int, port: int, timeout: float) -> socket.socket | None:
    """A connection to *port* on the loopback interface that *process* sees, within *timeout* seconds;
    OSError where nobody takes it. None where its network can't be entered: that takes the right to, on
    the machine where it runs."""
    # A thread has a network of its own, and a socket stays in that of the thread that made it.
    with ThreadPoolExecutor(1) as thread:
        if not thread.submit(_enters, process).result():
            return None
        return thread.submit(socket.create_connection, (LOOPBACK, port), timeout).result()


def _enters(process: int) -> bool:
    """Whether this thread is in the network of *process* from now on."""
    try:
        with Path(f"/proc/{process}/ns/net").open() as network:
            _enter(network.fileno())
    except OSError:
        return False
    return True


def _enter(network: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(network, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
