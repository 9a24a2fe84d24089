"""The function processes: who runs which invocation, and what becomes of a process that hangs or dies."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import cast

from slipway_worker import frames

from . import logs
from .invocation import Invocation
from .output import Outputs
from .spawn import Spawned

# How long after its deadline an invocation may take to end before its process counts as hung.
_PATIENCE = 0.2
# How long what runs beside a hung invocation may go on in a process that gives no sign of life.
_SILENCE = 1.0
_SWEEP_SECONDS = 0.05
_REMEMBERED = 512
_GENERIC = "the function failed; its log says why"
_LEVELS = ("info", "error")
# A process that ends by itself, or doesn't load any more, is replaced after this time, twice as long each time.
_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 0.1, 5.0

# Mode, deadline in milliseconds since 1970, head, body: what a frame says beside number and id.
Call = tuple[int, float, bytes, bytes | bytearray]


class Worker:
    """One function process, and the asyncio protocol of its socket. ``state``: loading, ready, retired (takes nothing
    new), gone."""

    def __init__(self, pool: "Pool", spawned: Spawned) -> None:
        self.pool = pool
        self.state = "loading"
        self.in_flight: dict[int, Invocation] = {}
        self.cancelled: dict[int, float] = {}
        self.silent_since = 0.0
        self.started = time.monotonic()
        self._spawned = spawned
        self._outputs = Outputs(pool.loop, spawned.outputs, self.output)
        self._transport: asyncio.Transport | None = None
        self._buffer = frames.Buffer()
        self._out: list[bytes] = []

    @property
    def takes(self) -> bool:
        """Whether a new invocation may begin here: not while it is open whether an overdue one yields."""
        return self.state == "ready" and not self.cancelled

    async def listen(self) -> None:
        await self.pool.loop.create_connection(lambda: cast(asyncio.Protocol, self), sock=self._spawned.socket)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._flush()

    def send(self, frame: bytes) -> None:
        """Frames of one turn of the loop leave in few writes, a lone one at once."""
        out = self._out
        out.append(frame)
        if len(self.in_flight) <= 1 or len(out) >= frames.BATCH:
            self._flush()
        elif len(out) == 1:
            self.pool.loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._out and self._transport is not None and not self._transport.is_closing():
            data = self._out[0] if len(self._out) == 1 else b"".join(self._out)
            self._out.clear()
            self._transport.write(data)

    def data_received(self, data: bytes) -> None:
        self.silent_since = 0.0
        for kind, number, body in self._buffer.feed(data):
            if kind == frames.ANSWER or kind == frames.REFUSE:
                if len(self.in_flight) == 1:
                    # Lines that lie in the pipes are of this invocation as long as no other one runs.
                    self._outputs.read_now()
                invocation = self._ended(number)
                if invocation is not None:
                    if kind == frames.ANSWER:
                        invocation.answered(body)
                    else:
                        code, message = _refusal(body)
                        if code == "function_error" and not self.pool.development:
                            message = _GENERIC
                        invocation.refused(code, message)
            elif kind == frames.LOG:
                self.log(body[0], body[1:].decode("utf-8", "replace"), number)
            elif kind == frames.TRACE:
                if number in self.in_flight:
                    self.in_flight[number].trace = body.decode()
            elif kind == frames.READY:
                self.state = "ready" if self.state == "loading" else self.state
                self.pool.loaded(self)
            elif kind == frames.FAILED:
                self.pool.not_loaded(self, body.decode("utf-8", "replace"))

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        """Nothing is held back: RUNTIME_CONCURRENCY bounds what may wait here."""

    def resume_writing(self) -> None:
        """See ``pause_writing``."""

    def connection_lost(self, error: Exception | None) -> None:
        loading, self.state = self.state == "loading", "gone"
        self._outputs.read_now()
        ended = list(self.in_flight.values())
        for invocation in ended:
            invocation.log(frames.ERROR, "the process of the function ended")
        self.refuse_all("function_error", _GENERIC)
        self._spawned.kill()
        self.pool.lost(self, loading, bool(ended))

    def log(self, level: int, message: str, number: int) -> None:
        """A line of an invocation in flight, of one that has ended, or of none (0)."""
        invocation = self.in_flight.get(number) or self.pool.known(number)
        if invocation is not None:
            invocation.log(level, message)
        else:
            logs.write(_LEVELS[level], message)

    def output(self, level: int, message: str) -> None:
        """A line that bypassed the language's own output: whose it is is known only where one runs."""
        only = next(iter(self.in_flight)) if len(self.in_flight) == 1 else 0
        self.log(level, message, only)

    def retire(self) -> None:
        """Takes nothing new; ends when what it still runs has ended."""
        if self.state != "gone":
            self.state = "retired"
            if not self.in_flight:
                self.end()

    def end(self) -> None:
        self.state = "gone"
        for invocation in self.in_flight.values():
            invocation.log(frames.ERROR, "the process of the function did not yield and was ended")
        self.refuse_all("function_error", _GENERIC)
        self._spawned.kill()
        if self._transport is not None:
            self._transport.abort()

    def refuse_all(self, code: str, message: str) -> None:
        """Answers everything that runs here."""
        invocations = list(self.in_flight.values())
        self.in_flight.clear()
        self.pool.in_flight -= len(invocations)
        for invocation in invocations:
            invocation.refused(code, message)

    def _ended(self, number: int) -> Invocation | None:
        invocation = self.in_flight.pop(number, None)
        if self.cancelled.pop(number, None) and self.takes:
            self.pool.dispatch_waiting()
        if invocation is not None:
            self.pool.in_flight -= 1
            self.pool.ended[number % _REMEMBERED] = invocation
        if self.state == "retired" and not self.in_flight:
            self.end()
        return invocation


