"""From the start of the server to its end: loading, listening, draining."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Mapping

import uvloop

from . import logs
from .http import Connection, Server
from .pool import Pool
from .settings import Settings
from .spawn import Spawned, command

_REAP_SECONDS = 0.25


def run(settings: Settings, environment: Mapping[str, str], first: list[Spawned]) -> None:
    """Serves until a signal ends it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, environment, first))
    logs.close()
    # Threads of the log may still hang on a pipe that nobody reads.
    os._exit(0)


async def _serve(settings: Settings, environment: Mapping[str, str], first: list[Spawned]) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _reap(loop)
    pool = Pool(command(settings), environment, first, settings.development)
    loaded = asyncio.Event()
    pool.on_loaded = loaded.set
    await pool.listen()
    await loaded.wait()
    server = Server(settings, pool, loop)
    listener = await loop.create_server(lambda: Connection(server), sock=_bound(settings), backlog=2048)
    logs.write("info", f"listening on {settings.host}:{settings.port}")
    await stop.wait()
    listener.close()
    server.drain()
    await _drain(pool, settings.grace)
    pool.abandon("shutting_down", "the runtime shut down before the function answered")
    # One turn for the answers to leave.
    await asyncio.sleep(0.02)
    pool.close()


async def _drain(pool: Pool, grace: float) -> None:
    deadline = time.monotonic() + grace
    while pool.in_flight and time.monotonic() < deadline:
        await asyncio.sleep(0.01)


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    return listening


def _reap(loop: asyncio.AbstractEventLoop) -> None:
    """Process 1 inherits whatever a function leaves behind, and waits for it. By the clock, since the loop keeps the
    signal to itself."""
    loop.call_later(_REAP_SECONDS, _reap, loop)
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
