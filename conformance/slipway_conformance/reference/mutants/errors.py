"""Section 6: the runtime's own answers."""

from __future__ import annotations

import os
from typing import Any

from ... import contract
from .. import function, logs, outgoing, refusal, server
from ..head import Head
from ..logs import Lines
from ..refusal import Refusal
from ..request import Request
from ..response import Answer, Response
from . import mutant, replace


@mutant("6.1", also=("6.5", "8.7", "9.4"))
def errors_have_no_id() -> None:
    """The object of an error doesn't say which invocation it was."""
    original = outgoing.error_object
    replace(outgoing, "error_object", lambda refused, invocation: original(refused, None))


@mutant("6.1", also=("1.3",))
def every_error_has_an_id() -> None:
    """What was refused before it had an id has one all the same."""
    original = outgoing.error_object
    replace(
        outgoing,
        "error_object",
        lambda refused, invocation: original(refused, invocation or "none"),
    )


@mutant("6.1", total=True)
def errors_have_no_header() -> None:
    """The runtime's own errors don't say in a header that they are."""
    original = outgoing.refused

    def refused(told: Refusal, invocation: str | None) -> Answer:
        answer = original(told, invocation)
        return Answer(answer.status, answer.headers[:1] + answer.headers[2:], answer.body)

    replace(outgoing, "refused", refused)


@mutant("2.6", "11.3", defect=12)
def errors_lose_their_headers() -> None:
    """allow and retry-after don't go out."""
    original = outgoing.refused

    def refused(told: Refusal, invocation: str | None) -> Answer:
        return original(Refusal(told.code, told.message, closes=told.closes), invocation)

    replace(outgoing, "refused", refused)


@mutant("6.2", also=("5.7", "9.4", "1.1"))
def errors_have_codes_of_their_own() -> None:
    """An error has a code that the contract doesn't know."""
    original = outgoing.error_object

    def error_object(told: Refusal, invocation: str | None) -> dict[str, Any]:
        found = original(told, invocation)
        return {**found, "code": found["code"].replace("no_response", "empty_response")}

    replace(outgoing, "error_object", error_object)


@mutant("6.3")
def strangers_see_exceptions() -> None:
    """The message of an exception is in the answer."""
    original = function.failure
    replace(function, "failure", lambda error, shown: original(error, True))


@mutant("6.3", also=("5.8", "9.4", "10.7"))
def exceptions_are_not_logged() -> None:
    """Nobody learns what went wrong."""
    replace(function, "log_exception", lambda lines, error: None)


@mutant("6.3", also=("9.4", "5.8", "10.7"))
def exceptions_are_logged_as_info() -> None:
    """An exception has the level info."""

    def log_exception(lines: Lines, error: BaseException) -> None:
        lines.add("info", repr(error))

    replace(function, "log_exception", log_exception)


@mutant("6.3", also=("5.8",))
def late_exception_takes_the_answer() -> None:
    """A function that throws after its answer has failed."""

    def after_exception(made: Response, error: BaseException, shown: bool) -> function.Outcome:
        return function.failure(error, shown)

    replace(function, "after_exception", after_exception)


@mutant("6.4")
def developers_see_no_exceptions() -> None:
    """The answer is as generic in development."""
    original = function.failure
    replace(function, "failure", lambda error, shown: original(error, False))


@mutant("6.5", total=True, defect=10)
def exception_ends_the_server() -> None:
    """An exception in a function ends the process."""
    replace(function, "failure", lambda error, shown: os._exit(1))


@mutant("6.5", defect=10)
def exception_with_a_timeout_is_a_timeout() -> None:
    """An exception of an invocation that has a timeout is reported as one."""
    original = server.Server.invoke

    async def invoke(self: server.Server, head: Head, *given: Any) -> Answer:
        answer = await original(self, head, *given)
        failed = (contract.load().header("error"), "function_error") in answer.headers
        if failed and head.get(contract.load().header("timeout")) is not None:
            raise Refusal("timeout", "the function took too long")
        return answer

    replace(server.Server, "invoke", invoke)


@mutant("6.5", total=True, defect=18)
def exception_is_answered_to_the_latest() -> None:
    """An exception goes to whoever called last."""
    original = server.Server.timed
    latest: list[object] = []
    failed: list[Refusal] = []

    async def timed(self: server.Server, asked: Request, *given: Any) -> function.Outcome:
        latest.append(asked)
        outcome = await original(self, asked, *given)
        if isinstance(outcome, refusal.Refusal) and latest[-1] is not asked:
            failed.append(outcome)
            return Answer(200, (), b"")
        return failed.pop() if failed else outcome

    replace(server.Server, "timed", timed)


@mutant("8.3", total=True, crossing=True)
def lines_have_the_latest_id() -> None:
    """A line carries the id of the invocation that came last."""
    latest: list[str | None] = [None]
    original = logs.render
    replace(
        logs,
        "render",
        lambda level, message, invocation, trace: original(level, message, latest[0], trace),
    )
    wanted = server.wanted

    def remembering(*given: Any) -> Request:
        asked = wanted(*given)
        latest[0] = asked.id
        return asked

    replace(server, "wanted", remembering)
