"""Section 5: the function's answer."""

from __future__ import annotations

import json
from typing import Any

from ... import contract
from .. import function, outgoing, response, server
from ..head import Head
from ..refusal import Refusal
from ..request import Request
from ..response import Answer, Response
from ..text import utf8
from . import mutant, replace


def _changes_answers(change: Any) -> None:
    """Each answer of a function is what *change* makes of it."""
    original = response.answer
    replace(response, "answer", lambda *given: change(original(*given)))


def _status_becomes(changed: dict[int, int]) -> None:
    def change(answer: Answer) -> Answer:
        status = changed.get(answer.status, answer.status)
        return Answer(status, answer.headers, answer.body)

    _changes_answers(change)


@mutant("5.1", also=("9.1",))
def created_is_ok() -> None:
    """201 goes out as 200."""
    _status_becomes({201: 200})


@mutant("5.1")
def unusual_statuses_are_ok() -> None:
    """A status without a name goes out as 200."""
    named = (200, 201, 202, 203, 204, 301, 302, 304, 307, 500)
    _status_becomes({status: 200 for status in range(200, 600) if status not in named})


@mutant("5.1", "6.1", also=("9.4",))
def own_500_is_the_runtimes() -> None:
    """A function's own 500 looks like one of the runtime."""

    def change(answer: Answer) -> Answer:
        if answer.status != 500:
            return answer
        raise Refusal("function_error", "the function failed")

    _changes_answers(change)


@mutant("5.1", also=("5.4", "5.5", "5.6", "5.9", "5.11", "8.3", "9.1", "2.10"))
def own_headers_are_dropped() -> None:
    """Headers of the function that begin with x- don't go out."""
    original = response.allowed
    replace(
        response,
        "allowed",
        lambda lines: [(n, v) for n, v in original(lines) if n.lower()[:2] != "x-"],
    )


@mutant("5.1", also=("5.9", "9.1", "5.2"))
def empty_text_is_no_answer() -> None:
    """A function that sends an empty text has not answered."""
    original = Response.send

    def send(self: Response, body: str | bytes, *given: Any, **named: Any) -> None:
        if body != "":
            original(self, body, *given, **named)

    replace(Response, "send", send)


@mutant("5.1", also=("3.4", "5.2", "5.11", "9.1"))
def bytes_end_at_nul() -> None:
    """Bytes go out as far as their first NUL."""
    original = Response.send

    def send(self: Response, body: str | bytes, *given: Any, **named: Any) -> None:
        cut = body if isinstance(body, str) else body.partition(b"\0")[0]
        original(self, cut, *given, **named)

    replace(Response, "send", send)


@mutant("5.1", also=("2.7", "2.9", "5.2", "5.3"))
def falsy_values_are_empty() -> None:
    """null, false and 0 are answered without a body."""
    original = response.dump
    replace(response, "dump", lambda value: original(value) if value else b"")


@mutant("5.2", also=("5.11", "9.1"))
def text_is_html() -> None:
    """Text is typed as HTML."""
    replace(response, "TEXT", "text/html; charset=utf-8")


@mutant("5.2", also=("5.11", "9.1"))
def bytes_have_no_known_type() -> None:
    """Bytes are typed in some other way."""
    replace(response, "BYTES", "application/x-unknown")


@mutant("5.2", also=("5.11", "9.1"))
def json_has_a_charset() -> None:
    """JSON has a parameter that its type doesn't know."""
    replace(response, "JSON", "application/json; charset=utf-8")


