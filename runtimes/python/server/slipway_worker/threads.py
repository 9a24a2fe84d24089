"""Runs synchronous functions. One thread leads: it reads frames and runs functions itself, without handing them over. A
monitor sees when a function holds the leader up, and lets another thread lead; so a function that sleeps stands in
nobody's way, and one that doesn't costs no thread. Where functions wait for something all the time, if only for a
tenth of a millisecond, another thread leads before the next one begins: what waits, waits beside the others."""

import contextvars
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from . import frames
from .call import Call
from .channel import Channel

# A function that takes so long holds the leader up.
_STALLED_SECONDS = 0.004
# Where one has, others will: then the monitor looks more often, for as many rounds.
_HURRY_SECONDS = 0.0005
_HURRY_ROUNDS = 40
_IDLE_ROUNDS = 50
# An answer that took longer is sent at once: those behind it may take as long.
_PROMPT_SECONDS = 0.0001
# Where so many functions in a row took longer, and used the processor for less than half of that, they wait for
# something: a busy machine interrupts one now and then. The next ones that are not alone are begun by threads that
# don't lead, then one is looked at again.
_WAITED = 4
_APART = 256
_SPARE_THREADS = 16


class Threads:
    """``await_elsewhere`` takes (call, awaitable) when a function returns something to be awaited."""

    def __init__(
        self,
        channel: Channel,
        call: Callable[[int], Call],
        await_elsewhere: Callable[[Call, Awaitable[Any]], None],
        cancel_elsewhere: Callable[[int], None],
    ) -> None:
        self._channel = channel
        self._call = call
        self._await_elsewhere = await_elsewhere
        self._cancel_elsewhere = cancel_elsewhere
        self._pending: deque[tuple[int, bytes]] = deque()
        self._lock = threading.Lock()
        self._leader = 0
        self._busy_since = 0.0
        self._waited = 0
        self._apart = 0
        self._beside = 0
        self._spare = threading.Semaphore(0)
        self._spares = 0
        self._wake_monitor = threading.Event()
        self._monitor_sleeps = False

    def run(self) -> None:
        """Until the server goes. The main thread is the monitor's, so that signals find somebody at home."""
        self._new_leader()
        self._monitor()

    def _monitor(self) -> None:
        idle = hurry = 0
        while True:
            pause = _HURRY_SECONDS if hurry else _STALLED_SECONDS
            hurry = max(0, hurry - 1)
            if not self._busy_since:
                idle += 1
            else:
                idle = 0
                if self._replace_stalled(pause):
                    hurry = _HURRY_ROUNDS
            if idle > _IDLE_ROUNDS:
                self._sleep()
                idle = 0
            time.sleep(pause)

    def _sleep(self) -> None:
        """Until there is something to watch over."""
        self._monitor_sleeps = True
        if not self._busy_since:
            self._wake_monitor.wait()
        self._wake_monitor.clear()
        self._monitor_sleeps = False

    def _replace_stalled(self, seconds: float) -> bool:
        with self._lock:
            if not self._busy_since or time.monotonic() - self._busy_since <= seconds:
                return False
            self._leader = 0
            self._busy_since = 0.0
        self._let_lead()
        return True

    def _let_lead(self) -> None:
        """Another thread, a spare one where there is one."""
        self._channel.flush()
        with self._lock:
            spare = self._spares > 0
            self._spares -= spare
        if spare:
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

    def _lead(self) -> None:
        """Reads and runs until another thread leads."""
        self._leader = threading.get_ident()
        while True:
            while not self._pending:
                self._channel.flush()
                self._receive()
            number, data = self._pending.popleft()
            if self._apart and (self._pending or self._beside):
                self._apart -= 1
                self._run_apart(number, data)
                return
            if not self._run_leading(number, data):
                return

    def _run_leading(self, number: int, data: bytes) -> bool:
        """Whether this thread still leads when the function has ended."""
        me = self._leader
        used = time.thread_time() if self._waited else 0.0
        self._busy_since = began = time.monotonic()
        if self._monitor_sleeps:
            self._wake_monitor.set()
        call = self._call(number)
        end, awaitable = contextvars.copy_context().run(call.begin, data)
        with self._lock:
            leads = self._leader == me
            if leads:
                self._busy_since = 0.0
        took = time.monotonic() - began
        if end is None:
            self._await_elsewhere(call, awaitable)
        elif leads and took < _PROMPT_SECONDS:
            self._channel.gather(end)
        else:
            self._channel.write(end)
        if took < _PROMPT_SECONDS or (used and time.thread_time() - used > took / 2):
            self._waited = 0
        elif self._waited < _WAITED:
            self._waited += 1
        else:
            self._apart = _APART
        return leads

    def _run_apart(self, number: int, data: bytes) -> None:
        with self._lock:
            self._leader = 0
            self._beside += 1
        self._let_lead()
        call = self._call(number)
        end, awaitable = contextvars.copy_context().run(call.begin, data)
        with self._lock:
            self._beside -= 1
        if end is None:
            self._await_elsewhere(call, awaitable)
        else:
            self._channel.write(end)

    def _receive(self) -> None:
        for kind, number, body in self._channel.receive():
            if kind == frames.INVOKE:
                self._pending.append((number, body))
            elif kind == frames.CANCEL:
                self._cancel_elsewhere(number)
            elif kind == frames.PING:
                # Now: what is behind it has not begun for the server until it hears this.
                self._channel.write(frames.frame(frames.PONG, number))
