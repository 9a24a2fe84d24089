"""The log: JSON lines on standard output, written by a thread so that a slow reader holds nobody up."""

import json
import os
import threading
import time
from collections import deque

_encode = json.JSONEncoder(ensure_ascii=False).encode
# Beyond this many bytes waiting for a reader that doesn't read, lines are counted instead of kept.
_MOST_WAITING = 64 << 20

_waiting: deque[bytes] = deque()
_size = 0
_dropped = 0
_wake = threading.Condition()
_writer: threading.Thread | None = None
_closing = False


def timestamp() -> str:
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"


def write(level: str, message: str, invocation: str | None = None, trace: str | None = None) -> str:
    """One line; returns its time."""
    global _size, _dropped, _writer
    now = timestamp()
    line = {"time": now, "level": level, "invocation": invocation, "message": message}
    if trace:
        line["trace_id"] = trace
    data = _encode(line).encode("utf-8", "replace") + b"\n"
    with _wake:
        if _size > _MOST_WAITING:
            _dropped += 1
            return now
        _waiting.append(data)
        _size += len(data)
        if _writer is None:
            _writer = threading.Thread(target=_run, daemon=True)
            _writer.start()
        _wake.notify()
    return now


def close(seconds: float = 2.0) -> None:
    """Waits until all lines are out, *seconds* at most."""
    global _closing
    with _wake:
        _closing = True
        _wake.notify()
    if _writer:
        _writer.join(seconds)


def _run() -> None:
    global _size, _dropped
    while True:
        with _wake:
            while not _waiting and not _closing:
                _wake.wait()
            if not _waiting:
                return
            data = b"".join(_waiting)
            _waiting.clear()
            _size -= len(data)
            dropped, _dropped = _dropped, 0
        if dropped:
            note = {"time": timestamp(), "level": "error", "invocation": None, "message": f"{dropped} lines dropped"}
            data += _encode(note).encode() + b"\n"
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(1, view) :]
        except OSError:
            # Nobody reads the log any more; serving goes on.
            pass
