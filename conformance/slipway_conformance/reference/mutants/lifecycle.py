"""Sections 10 and 12: starting, ending, surviving."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from typing import Any

from .. import child, function, logs, outgoing, process, server, steps
from ..head import Head
from ..logs import Lines
from ..refusal import Refusal, Stalled
from ..request import Request
from ..response import Answer
from ..server import Server
from ..settings import Settings
from . import mutant, replace

_SIGNALS = ("10.5", "10.6")


def runs_in_the_server(*names: str) -> None:
    """Steps that must have a process of their own have none."""
    replace(steps, "_UNYIELDING", steps._UNYIELDING - set(names))


@mutant("10.1", defect=13)
def says_that_it_listens_too_soon() -> None:
    """The line that it listens comes before the socket does."""
    load, announce = server.load, server.announce

    def early(served: Server) -> None:
        announce(served.settings)
        time.sleep(0.5)
        load(served)

    replace(server, "load", early)
    replace(server, "announce", lambda chosen: None)


@mutant("10.1", defect=17)
def loads_the_function_each_time() -> None:
    """The function is loaded again for each invocation."""
    original = Server.call

    async def call(self: Server, asked: Request, lines: Lines) -> function.Outcome:
        steps._COUNT[0] = 0
        server.load(self)
        return await original(self, asked, lines)

    replace(Server, "call", call)


@mutant("10.2", "13.5")
def ends_without_a_function() -> None:
    """It doesn't start when the function can't be loaded."""

    def load(served: Server) -> None:
        served.function = function.load(served.settings.folders, served.settings.entrypoint)

    replace(server, "load", load)


@mutant("10.2")
def does_not_say_why_it_is_not_loaded() -> None:
    """Nothing in the log says why there is no function."""
    original = server.load

    def load(served: Server) -> None:
        add = Lines.add
        replace(Lines, "add", lambda *given: None)
        original(served)
        replace(Lines, "add", add)

    replace(server, "load", load)


def _looks(change: Any) -> None:
    """Health and readiness are as *change* says."""
    original = Server.look

    def look(self: Server, head: Head) -> Answer:
        found: Answer = change(self, head, original)
        return found

    replace(Server, "look", look)


@mutant("10.3", also=("10.2",))
def health_is_readiness() -> None:
    """A busy server is not healthy."""

    def change(served: Server, head: Head, look: Any) -> Answer:
        problem = server.unready(served)
        return outgoing.refused(problem, None) if problem else look(served, head)

    _looks(change)


@mutant("10.2", "10.3", also=("11.3",))
def always_ready() -> None:
    """Readiness says nothing about slots or the function."""
    _looks(lambda served, head, look: Answer(200, (), b""))


@mutant("10.4", also=("1.2", "10.1", "10.2", "10.3", "10.5", "11.3", "12.2"))
def never_ready() -> None:
    """Readiness is 503 though an invocation would be taken."""

    def change(served: Server, head: Head, look: Any) -> Answer:
        if head.path.endswith("ready"):
            return outgoing.refused(server.shutting_down(), None)
        return Answer(200, (), b"")

    _looks(change)


@mutant(*_SIGNALS, defect=13)
def signals_end_it_at_once() -> None:
    """SIGTERM is not handled."""
    replace(process, "on_signals", lambda stopped: None)


@mutant("10.5", defect=19)
def shutdown_cuts_what_is_in_flight() -> None:
    """On SIGTERM it ends without waiting for anybody."""

    async def drain(served: Server) -> None:
        os._exit(0)

    replace(server, "drain", drain)


@mutant("10.5")
def grace_is_not_kept() -> None:
    """It waits for what is in flight for as long as that takes."""
    original = server.settle
    replace(server, "settle", lambda served, seconds: original(served, 30.0))


@mutant("10.5")
def idle_connections_hold_the_shutdown() -> None:
    """It waits for idle connections to be closed."""
    original = server.drain

    async def drain(served: Server) -> None:
        served.draining = True
        if served.waiting:
            await asyncio.wait(set(served.waiting), timeout=4)
        await original(served)

    replace(server, "drain", drain)


@mutant("10.5")
def takes_invocations_while_draining() -> None:
    """A kept connection can invoke while the server ends."""

    async def drain(served: Server) -> None:
        await server.settle(served, served.settings.grace)

    replace(server, "drain", drain)


@mutant("10.7", defect=6)
def background_failure_ends_the_server() -> None:
    """A failure that nobody waits for ends the process."""
    replace(function, "background_failed", lambda loop, context: os._exit(1))


@mutant("10.7")
def late_lines_are_nobodys() -> None:
    """A line that comes after the answer has no invocation."""
    original = Server.timed

    async def timed(self: Server, asked: Request, lines: Lines, seconds: float) -> Any:
        try:
            return await original(self, asked, lines, seconds)
        finally:
            lines.invocation = None

    replace(Server, "timed", timed)


@mutant("10.8", also=("10.9", "9.4"))
def function_can_end_the_server() -> None:
    """A function that ends its process ends the server."""
    runs_in_the_server("exit")


@mutant("10.8")
def exhausted_memory_ends_the_server() -> None:
    """A function that takes all memory ends the server."""
    original = Server.run

    async def run(self: Server) -> None:
        child.limit_memory()
        replace(child, "limit_memory", lambda: None)
        await original(self)

    failure = function.failure

    def failing(error: BaseException, shown: bool) -> Refusal:
        if isinstance(error, MemoryError):
            os._exit(9)
        return failure(error, shown)

    runs_in_the_server("allocate")
    replace(Server, "run", run)
    replace(function, "failure", failing)


@mutant("10.9")
def ended_process_is_not_answered() -> None:
    """Who called a function that ended its process gets no answer."""
    original = child.run

    async def run(*given: Any) -> function.Outcome:
        outcome = await original(*given)
        if isinstance(outcome, Refusal) and outcome.code == "function_error":
            raise Stalled
        return outcome

    replace(child, "run", run)


@mutant("10.10")
def library_is_shared() -> None:
    """A function that patches the library patches the server's."""
    runs_in_the_server("patch")


