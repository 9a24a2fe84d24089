"""Section 9, more of it: what a result holds, and what is none."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from ... import contract
from .. import logs, outgoing, response, server
from ..head import Head
from ..incoming import Incoming
from ..logs import Lines
from ..response import Answer
from . import mutant, replace


@mutant("9.1")
def bytes_are_always_base64() -> None:
    """Bytes are base64 though they are text."""
    original = outgoing.result

    def result(answer: Answer, *given: Any) -> Answer:
        found = original(answer, *given)
        if ("content-type", response.BYTES) not in answer.headers:
            return found
        told = {"body": base64.b64encode(answer.body).decode(), "encoding": "base64"}
        return Answer(found.status, found.headers, response.dump(json.loads(found.body) | told))

    replace(outgoing, "result", result)


@mutant("9.1")
def headers_of_a_result_are_latin_1() -> None:
    """Values of headers beyond ASCII are spoilt in a result."""
    original = outgoing.result

    def result(answer: Answer, *given: Any) -> Answer:
        headers = tuple((n, v.encode().decode("latin-1")) for n, v in answer.headers)
        return original(Answer(answer.status, headers, answer.body), *given)

    replace(outgoing, "result", result)


@mutant("9.2")
def printed_lines_are_not_in_the_result() -> None:
    """What a function prints isn't in its result."""
    native, keep = Lines.native, logs.keep
    printing: list[None] = []

    def marked(self: Lines, level: str, raw: bytes) -> None:
        printing.append(None)
        try:
            native(self, level, raw)
        finally:
            printing.pop()

    def kept(lines: Lines, level: str, message: str) -> None:
        if not printing:
            keep(lines, level, message)

    replace(Lines, "native", marked)
    replace(logs, "keep", kept)


@mutant("9.2")
def result_has_the_lines_of_its_connection() -> None:
    """A result holds the lines of earlier requests of its connection, too."""
    result, invoke = outgoing.result, server.Server.invoke
    serving: dict[asyncio.Task[Any] | None, int] = {}
    earlier: dict[int, list[dict[str, str]]] = {}

    async def invoked(self: server.Server, head: Head, coming: Incoming, *given: Any) -> Answer:
        serving[asyncio.current_task()] = id(coming)
        return await invoke(self, head, coming, *given)

    def with_earlier(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        said = earlier.setdefault(serving[asyncio.current_task()], [])
        own = list(lines.kept)
        lines.kept.extendleft(reversed(said))
        said.extend(own)
        return result(answer, error, lines, took)

    replace(server.Server, "invoke", invoked)
    replace(outgoing, "result", with_earlier)


def _caps(most: int, size_of: Any) -> None:
    """The newest lines are kept as long as their sizes add up to no more than *most*."""

    def keep(lines: Lines, level: str, message: str) -> None:
        lines.kept.append({"time": logs.now(), "level": level, "message": message})
        lines.kept_bytes += size_of(message)
        while lines.kept_bytes > most:
            lines.truncated = True
            lines.kept_bytes -= size_of(lines.kept.popleft()["message"])

    replace(logs, "keep", keep)


@mutant("9.3")
def cap_counts_characters() -> None:
    """The cap of lines counts characters, not bytes."""
    _caps(contract.load().limit("result_log_bytes"), len)


@mutant("9.3")
def exactly_the_cap_is_too_much() -> None:
    """What is exactly as long as the cap is cut."""
    most = contract.load().limit("result_log_bytes") - 1
    _caps(most, lambda message: len(message.encode()))


@mutant("9.4")
def overloaded_is_wrapped() -> None:
    """What a full server refuses comes as a result."""
    original = server.Server.answer
    terms = contract.load()

    async def answer(self: server.Server, head: Head, *given: Any) -> tuple[Answer, bool]:
        found, closes = await original(self, head, *given)
        overloaded = (terms.header("error"), "overloaded") in found.headers
        if overloaded and head.get(terms.header("result")) == "envelope":
            error = json.loads(found.body)["error"]
            return outgoing.result(found, error, Lines(None), 0.0), closes
        return found, closes

    replace(server.Server, "answer", answer)


@mutant("9.4")
def ended_process_is_no_error_of_the_result() -> None:
    """The result of a function that ended its process has no error."""
    original = outgoing.result

    def result(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        ended = any("process ended" in line["message"] for line in lines.kept)
        return original(answer, None if ended else error, lines, took)

    replace(outgoing, "result", result)


@mutant("9.4", "10.5")
def what_the_grace_ends_is_plain() -> None:
    """What is cut off when the grace is over is answered plainly, though a result was asked for."""
    original = outgoing.result

    def result(answer: Answer, error: Any, lines: Lines, took: float) -> Answer:
        if error and error["code"] == "shutting_down":
            return answer
        return original(answer, error, lines, took)

    replace(outgoing, "result", result)