class Pool:
    """All function processes, and the deadlines of what they run."""

    def __init__(
        self, command: list[str], environment: Mapping[str, str], first: list[Spawned], development: bool
    ) -> None:
        self.development = development
        self.loop = asyncio.get_running_loop()
        self.failed = ""
        self.on_loaded: Callable[[], None] = lambda: None
        self.ended: list[Invocation | None] = [None] * _REMEMBERED
        self._command = command
        self._environment = environment
        self._workers = [Worker(self, spawned) for spawned in first]
        self._retired: set[Worker] = set()
        self._waiting: list[tuple[Invocation, Call]] = []
        self._number = 0
        self.in_flight = 0
        """How many hold a slot, those among them that wait for a process; not those that were answered 504."""
        self._sweeping = False
        self._closing = False
        self._has_loaded = False
        self._retry_seconds = 0.0

    def available(self) -> bool:
        return not self.failed and any(worker.state == "ready" for worker in self._workers)

    async def listen(self) -> None:
        for worker in self._workers:
            await worker.listen()

    def invoke(self, invocation: Invocation, data: Call) -> None:
        """Runs an invocation on the least busy process, or on the next that becomes ready."""
        self.in_flight += 1
        if not self._sweeping:
            self._sweeping = True
            self.loop.call_later(_SWEEP_SECONDS, self._sweep)
        self._dispatch(invocation, data)

    def _dispatch(self, invocation: Invocation, data: Call) -> None:
        worker = self._workers[0]
        if len(self._workers) > 1 or not worker.takes:
            ready = [worker for worker in self._workers if worker.takes]
            if not ready:
                self._waiting.append((invocation, data))
                return
            worker = min(ready, key=lambda one: len(one.in_flight))
        self._number = number = self._number % 0xFFFFFFFF + 1
        invocation.number = number
        worker.in_flight[number] = invocation
        worker.send(frames.invoke(number, invocation.id, *data))

    def known(self, number: int) -> Invocation | None:
        """An invocation that has ended: lines may follow its answer. The newest stay known."""
        invocation = self.ended[number % _REMEMBERED]
        return invocation if invocation and invocation.number == number else None

    def dispatch_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for invocation, data in waiting:
            self._dispatch(invocation, data)

    def loaded(self, worker: Worker) -> None:
        self.failed = ""
        self._has_loaded = True
        self.dispatch_waiting()
        self.on_loaded()

    def not_loaded(self, worker: Worker, why: str) -> None:
        """The function can't be loaded: for good where it never could be, else it is tried again."""
        self.failed = why
        logs.write("error", why)
        self._refuse_waiting("function_not_loaded", "the function could not be loaded; the log says why")
        self.on_loaded()
        if self._has_loaded:
            worker.end()

    def _refuse_waiting(self, code: str, message: str) -> None:
        waiting, self._waiting = self._waiting, []
        self.in_flight -= len(waiting)
        for invocation, _ in waiting:
            invocation.refused(code, message)

    def lost(self, worker: Worker, loading: bool, had_work: bool) -> None:
        """A process has gone: a loaded one is replaced at once, or after a while where it had nothing to do with it."""
        self._retired.discard(worker)
        if self._closing or worker not in self._workers:
            return
        if had_work:
            self._retry_seconds = 0.0
            self._replace(worker)
            return
        if loading and not self._has_loaded:
            self.not_loaded(worker, "the function ended its process while it was loaded")
            return
        if not self.failed:
            logs.write("error", "the process of the function ended and is replaced")
        if time.monotonic() - worker.started > _LONGEST_RETRY_SECONDS:
            self._retry_seconds = 0.0
        self._retry_seconds = min(2 * self._retry_seconds or _RETRY_SECONDS, _LONGEST_RETRY_SECONDS)
        self.loop.call_later(self._retry_seconds, self._replace, worker)

    def abandon(self, code: str, message: str) -> None:
        """Answers everything that is still in flight."""
        for worker in (*self._workers, *self._retired):
            worker.refuse_all(code, message)
        self._refuse_waiting(code, message)

    def close(self) -> None:
        self._closing = True
        for worker in (*self._workers, *self._retired):
            worker.end()

    def _replace(self, worker: Worker) -> None:
        if self._closing:
            return
        spawned = Worker(self, Spawned(self._command, self._environment))
        self._workers[self._workers.index(worker)] = spawned
        self.loop.create_task(spawned.listen())

    def _sweep(self) -> None:
        """Looks at deadlines twenty times a second while anything is in flight: no timer an invocation."""
        now = time.monotonic()
        for worker in list(self._workers):
            self._sweep_worker(worker, now)
        for worker in list(self._retired):
            self._sweep_worker(worker, now)
        for entry in [entry for entry in self._waiting if entry[0].deadline <= now]:
            self._waiting.remove(entry)
            self.in_flight -= 1
            entry[0].refused("timeout", "the function was not ready in time")
        if self.in_flight:
            self.loop.call_later(_SWEEP_SECONDS, self._sweep)
        else:
            self._sweeping = False

    def _sweep_worker(self, worker: Worker, now: float) -> None:
        if worker.silent_since and now > worker.silent_since + _SILENCE:
            worker.end()
            return
        for number, invocation in list(worker.in_flight.items()):
            if number in worker.cancelled:
                if now > worker.cancelled[number] + _PATIENCE:
                    del worker.in_flight[number], worker.cancelled[number]
                    self.in_flight -= 1
                    self._hung(worker)
            elif invocation.deadline <= now:
                worker.cancelled[number] = now
                worker.send(frames.frame(frames.CANCEL, number))
                invocation.refused("timeout", "the function did not answer in time")

    def _hung(self, worker: Worker) -> None:
        """It didn't end what it was told to cancel: others may finish there, nothing new begins."""
        if worker in self._workers:
            logs.write("error", "an invocation does not yield: the function process is replaced")
            self._retired.add(worker)
            self._replace(worker)
            worker.silent_since = time.monotonic()
            worker.send(frames.frame(frames.PING, 0))
        worker.retire()


def _refusal(body: bytes) -> tuple[str, str]:
    length = body[0]
    return body[1 : 1 + length].decode(), body[1 + length :].decode("utf-8", "replace")
