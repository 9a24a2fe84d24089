"""What a connection sends: heads and bodies, within limits of size and patience."""

from __future__ import annotations

import asyncio
import re

from .. import contract
from . import head as heads
from .head import Head
from .refusal import Refusal, Stalled

_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})(;[^\r\n]*)?")
# A chunk's size with its extensions, and the trailer's lines, are short.
_LINE_BYTES = 4096
# An idle connection is kept so long.
_IDLE_SECONDS = 75.0


class Incoming:
    """The reading side of a connection. ``unread`` is true while a body is expected that nobody has
    read: then no further request can be read."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._buffer = bytearray()
        self.unread = False

    async def head(self) -> Head | None:
        """The next head, None where the client has gone or stays silent."""
        if not await self._first_byte():
            return None
        async with asyncio.timeout(patience()):
            while (end := heads.length(bytes(self._buffer))) is None:
                await self._more()
        found = heads.parse(self._take(end))
        self.unread = heads.body_length(found) != 0
        return found

    async def body(self, head: Head, limit: int) -> bytes:
        """The body that belongs to *head*; Refusal where it is longer than *limit*."""
        expected = heads.body_length(head)
        if expected is None:
            body = await self._chunked(limit)
        else:
            while len(self._buffer) < expected:
                await self._more_in_time()
            body = self._take(expected)
        self.unread = False
        return body

    async def skip(self) -> None:
        """Throws away what comes next."""
        await self._more()
        self._buffer.clear()

    async def _first_byte(self) -> bool:
        """Waits for a request to begin; empty lines before it are no part of it."""
        try:
            async with asyncio.timeout(_IDLE_SECONDS):
                while True:
                    while self._buffer.startswith(b"\r\n"):
                        del self._buffer[:2]
                    if self._buffer:
                        return True
                    await self._more()
        except (TimeoutError, Stalled):
            return False

    async def _chunked(self, limit: int) -> bytes:
        body = bytearray()
        while size := chunk_size(await self._line()):
            check_counted(len(body) + size, limit)
            while len(self._buffer) < size + 2:
                await self._more_in_time()
            body += self._take(size)
            if self._take(2) != b"\r\n":
                raise heads.bad("a chunk is longer than it says")
        while await self._line():
            """Trailers are read past."""
        return bytes(body)

    async def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > _LINE_BYTES:
                raise heads.bad("a line between chunks is too long")
            await self._more_in_time()
        line = self._take(end + 1)
        heads.check_line_breaks(line)
        return line[:-2]

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more_in_time(self) -> None:
        async with asyncio.timeout(patience()):
            await self._more()

    async def _more(self) -> None:
        received = await self._reader.read(1 << 16)
        if not received:
            raise Stalled
        self._buffer += received


def patience() -> float:
    """How long a client may take over a head, or say nothing within a body."""
    return float(contract.load().limit("stall_seconds"))


def check_declared(head: Head, limit: int) -> None:
    if (heads.body_length(head) or 0) > limit:
        raise too_large(limit)


def check_counted(count: int, limit: int) -> None:
    if count > limit:
        raise too_large(limit)


def too_large(limit: int) -> Refusal:
    return Refusal("payload_too_large", f"the body has more than {limit} bytes", closes=True)


def chunk_size(line: bytes) -> int:
    found = _CHUNK.fullmatch(line)
    if not found:
        raise heads.bad("a chunk size is malformed")
    return int(found[1], 16)
