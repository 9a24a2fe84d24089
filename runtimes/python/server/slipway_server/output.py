"""What function processes write to their standard output and error past the language's own streams."""

import asyncio
import os
import select
from collections.abc import Callable

_MOST_LINE = 1 << 20
_PIECE = 1 << 16


class Outputs:
    """Both pipes of a process. *tell* takes (level, line)."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, descriptors: tuple[int, int], tell: Callable[[int, str], None]
    ) -> None:
        self._loop = loop
        self._tell = tell
        self._poll = select.poll()
        self._rest = {descriptor: bytearray() for descriptor in descriptors}
        self._levels = {descriptor: level for level, descriptor in enumerate(descriptors)}
        for descriptor in descriptors:
            os.set_blocking(descriptor, False)
            self._poll.register(descriptor, select.POLLIN)
            loop.add_reader(descriptor, self._read, descriptor)

    def read_now(self) -> None:
        """Reads what lies in the pipes, without waiting for the loop to say so."""
        for descriptor, _ in self._poll.poll(0):
            while self._read(descriptor):
                pass

    def _read(self, descriptor: int) -> bool:
        """Whether there may be more."""
        try:
            data = os.read(descriptor, _PIECE)
        except BlockingIOError:
            return False
        rest = self._rest[descriptor]
        rest += data
        if b"\n" in data:
            *lines, last = bytes(rest).split(b"\n")
            rest[:] = last
            for line in lines:
                self._say(descriptor, line)
        if rest and (not data or len(rest) > _MOST_LINE):
            self._say(descriptor, bytes(rest))
            rest.clear()
        if not data:
            self._loop.remove_reader(descriptor)
            self._poll.unregister(descriptor)
            os.close(descriptor)
        return len(data) == _PIECE

    def _say(self, descriptor: int, line: bytes) -> None:
        self._tell(self._levels[descriptor], line.decode("utf-8", "replace"))
