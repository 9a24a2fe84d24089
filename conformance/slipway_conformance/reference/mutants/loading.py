"""Sections 10 and 13: functions that are loaded too late, or can't be, and what readiness says of it."""

from __future__ import annotations

import os
from typing import Any

from ... import contract
from .. import function, logs, server
from ..head import Head
from ..refusal import Refusal, Stalled
from ..response import Answer
from ..server import Server
from . import mutant, replace


@mutant("10.1", "10.2")
def function_is_loaded_by_the_first_who_asks() -> None:
    """The function is loaded when somebody asks, not before it listens."""
    load, unready = server.load, server.unready
    loaded: list[Server] = []

    def looked(served: Server) -> Refusal | None:
        if not loaded:
            loaded.append(served)
            load(served)
        return unready(served)

    replace(server, "load", lambda served: None)
    replace(server, "unready", looked)


@mutant("10.2")
def log_does_not_say_what_is_wrong() -> None:
    """The log says that the function can't be loaded, but not what is wrong and where."""

    def load(served: Server) -> None:
        try:
            served.function = function.load(served.settings.folders, served.settings.entrypoint)
        except function.LoadError:
            logs.NOBODY.add("error", "the function could not be loaded")

    replace(server, "load", load)


@mutant("10.2", also=("10.1",))
def exception_while_loading_ends_it() -> None:
    """An exception of the function's own while it is loaded ends the server."""
    original = function.load

    def load(*given: Any) -> function.Function:
        try:
            return original(*given)
        except function.LoadError as error:
            if error.__cause__ and not isinstance(error.__cause__, SyntaxError):
                os._exit(1)
            raise

    replace(function, "load", load)


@mutant("10.2")
def readiness_without_a_function_has_no_code() -> None:
    """Without a function readiness is 503, and says no more."""
    original = Server.look

    def look(self: Server, head: Head) -> Answer:
        found = original(self, head)
        return found if self.function or found.status == 200 else Answer(503, (), b"")

    replace(Server, "look", look)


@mutant("10.4", also=("6.1", "10.2"))
def readiness_says_nothing() -> None:
    """Readiness is 200 or 503, and says no more."""
    original = Server.look

    def look(self: Server, head: Head) -> Answer:
        return Answer(original(self, head).status, (), b"")

    replace(Server, "look", look)


@mutant("10.2")
def raw_mode_without_a_function_crashes() -> None:
    """In raw mode it hangs up where there is no function."""
    original = Server.invoke

    async def invoke(self: Server, head: Head, *given: Any) -> Answer:
        if self.function is None and head.get(contract.load().header("mode")) == "raw":
            raise Stalled
        return await original(self, head, *given)

    replace(Server, "invoke", invoke)