@mutant("10.2", also=("13.5",))
def unloaded_function_is_no_readiness() -> None:
    """Without a function it answers as if it were shutting down."""
    original = server.unready

    def unready(served: Server) -> Refusal | None:
        return server.shutting_down() if served.function is None else original(served)

    replace(server, "unready", unready)


@mutant("10.1")
def says_more_than_that_it_listens() -> None:
    """It greets with a second line."""
    original = server.announce

    def announce(chosen: Settings) -> None:
        original(chosen)
        logs.NOBODY.add("info", "welcome")

    replace(server, "announce", announce)


@mutant("10.5", also=("11.6",))
def answers_on_their_way_are_cut() -> None:
    """An answer counts as sent when its first bytes are."""

    async def send(writer: asyncio.StreamWriter, raw: bytes) -> None:
        writer.write(raw)

    replace(server, "send", send)


@mutant("10.5")
def signal_while_loading_is_forgotten() -> None:
    """SIGTERM while the function is being loaded is lost, and so is every later one."""
    handle, load = process.on_signals, server.load
    later: list[asyncio.Event] = []
    lost: list[int] = []

    def on_signals(stopped: asyncio.Event) -> None:
        later.append(stopped)
        signal.signal(signal.SIGTERM, lambda number, frame: lost.append(number))

    def slow(served: Server) -> None:
        # Longer than all that comes before it, also where other work slows that down.
        time.sleep(1.2 + 2 * time.process_time())
        load(served)
        if not lost:
            handle(later[0])

    replace(process, "on_signals", on_signals)
    replace(server, "load", slow)


@mutant("10.5")
def second_signal_is_the_last() -> None:
    """Whoever tells it twice to end doesn't get to wait for the calls in flight."""
    handle = process.on_signals

    def on_signals(stopped: asyncio.Event) -> None:
        handle(stopped)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, once, stopped)

    def once(stopped: asyncio.Event) -> None:
        if stopped.is_set():
            os._exit(1)
        stopped.set()

    replace(process, "on_signals", on_signals)


@mutant("10.5")
def signal_at_the_very_end_sets_the_exit_code() -> None:
    """Its handlers go before it does."""

    def end() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        time.sleep(0.1)

    replace(process, "end_in_peace", end)


@mutant("12.2", total=True)
def needs_the_network_to_start() -> None:
    """It looks for a way to somewhere else before it listens."""
    original = server.load

    def load(served: Server) -> None:
        # An address of documents: a datagram's socket sends nothing when it is connected.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
            elsewhere.connect(("192.0.2.1", 9))
        original(served)

    replace(server, "load", load)
