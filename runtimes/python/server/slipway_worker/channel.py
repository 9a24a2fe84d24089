"""The function process's end of the stream: frames in, and frames out, gathered while more are to come."""

import os
import socket
import threading
from collections import deque
from collections.abc import Iterable

from .frames import BATCH, Buffer

# Larger pieces would be mapped and unmapped one by one.
_PIECE = 1 << 16
_LARGE_PIECE = 1 << 18


class Channel:
    """``receive`` is for one thread at a time, all else for any."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = Buffer()
        self._gathered: deque[bytes] = deque()
        self._lock = threading.Lock()

    def fileno(self) -> int:
        return self._connection.fileno()

    def receive(self, flags: int = 0) -> Iterable[tuple[int, int, bytes]]:
        """(kind, number, bytes) of the frames that have come; waits for some unless *flags* say otherwise."""
        try:
            data = self._connection.recv(_LARGE_PIECE if self._buffer.large else _PIECE, flags)
        except BlockingIOError:
            return ()
        except OSError:
            data = b""
        if not data:
            _leave()
        return self._buffer.feed(data)

    def gather(self, frame: bytes) -> None:
        """Keeps a frame for the next ``flush``, or flushes where enough have been gathered."""
        self._gathered.append(frame)
        if len(self._gathered) >= BATCH:
            self.flush()

    def flush(self) -> None:
        if self._gathered:
            with self._lock:
                self._send()

    def write(self, frame: bytes) -> None:
        """Sends a frame behind those that were gathered: a line of the log must not die with the process."""
        self._gathered.append(frame)
        self.flush()

    def forked(self) -> None:
        """The function has forked, and this is the child: the stream is the parent's alone. Who turns to it leaves."""
        self._connection.close()
        self._lock = threading.Lock()
        self._gathered.clear()

    def _send(self) -> None:
        # Another thread may append meanwhile; what it appends is sent by whoever comes next.
        gathered = self._gathered
        frames = [gathered.popleft() for _ in range(len(gathered))]
        try:
            self._connection.sendall(frames[0] if len(frames) == 1 else b"".join(frames))
        except OSError:
            _leave()


def _leave() -> None:
    """The server has gone, or is the parent's; nothing is left to do for this process."""
    os._exit(0)