@mutant("5.2", defect=7)
def capitalised_type_is_not_seen() -> None:
    """A function's Content-Type is replaced unless it is in lower case."""

    def typed(lines: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
        if any(name == "content-type" for name, _ in lines):
            return lines
        others = [(name, value) for name, value in lines if name.lower() != "content-type"]
        return [("content-type", kind), *others]

    replace(response, "typed", typed)


@mutant("5.2", defect=7)
def own_type_is_lower_cased() -> None:
    """A multipart boundary is put into lower case."""
    original = response.typed

    def typed(lines: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
        return [
            (name, value.lower() if name.lower() == "content-type" else value)
            for name, value in original(lines, kind)
        ]

    replace(response, "typed", typed)


def _dumps(**options: Any) -> None:
    usual: dict[str, Any] = {
        "ensure_ascii": False,
        "allow_nan": False,
        "separators": (",", ":"),
    }

    def dump(value: Any) -> bytes:
        return utf8(json.dumps(value, **(usual | options)))

    replace(response, "dump", dump)


@mutant("5.3", also=("2.1", "2.7", "2.8", "2.9", "2.10", "9.1", "10.10"))
def json_has_spaces() -> None:
    """JSON is written with spaces."""
    _dumps(separators=(", ", ": "))


@mutant("5.3", also=("2.1", "2.9", "2.10", "9.1"))
def json_is_ascii() -> None:
    """Characters beyond ASCII are escaped."""
    _dumps(ensure_ascii=True)


@mutant("5.3", also=("2.8", "2.9", "2.10", "9.1"))
def json_is_sorted() -> None:
    """Members are sorted by name."""
    _dumps(sort_keys=True)


@mutant("5.3", also=("2.7",))
def json_escapes_slashes() -> None:
    """A slash is escaped."""
    original = response.dump
    replace(response, "dump", lambda value: original(value).replace(b"/", b"\\/"))


@mutant("5.4", also=("5.1", "9.1"))
def list_is_joined() -> None:
    """A list of values becomes one line."""
    replace(
        response,
        "lines_of",
        lambda name, value: [(name, value if isinstance(value, str) else ", ".join(value))],
    )


@mutant("5.4", also=("2.10",))
def values_go_out_as_latin_1() -> None:
    """A header's value goes out in Latin-1, a question mark for what that lacks."""
    original = outgoing.wire

    def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
        begun, end, body = original(answer, head, closes).partition(b"\r\n\r\n")
        return begun.decode("utf-8").encode("latin-1", "replace") + end + body

    replace(outgoing, "wire", wire)


@mutant("5.5", also=("9.4",))
def any_status_goes_out() -> None:
    """The status is not checked."""
    replace(response, "check_status", lambda status: None)


@mutant("5.5")
def any_name_goes_out() -> None:
    """The names of headers are not checked."""
    replace(response, "check_name", lambda name: None)


@mutant("5.5")
def any_value_goes_out() -> None:
    """The values of headers are not checked."""
    replace(response, "check_value", lambda name, text: None)


@mutant("5.5")
def control_characters_go_out() -> None:
    """Of a header's value only line breaks and NUL are refused."""

    def check_value(name: str, text: str) -> None:
        if any(one in text for one in "\r\n\0"):
            raise response.invalid(f"{name} holds a line break or NUL")

    replace(response, "check_value", check_value)


@mutant("5.5")
def tabs_are_refused() -> None:
    """A tab in a header's value counts as a control character."""
    original = response.check_value

    def check_value(name: str, text: str) -> None:
        original(name, text)
        if "\t" in text:
            raise response.invalid(f"{name} holds a tab")

    replace(response, "check_value", check_value)


@mutant("5.5")
def nan_goes_out() -> None:
    """NaN is written as such."""
    _dumps(allow_nan=True)


@mutant("5.6", also=("9.1",))
def function_speaks_for_the_runtime() -> None:
    """x-runtime-* and hop-by-hop headers of a function go out."""
    replace(response, "allowed", lambda lines: lines)


@mutant("5.7", also=("6.2", "9.4", "1.1"))
def no_answer_is_204() -> None:
    """A function that ends without an answer has answered 204."""
    replace(function, "unanswered", lambda: Answer(204, (), b""))


@mutant("5.8")
def second_answer_wins() -> None:
    """The second answer replaces the first."""

    def second_answer(first: Response, answer: Answer | Refusal) -> None:
        first.first = answer

    replace(response, "second_answer", second_answer)


@mutant("5.8")
def second_answer_is_ignored() -> None:
    """The second answer raises nothing."""
    replace(response, "second_answer", lambda first, answer: None)


@mutant("5.9", also=("9.1",))
def no_content_is_ok() -> None:
    """204 and 304 go out as 200, with a body."""
    _status_becomes({204: 200, 304: 200})


@mutant("5.9")
def no_content_has_a_length() -> None:
    """204 and 304 have a content-length and a body."""
    replace(outgoing, "has_length", lambda status: True)


@mutant("5.9", also=("2.6", "9.1"))
def head_has_a_body() -> None:
    """The answer to HEAD has a body."""
    replace(outgoing, "has_body", lambda status, head: outgoing.has_length(status))


@mutant("5.9", also=("9.1",))
def head_has_no_length() -> None:
    """The answer to HEAD says that its body has no bytes."""
    original = outgoing.wire

    def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
        if head and head.method == "HEAD":
            answer = Answer(answer.status, answer.headers, b"")
        return original(answer, head, closes)

    replace(outgoing, "wire", wire)


@mutant("9.1")
def result_of_head_has_a_body() -> None:
    """A result envelope is sent in answer to HEAD, too."""
    original = outgoing.has_body

    def has_body(status: int, head: Head | None) -> bool:
        wanted = head is not None and head.get(contract.load().header("result")) == "envelope"
        return original(status, None if wanted else head)

    replace(outgoing, "has_body", has_body)


@mutant("5.10", total=True)
def nobody_waits_for_coroutines() -> None:
    """An asynchronous function is called, and not awaited."""

    async def call(main: function.Function, request: Request, *others: Any) -> function.Outcome:
        made = Response()
        waiting = main(request, made)
        waiting.close()
        return made.first or function.unanswered()

    replace(function, "call", call)


@mutant("5.11", total=True, defect=2)
def headers_stay() -> None:
    """A header that was set once is in all later answers."""
    original = response.allowed
    known: list[tuple[str, str]] = []

    def allowed(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        known.extend(original(lines))
        return known

    replace(response, "allowed", allowed)


@mutant("5.11", total=True, defect=1)
def overlapping_answers_share_headers() -> None:
    """Of answers at the same time, all have the headers of the latest."""
    original = server.Server.timed
    latest: list[tuple[tuple[str, str], ...]] = []

    async def timed(self: server.Server, *given: Any) -> function.Outcome:
        at_once = self.in_flight
        outcome = await original(self, *given)
        if isinstance(outcome, Refusal):
            return outcome
        latest.append(outcome.headers)
        shared = latest[-2] if at_once and len(latest) > 1 else outcome.headers
        return Answer(outcome.status, shared, outcome.body)

    replace(server.Server, "timed", timed)
