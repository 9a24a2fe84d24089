"""The function process, from its start to the loading of the function; then one of two ways to run it."""

import gc
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from . import frames, values
from .call import Call
from .channel import Channel
from .function import NotLoaded, is_async, load, own_traceback
from .output import Output, Prints

_SOCKET = 3


def run(folder: str, entrypoint: str) -> None:
    """Loads and serves; returns never."""
    _die_first()
    connection = socket.socket(fileno=_SOCKET)
    connection.set_inheritable(False)
    channel = Channel(connection)
    output = Output(channel.write)
    prints = Prints(output)

    def forked() -> None:
        output.is_child = True
        channel.forked()

    os.register_at_fork(after_in_child=forked)
    threading.excepthook = lambda failure: output.log(
        frames.ERROR, f"a background thread failed\n{own_traceback(failure.exc_value)}" if failure.exc_value else "", 0
    )
    try:
        function = load(folder, entrypoint)
    except NotLoaded as error:
        channel.write(frames.frame(frames.FAILED, 0, values.utf8(str(error))))
        while True:
            channel.receive()
    gc.freeze()
    asynchronous = is_async(function)
    channel.write(frames.frame(frames.READY, frames.TAKES_MARKS if asynchronous else 0))

    def call(number: int) -> Call:
        return Call(function, output, prints, number)

    if asynchronous:
        from .loop import Loop

        Loop(channel, output, call).run()
    else:
        _run_threads(channel, output, call)


def _run_threads(channel: Channel, output: Output, call: Callable[[int], Call]) -> None:
    from .threads import Threads

    # The server sends it where a function holds the thread of others; here each has its own.
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    beside: list[Any] = []

    def await_elsewhere(started: Call, awaitable: Awaitable[Any]) -> None:
        """A plain function may return a coroutine, behind a decorator for example: all share one loop."""
        if not beside:
            from .loop import Loop

            loop = Loop(channel, output, call)
            threading.Thread(target=loop.run_beside, daemon=True).start()
            beside.append(loop)
        beside[0].await_elsewhere(started, awaitable)

    def cancel_elsewhere(number: int) -> None:
        for loop in beside:
            loop.cancel_elsewhere(number)

    Threads(channel, call, await_elsewhere, cancel_elsewhere).run()


def _die_first() -> None:
    """When memory runs out, the kernel is to end this process and not the server's."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("900")
    except OSError:
        pass
