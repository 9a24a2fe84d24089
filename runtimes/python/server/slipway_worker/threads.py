"""Runs synchronous functions. One thread leads: it reads frames and runs functions itself, without handing them over. A
monitor sees when a function holds the leader up, and lets another thread lead; so a function that sleeps stands in
nobody's way, and one that doesn't costs no thread."""

import contextvars
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from . import frames
from .call import Call
from .writer import Writer

_STALLED_SECONDS = 0.004
_IDLE_ROUNDS = 50
_SPARE_THREADS = 8


class Threads:
    """``await_elsewhere`` takes (call, awaitable) when a function returns something to be awaited."""

    def __init__(
        self,
        connection: socket.socket,
        writer: Writer,
        call: Callable[[int], Call],
        await_elsewhere: Callable[[Call, Awaitable[Any]], None],
        cancel_elsewhere: Callable[[int], None],
    ) -> None:
        self._connection = connection
        self._writer = writer
        self._call = call
        self._await_elsewhere = await_elsewhere
        self._cancel_elsewhere = cancel_elsewhere
        self._buffer = frames.Buffer()
        self._pending: deque[tuple[int, bytes]] = deque()
        self._lock = threading.Lock()
        self._leader = 0
        self._busy_since = 0.0
        self._spare = threading.Semaphore(0)
        self._spares = 0
        self._wake_monitor = threading.Event()
        self._monitor_sleeps = False

    def run(self) -> None:
        """Until the server goes. The main thread is the monitor's, so that signals find somebody at home."""
        self._new_leader()
        self._monitor()

    def _monitor(self) -> None:
        idle = 0
        while True:
            if self._busy_since:
                idle = 0
                self._replace_stalled()
            else:
                idle += 1
            if idle > _IDLE_ROUNDS:
                self._monitor_sleeps = True
                self._wake_monitor.wait()
                self._wake_monitor.clear()
                self._monitor_sleeps = False
                idle = 0
            time.sleep(_STALLED_SECONDS)

    def _replace_stalled(self) -> None:
        with self._lock:
            stalled = self._busy_since and time.monotonic() - self._busy_since > _STALLED_SECONDS
            if stalled:
                self._leader = 0
                self._busy_since = 0.0
        if stalled:
            self._writer.flush()
            if self._spares:
                self._spare.release()
            else:
                self._new_leader()

    def _new_leader(self) -> None:
        threading.Thread(target=self._thread, daemon=True).start()

    def _thread(self) -> None:
        while True:
            self._lead()
            with self._lock:
                if self._spares >= _SPARE_THREADS:
                    return
                self._spares += 1
            self._spare.acquire()
            with self._lock:
                self._spares -= 1

    def _lead(self) -> None:
        """Reads and runs until a function has held this thread up and another one leads."""
        me = threading.get_ident()
        self._leader = me
        while True:
            while not self._pending:
                self._writer.flush()
                self._receive()
            number, data = self._pending.popleft()
            self._busy_since = time.monotonic()
            if self._monitor_sleeps:
                self._wake_monitor.set()
            call = self._call(number)
            end, awaitable = contextvars.copy_context().run(call.begin, data)
            with self._lock:
                leads = self._leader == me
                if leads:
                    self._busy_since = 0.0
            if end is None:
                self._await_elsewhere(call, awaitable)
            elif leads:
                self._writer.gather(end)
            else:
                self._writer.write(end)
            if not leads:
                return

    def _receive(self) -> None:
        data = self._connection.recv(1 << 18)
        if not data:
            os._exit(0)
        for kind, number, body in self._buffer.feed(data):
            if kind == frames.INVOKE:
                self._pending.append((number, body))
            elif kind == frames.CANCEL:
                self._cancel_elsewhere(number)
            elif kind == frames.PING:
                self._writer.gather(frames.frame(frames.PONG, 0))
