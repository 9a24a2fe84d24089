"""Writes frames to the server: gathered while more are to come, at once where they must not be lost."""

import socket
import threading

from .frames import BATCH


class Writer:
    """May be used from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._send = connection.sendall
        self._gathered: list[bytes] = []
        self._lock = threading.Lock()

    def gather(self, frame: bytes) -> None:
        """Keeps a frame for the next ``flush``, or flushes where enough have been gathered."""
        self._gathered.append(frame)
        if len(self._gathered) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self._gathered:
            with self._lock:
                gathered, self._gathered = self._gathered, []
                self._send(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def write(self, frame: bytes) -> None:
        """Sends a frame behind those that were gathered: a line of the log must not die with the process."""
        with self._lock:
            gathered, self._gathered = self._gathered, []
            gathered.append(frame)
            self._send(gathered[0] if len(gathered) == 1 else b"".join(gathered))
