"""Runs asynchronous functions: every invocation is a task of one loop."""

import asyncio
import contextvars
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from types import FrameType
from typing import Any

from . import frames, held
from .call import Call, drive
from .channel import Channel
from .function import own_traceback, summary
from .output import Output, current


class Loop:
    """Frames in, tasks, frames out."""

    def __init__(self, channel: Channel, output: Output, call: Callable[[int], Call]) -> None:
        self._channel = channel
        self._output = output
        self._call = call
        self._tasks: dict[int, asyncio.Task[bytes]] = {}
        self._flushing = False
        # A ping or a mark was answered, and that may not have been sent yet.
        self._marked = False
        self._loop = asyncio.new_event_loop()
        # A child that the function forks has all tasks, and is to go on with none.
        os.register_at_fork(after_in_child=self._loop.stop)

    def run(self) -> None:
        """Until the server goes. It may tell with a signal that a function holds the thread."""
        signal.signal(signal.SIGUSR1, self._interrupt)
        self._loop.add_reader(self._channel, self._readable)
        self.run_beside()

    def run_beside(self) -> None:
        """The loop without the server's frames, for a thread of its own."""
        asyncio.set_event_loop(self._loop)
        self._loop.set_exception_handler(self._background_failure)
        while True:
            try:
                self._loop.run_forever()
            except BaseException as error:
                # SystemExit and its like in a background task end the loop: it goes on for all others.
                self._output.log(frames.ERROR, f"a background task failed\n{own_traceback(error)}", 0)
            self._leave_child()

    def _leave_child(self) -> None:
        if self._output.is_child:
            os._exit(0)

    def await_elsewhere(self, call: Call, awaitable: Awaitable[Any]) -> None:
        """Takes over what a function on another thread returned."""
        context = contextvars.copy_context()
        self._loop.call_soon_threadsafe(lambda: context.run(self._start, call, awaitable))

    def cancel_elsewhere(self, number: int) -> None:
        self._loop.call_soon_threadsafe(self._cancel, number)

    def _readable(self) -> None:
        hurry = False
        for kind, number, body in self._channel.receive(socket.MSG_DONTWAIT):
            if kind == frames.INVOKE:
                if self._marked:
                    # Should the process end with this one, the server must know that it has begun.
                    self._marked = False
                    self._channel.flush()
                hurry |= contextvars.copy_context().run(self._begin, number, body)
            elif kind == frames.CANCEL:
                self._cancel(number)
            elif kind == frames.PING:
                self._channel.gather(frames.frame(frames.PONG, number))
                self._marked = True
                hurry |= number == frames.LIFE
        if hurry:
            self._channel.flush()

    def _begin(self, number: int, data: bytes) -> bool:
        """Whether it has ended already."""
        call = self._call(number)
        end, awaitable = call.begin(data)
        if end is None:
            self._start(call, awaitable)
            return False
        self._channel.gather(end)
        return True

    def _start(self, call: Call, awaitable: Awaitable[Any]) -> None:
        task = _task(self._loop, drive(call, awaitable))
        self._leave_child()
        if task.done():
            self._finished(call.number, task)
        else:
            self._tasks[call.number] = task
            task.add_done_callback(lambda done: self._finished(call.number, done))

    def _finished(self, number: int, task: "asyncio.Task[bytes]") -> None:
        self._tasks.pop(number, None)
        self._channel.gather(_ending(number, task))
        self._flush_soon()

    def _flush_soon(self) -> None:
        """One write for all that end in this turn of the loop."""
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        self._channel.flush()

    def _cancel(self, number: int) -> None:
        task = self._tasks.get(number)
        if task is not None:
            task.cancel()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Takes the thread from the function that holds it, so that what awaits beside it may go on."""
        if asyncio.current_task(self._loop) is not None:
            held.interrupt(frame, self._loop.call_soon)

    def _background_failure(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task that failed while nobody waited for it."""
        error = context.get("exception")
        message = str(context.get("message", "a background task failed"))
        task: Any = context.get("future") or context.get("task")
        # Tasks tell their context from Python 3.12 on.
        number = task.get_context().get(current, 0) if hasattr(task, "get_context") else 0
        text = f"{message}\n{own_traceback(error)}" if isinstance(error, BaseException) else message
        self._output.log(frames.ERROR, text, number)


def _ending(number: int, task: "asyncio.Task[bytes]") -> bytes:
    """The frame that ends an invocation, however its task has ended."""
    if task.cancelled():
        return frames.refusal(number, b"function_error", "the invocation was cancelled")
    error = task.exception()
    return task.result() if error is None else frames.refusal(number, b"function_error", summary(error))


def _task(loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, bytes]) -> "asyncio.Task[bytes]":
    """Where Python has it, a task runs at once up to its first real wait: most functions end there."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(coroutine, loop=loop, eager_start=True)
    return loop.create_task(coroutine)
