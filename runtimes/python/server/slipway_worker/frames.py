"""Frames between the server process and the function process; runtimes/FRAMES.md describes them."""

from collections.abc import Iterator
from struct import Struct

from . import values

HEAD = Struct(">IBI")
INVOKE_HEAD = Struct(">BdB")
_INVOKE = Struct(">IBIBdB")
LENGTH = Struct(">I")
ANSWER_HEAD = Struct(">HBI")

INVOKE, CANCEL, PING, DRAIN = 1, 2, 3, 4
READY, FAILED, ANSWER, REFUSE, LOG, PONG, TRACE = 16, 17, 18, 19, 20, 21, 22

# The number of a ping that asks for a sign of life, and is not a mark.
LIFE = 0
# The number of READY from a process that takes marks.
TAKES_MARKS = 1

ENVELOPE, RAW = 0, 1
OWN_TYPE, TEXT, BYTES, JSON = 0, 1, 2, 3
INFO, ERROR = 0, 1

# So many frames are worth a write: more save little, and keep the other side waiting.
BATCH = 8


def frame(kind: int, number: int, data: bytes = b"") -> bytes:
    return HEAD.pack(len(data), kind, number) + data


def invoke(number: int, identity: bytes, mode: int, deadline: float, head: bytes, body: bytes | bytearray) -> bytes:
    """Head and body are copied once only."""
    length = 14 + len(identity) + len(head) + len(body)
    start = _INVOKE.pack(length, INVOKE, number, mode, deadline, len(identity))
    return b"".join((start, identity, LENGTH.pack(len(head)), head, body))


def refusal(number: int, code: bytes, message: str) -> bytes:
    return frame(REFUSE, number, bytes([len(code)]) + code + values.utf8(message))


class Buffer:
    """Cuts a stream into frames, however its pieces fall."""

    __slots__ = ("_rest", "_wanted")

    def __init__(self) -> None:
        self._rest: bytes | bytearray = b""
        self._wanted = 0

    @property
    def large(self) -> bool:
        """Whether a frame of some size is being received."""
        return self._wanted > 1 << 16

    def feed(self, data: bytes) -> Iterator[tuple[int, int, bytes]]:
        """(kind, number, bytes) of every frame that is whole now."""
        if self._rest:
            if isinstance(self._rest, bytes):
                self._rest = bytearray(self._rest)
            self._rest += data
            # A large frame comes in many pieces: nothing is copied before the last of them.
            if len(self._rest) < self._wanted:
                return
            data, self._rest = bytes(self._rest), b""
        at, size = 0, len(data)
        self._wanted = 9
        try:
            while size - at >= 9:
                length, kind, number = HEAD.unpack_from(data, at)
                end = at + 9 + length
                if end > size:
                    self._wanted = end - at
                    break
                body = data[at + 9 : end]
                at = end
                yield kind, number, body
        finally:
            self._rest = data[at:] if at else data
