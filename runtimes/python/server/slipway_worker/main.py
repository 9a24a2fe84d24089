"""The function process, from its start to the loading of the function; then one of two ways to run it."""

import os
import socket
import sys
import threading
from collections.abc import Awaitable
from typing import Any

from . import frames
from .call import Call
from .function import NotLoaded, is_async, load, own_traceback
from .output import Output, Prints
from .writer import Writer

_SOCKET = 3


def run(folder: str, entrypoint: str) -> None:
    """Loads and serves; returns never."""
    _forget_own_path()
    _die_first()
    connection = socket.socket(fileno=_SOCKET)
    connection.set_inheritable(False)
    writer = Writer(connection)
    output = Output(writer.write)
    prints = Prints(output)
    threading.excepthook = lambda failure: output.log(
        frames.ERROR, f"a background thread failed\n{own_traceback(failure.exc_value)}" if failure.exc_value else "", 0
    )
    try:
        function = load(folder, entrypoint)
    except NotLoaded as error:
        writer.write(frames.frame(frames.FAILED, 0, str(error).encode("utf-8", "replace")))
        while connection.recv(1 << 16):
            pass
        os._exit(0)
    writer.write(frames.frame(frames.READY, 0))

    def call(number: int) -> Call:
        return Call(function, output, prints, number)

    if is_async(function):
        from .loop import Loop

        Loop(connection, writer, output, call).run()
    else:
        _run_threads(connection, writer, output, call)


def _run_threads(connection: socket.socket, writer: Writer, output: Output, call: Any) -> None:
    from .threads import Threads

    beside: list[Any] = []

    def await_elsewhere(started: Call, awaitable: Awaitable[Any]) -> None:
        """A plain function may return a coroutine, behind a decorator for example: all share one loop."""
        if not beside:
            from .loop import Loop

            loop = Loop(connection, writer, output, call)
            threading.Thread(target=loop.run_beside, daemon=True).start()
            beside.append(loop)
        beside[0].await_elsewhere(started, awaitable)

    def cancel_elsewhere(number: int) -> None:
        for loop in beside:
            loop.cancel_elsewhere(number)

    Threads(connection, writer, call, await_elsewhere, cancel_elsewhere).run()


def _forget_own_path() -> None:
    """The server put its own folder at the head of PYTHONPATH; the function is to see what its user set."""
    _own, _, rest = os.environ.pop("PYTHONPATH", "").partition(os.pathsep)
    if rest:
        os.environ["PYTHONPATH"] = rest
    sys.argv = [sys.argv[0]]


def _die_first() -> None:
    """When memory runs out, the kernel is to end this process and not the server's."""
    try:
        with open("/proc/self/oom_score_adj", "w") as score:
            score.write("900")
    except OSError:
        pass
