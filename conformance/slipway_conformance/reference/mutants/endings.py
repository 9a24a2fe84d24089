"""Clause 10.5: how a server ends."""

from __future__ import annotations

import asyncio
from typing import Any

from ... import contract
from .. import server, settings, steps
from ..logs import Lines
from ..refusal import Refusal, Stalled
from ..request import Request
from ..server import Server
from . import mutant, replace


@mutant("10.5")
def default_grace_is_2() -> None:
    """Where nothing is said of it, what is in flight has two seconds."""
    original = settings.decimal
    variable = contract.load().variable("grace")

    def decimal(environ: Any, name: str) -> float:
        return 2.0 if name == "grace" and variable not in environ else original(environ, name)

    replace(settings, "decimal", decimal)


@mutant("10.5")
def listener_stays_open_while_draining() -> None:
    """While it ends it takes new connections, and refuses what comes on them."""
    start, drain, requests = asyncio.start_server, server.drain, Server.requests
    drained = asyncio.Event()

    async def start_server(*given: Any, **more: Any) -> Any:
        listener = await start(*given, **more)
        close = listener.close

        def later() -> None:
            asyncio.ensure_future(drained.wait()).add_done_callback(lambda done: close())

        setattr(listener, "close", later)  # noqa: B010
        return listener

    async def draining(served: Server) -> None:
        await drain(served)
        drained.set()

    async def late(self: Server, *given: Any) -> None:
        before, self.draining = self.draining, False
        serving = asyncio.ensure_future(requests(self, *given))
        await asyncio.sleep(0)
        self.draining = before or self.draining
        await serving

    replace(asyncio, "start_server", start_server)
    replace(server, "drain", draining)
    replace(Server, "requests", late)


@mutant("10.5")
def what_never_yields_is_not_answered_at_the_end() -> None:
    """When the grace is over, what never yields gets no answer."""
    original = Server.timed

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        found = await original(self, asked, lines, seconds)
        ended = isinstance(found, Refusal) and found.code == "shutting_down"
        if ended and not steps.yields(asked):
            raise Stalled
        return found

    replace(Server, "timed", timed)
