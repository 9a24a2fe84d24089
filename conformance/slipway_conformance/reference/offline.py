"""A process without a network, where there is no container to take it away: whatever it looks up or
connects to fails, but for the loopback."""

from __future__ import annotations

import errno
import os
import socket
from typing import Any

# Of the suite's own, and no setting of a runtime.
VARIABLE = "SLIPWAY_REFERENCE_OFFLINE"


def begin() -> None:
    """Takes the network away where the launch says so."""
    if not os.environ.pop(VARIABLE, ""):
        return
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_near(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not is_near(address[0]):
            raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
        connect(self, address)

    def look_up_near(host: Any, *given: Any, **named: Any) -> Any:
        if not is_near(host):
            raise socket.gaierror(socket.EAI_AGAIN, "there is no network")
        return look_up(host, *given, **named)

    setattr(socket.socket, "connect", connect_near)  # noqa: B010
    setattr(socket, "getaddrinfo", look_up_near)  # noqa: B010


def is_near(host: Any) -> bool:
    return host in (None, "", "localhost", "0.0.0.0", "::", "::1") or str(host).startswith("127.")
