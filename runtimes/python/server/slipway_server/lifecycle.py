"""From the start of the server to its end: loading, listening, draining."""

import asyncio
import gc
import os
import signal
import socket
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, cast

import uvloop

from . import logs
from .http import Connection, Server
from .pool import Pool
from .settings import Settings
from .spawn import Spawned, command

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_REAP_SECONDS = 0.25
# How long the last answers of a shutdown may take to leave.
_LEAVING_SECONDS = 0.5


class CannotListen(Exception):
    """The message says what to change."""


def run(settings: Settings, environment: Mapping[str, str], first: list[Spawned]) -> None:
    """Serves until a signal ends it."""
    code = 0
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, environment, first))
    except CannotListen as error:
        code = 1
        logs.write("error", str(error))
    except BaseException:
        code = 1
        logs.write("error", f"the server failed\n{traceback.format_exc()}")
    logs.close()
    # Threads of the log may still hang on a pipe that nobody reads.
    os._exit(code)


async def _serve(settings: Settings, environment: Mapping[str, str], first: list[Spawned]) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_failure)
    stop = asyncio.Event()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop.set)
    _reap(loop)
    pool = Pool(command(settings), environment, first, settings.development)
    try:
        loaded = asyncio.Event()
        pool.on_loaded = loaded.set
        await pool.listen()
        if await _either(loaded, stop):
            await _listen(settings, pool, stop)
    finally:
        pool.close()
        # The loop takes its handlers along: a signal that comes once more would set the exit code.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


async def _either(loaded: asyncio.Event, stop: asyncio.Event) -> bool:
    """Waits for the function to be loaded; False where the signal to stop comes first."""
    waiting = [asyncio.ensure_future(event.wait()) for event in (loaded, stop)]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    return not stop.is_set()


async def _listen(settings: Settings, pool: Pool, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    server = Server(settings, pool, loop)
    # A protocol in all but name.
    listener = await loop.create_server(lambda: cast(Any, Connection(server)), sock=_bound(settings), backlog=2048)
    # What has been imported stays: the collector need not look at it again and again.
    gc.freeze()
    logs.write("info", f"listening on {settings.host}:{settings.port}")
    await stop.wait()
    listener.close()
    server.drain()
    await _until(lambda: not pool.in_flight and not server.unsent(), settings.grace)
    pool.abandon("shutting_down", "the runtime shut down before the function answered")
    await _until(lambda: not server.unsent(), _LEAVING_SECONDS)


async def _until(done: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while True:
        # At least one turn, for what is to be written now.
        await asyncio.sleep(0.01)
        if done() or time.monotonic() >= deadline:
            return


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise CannotListen(f"can't listen on {where}: {error}; see RUNTIME_HOST and RUNTIME_PORT") from None
    return listening


def _log_failure(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What goes wrong in a callback concerns one connection; the server goes on."""
    error = context.get("exception")
    stack = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else ""
    logs.write("error", f"{context.get('message')}\n{stack}".rstrip("\n"))


def _reap(loop: asyncio.AbstractEventLoop) -> None:
    """Process 1 inherits whatever a function leaves behind, and waits for it. By the clock, since the loop keeps the
    signal to itself."""
    loop.call_later(_REAP_SECONDS, _reap, loop)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
