"""Sections 5 to 7, more of it: values that are none, second answers, and what strangers are shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import attrs

from ... import contract
from .. import function, outgoing, response, server, settings, steering
from ..head import Head
from ..logs import Lines
from ..refusal import Refusal
from ..response import Answer, Response
from ..settings import Settings
from . import mutant, replace


@mutant("5.2", also=("5.1", "9.1"))
def nothing_has_no_type() -> None:
    """A body of no bytes has no content type."""
    original = response.answer

    def answer(body: bytes, kind: str, status: int, headers: Any) -> Answer:
        made = original(body, kind, status, headers)
        if body:
            return made
        lines = tuple(line for line in made.headers if line[1] != kind)
        return Answer(made.status, lines, made.body)

    replace(response, "answer", answer)


@mutant("5.2")
def type_goes_out_in_two_spellings() -> None:
    """Content-Type and content-type of one answer go out both."""
    original = response.typed

    def typed(lines: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
        given = any(response.is_type(line) for line in lines)
        return lines if given else original(lines, kind)

    replace(response, "typed", typed)


@mutant("5.5")
def cycles_are_exceptions() -> None:
    """A value that holds itself is an exception of the function."""
    original = Response.json

    def checked(self: Response, value: Any, *given: Any, **named: Any) -> None:
        if isinstance(value, list) and value and value[0] is value:
            raise RuntimeError("a cycle")
        original(self, value, *given, **named)

    replace(Response, "json", checked)


@mutant("5.5")
def functions_are_null() -> None:
    """A value that is a function goes out as null."""
    original = response.dump
    replace(response, "dump", lambda value: original(None if callable(value) else value))


@mutant("5.6")
def keep_alive_goes_out() -> None:
    """A function's keep-alive and proxy-authorization go out."""
    original = response.allowed
    let_through = ("keep-alive", "proxy-authorization")

    def allowed(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        return original(lines) + [line for line in lines if line[0].lower() in let_through]

    replace(response, "allowed", allowed)


@mutant("5.8")
def second_json_is_ignored() -> None:
    """A second answer by json raises nothing."""
    original = Response.json

    def ignored(self: Response, value: Any, *given: Any, **named: Any) -> None:
        if self.first is None:
            original(self, value, *given, **named)

    replace(Response, "json", ignored)


@mutant("5.8")
def invalid_second_answer_counts() -> None:
    """A second answer that can't be sent takes the place of the first."""
    original = Response._keep

    def keep(self: Response, answer: Answer | Refusal) -> None:
        if isinstance(answer, Refusal):
            self.first = answer
        else:
            original(self, answer)

    replace(Response, "_keep", keep)


@mutant("5.9")
def errors_of_head_have_a_body() -> None:
    """In answer to HEAD what went wrong in the function has a body."""
    original = outgoing.wire
    failed = (contract.load().header("error"), "function_error")

    def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
        return original(answer, None if failed in answer.headers else head, closes)

    replace(outgoing, "wire", wire)


@mutant("5.9")
def result_of_no_content_has_a_body() -> None:
    """The result of a 204 holds the body that must not be sent."""
    original = outgoing.result

    def result(answer: Answer, *given: Any) -> Answer:
        found = original(answer, *given)
        if answer.status != 204:
            return found
        document = json.loads(found.body) | {"body": answer.body.decode()}
        return Answer(found.status, found.headers, response.dump(document))

    replace(outgoing, "result", result)


@mutant("9.1")
def result_of_head_has_the_length_of_its_body() -> None:
    """HEAD with a result is told how long the function's body is, not the result."""
    original = outgoing.wire
    name = contract.load().header("result")

    def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
        if head and head.method == "HEAD" and head.get(name) == "envelope":
            with contextlib.suppress(ValueError, KeyError):
                body = json.loads(answer.body)["body"].encode()
                return original(Answer(answer.status, answer.headers, body), head, closes)
        return original(answer, head, closes)

    replace(outgoing, "wire", wire)


@mutant("5.11", crossing=True)
def late_answers_reach_the_next_caller() -> None:
    """What a function answers after its timeout is the answer to the next invocation."""
    late: list[Answer] = []
    timed = server.Server.timed

    async def abandon(task: asyncio.Task[Any]) -> None:
        def done(ended: asyncio.Task[Any]) -> None:
            if not ended.cancelled() and isinstance(ended.result(), Answer):
                late.append(ended.result())

        task.add_done_callback(done)
        asyncio.get_running_loop().call_later(3, task.cancel)

    async def timed_or_late(self: server.Server, *given: Any) -> function.Outcome:
        found = await timed(self, *given)
        return late.pop() if late and isinstance(found, Answer) else found

    replace(server, "abandon", abandon)
    replace(server.Server, "timed", timed_or_late)


@mutant("6.3", also=("9.4",))
def exceptions_have_no_stack() -> None:
    """An exception is logged by its name and message alone."""

    def log_exception(lines: Lines, error: BaseException) -> None:
        lines.add("error", f"{type(error).__name__}: {error}")

    replace(function, "log_exception", log_exception)


@mutant("6.3")
def results_show_exceptions() -> None:
    """The error of a result holds the exception's message, in production too."""
    original = outgoing.result

    def result(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        if error and error["code"] == "function_error" and lines.kept:
            error = {**error, "message": lines.kept[-1]["message"]}
        return original(answer, error, lines, took)

    replace(outgoing, "result", result)


@mutant("6.4")
def any_environment_but_production_is_development() -> None:
    """RUNTIME_ENV=staging shows exceptions."""
    original = settings.read

    def read(environ: Mapping[str, str]) -> Settings:
        shown = settings.text(environ, "environment") != "production"
        return attrs.evolve(original(environ), development=shown)

    replace(settings, "read", read)


@mutant("6.4")
def results_show_no_exceptions() -> None:
    """While developing, a result doesn't say what went wrong."""
    original = outgoing.result

    def result(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        if error and error["code"] == "function_error":
            error = {**error, "message": "the function failed"}
        return original(answer, error, lines, took)

    replace(outgoing, "result", result)


@mutant("7.2")
def timeouts_have_nine_digits() -> None:
    """A timeout of more than nine digits, before its point or behind it, is refused."""
    original = steering.is_decimal

    def is_decimal(given: str) -> bool:
        return original(given) and all(len(part) <= 9 for part in given.split("."))

    replace(steering, "is_decimal", is_decimal)
