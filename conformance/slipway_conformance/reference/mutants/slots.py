"""Clause 11.3: how many invocations there may be, and when one more may come."""

from __future__ import annotations

from typing import Any

from ... import contract
from .. import function as functions
from .. import server, settings
from ..refusal import Refusal
from ..server import Server
from . import mutant, replace


@mutant("11.3", also=("10.3",))
def default_concurrency_is_10000() -> None:
    """Of a server of which nothing is said ten thousand may be in flight."""
    original = settings.whole_number
    variable = contract.load().variable("concurrency")

    def whole_number(environ: Any, name: str, most: int = 1 << 40) -> int:
        if name == "concurrency" and variable not in environ:
            return 10_000
        return original(environ, name, most)

    replace(settings, "whole_number", whole_number)


def _keeps_slots(code: str, told: str) -> None:
    """What ends with the error *code*, and a message that says *told*, keeps its slot."""
    original = Server.timed

    async def timed(self: Server, *given: Any) -> functions.Outcome:
        found = await original(self, *given)
        if isinstance(found, Refusal) and found.code == code and told in (kept or [""])[-1]:
            self.in_flight += 1
        return found

    kept: list[str] = []
    failure, overdue = functions.failure, server.overdue

    def failing(error: BaseException, shown: bool) -> Refusal:
        kept.append(str(error))
        return failure(error, shown)

    def late(seconds: float) -> Refusal:
        kept.append("late")
        return overdue(seconds)

    replace(Server, "timed", timed)
    replace(functions, "failure", failing)
    replace(server, "overdue", late)


@mutant("11.3", total=True)
def timeouts_keep_their_slot() -> None:
    """The slot of an invocation whose time is over is never free again."""
    _keeps_slots("timeout", "")


@mutant("11.3", total=True)
def exceptions_keep_their_slot() -> None:
    """The slot of an invocation that failed is never free again."""
    _keeps_slots("function_error", "thrown")


@mutant("11.3", total=True)
def ended_processes_keep_their_slot() -> None:
    """The slot of a function that ended its process is never free again."""
    _keeps_slots("function_error", "exit code")
