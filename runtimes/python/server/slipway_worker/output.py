"""What the function process says: frames to the server, and the print statements of the function among them."""

import contextvars
import io
import os
import sys
import threading
from collections.abc import Callable
from typing import Any, cast

from . import frames, values
from .trace import trace_id

_MOST_LINE = 1 << 20

current: contextvars.ContextVar[int] = contextvars.ContextVar("invocation", default=0)


class Output:
    """Sends frames through *write*, which takes bytes and may be called from any thread. ``is_child``: the function has
    forked this process, which has no part in the stream; it prints as other child processes do."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self.is_child = False

    def log(self, level: int, message: str, number: int) -> None:
        data = values.utf8(message)
        if self.is_child:
            os.write(level + 1, data + b"\n")
        else:
            self._write(frames.frame(frames.LOG, number, bytes([level]) + data))

    def trace(self, number: int, traceparent: str) -> None:
        if trace := trace_id(traceparent):
            self._write(frames.frame(frames.TRACE, number, trace.encode()))


class _Printed(io.BufferedIOBase):
    """Standard output or error of the function: each line goes to the invocation that wrote it. It buffers no more
    than a line, so that every write knows who made it."""

    def __init__(self, output: Output, level: int, descriptor: int) -> None:
        self._output = output
        self._level = level
        self._descriptor = descriptor
        self._open: dict[int, bytes] = {}
        self._lock = threading.RLock()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, data: Any) -> int:
        if self._output.is_child:
            # Here the lock may be held by a thread that only the parent has.
            return os.write(self._descriptor, data)
        number = current.get()
        with self._lock:
            rest = self._open.pop(number, b"") + data
            if b"\n" in data or len(rest) > _MOST_LINE:
                *lines, rest = rest.split(b"\n")
                if len(rest) > _MOST_LINE:
                    lines.append(rest)
                    rest = b""
                for line in lines:
                    self._output.log(self._level, line.decode("utf-8", "replace"), number)
            if rest:
                self._open[number] = rest
        return len(data)

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """They stay open: others print as well."""

    def finish(self, number: int) -> None:
        """A last line without a line break is a line."""
        if not self._open:
            return
        with self._lock:
            rest = self._open.pop(number, None)
            if rest:
                self._output.log(self._level, rest.decode("utf-8", "replace"), number)


class _Text(io.TextIOWrapper):
    def close(self) -> None:
        """Stays open as well."""


class Prints:
    """Both streams, put in the place of the language's own."""

    def __init__(self, output: Output) -> None:
        self._streams = (_Printed(output, frames.INFO, 1), _Printed(output, frames.ERROR, 2))
        sys.stdout, sys.stderr = (
            _Text(cast(Any, stream), "utf-8", values.REPLACED, newline="\n", write_through=True)
            for stream in self._streams
        )

    def finish(self, number: int) -> None:
        for stream in self._streams:
            stream.finish(number)
