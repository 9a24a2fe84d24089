"""Section 2, more of it: envelopes that are nearly right, and half characters."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

from .. import outgoing, request, response, server, steering, text
from ..head import Head
from ..logs import Lines
from ..refusal import Refusal, Stalled
from ..request import Parts
from ..response import Answer
from . import mutant, replace

_KNOWN = {"payload", "headers", "env", "method", "path", "query"}


def _changes_bytes(change: Callable[[bytes], bytes]) -> None:
    """A document is read after *change*."""
    original = request.parse_json
    replace(request, "parse_json", lambda raw: original(change(raw)))


def _changes_envelopes(change: Callable[[dict[str, Any]], None]) -> None:
    """An envelope is checked after *change*."""
    original = request.check_shape

    def check_shape(envelope: Any) -> None:
        if isinstance(envelope, dict):
            change(envelope)
        original(envelope)

    replace(request, "check_shape", check_shape)


@mutant("2.1", also=("4.2",))
def empty_payload_is_null() -> None:
    """The payloads "" and 0 arrive as null."""
    original = request.from_envelope

    def from_envelope(body: bytes) -> Parts:
        parts = original(body)
        if parts.payload in ("", 0) and parts.payload is not False:
            parts.payload = None
        return parts

    replace(request, "from_envelope", from_envelope)


@mutant("2.2")
def members_in_any_case_are_known() -> None:
    """Payload and METHOD are taken for payload and method, as Go's encoding/json does."""

    def change(envelope: dict[str, Any]) -> None:
        for name in list(envelope):
            if name not in _KNOWN and name.lower() in _KNOWN:
                envelope[name.lower()] = envelope.pop(name)

    _changes_envelopes(change)


@mutant("2.3")
def json_by_another_name_is_an_envelope() -> None:
    """application/ld+json and text/json pass for application/json."""

    def is_envelope_type(head: Head) -> bool:
        kind = request.media_type(head)
        return request.is_json(kind) or kind == "text/json"

    replace(steering, "is_envelope_type", is_envelope_type)


@mutant("2.3")
def space_before_parameters_is_not_trimmed() -> None:
    """application/json ; charset=utf-8 is refused."""
    original = steering.is_envelope_type

    def is_envelope_type(head: Head) -> bool:
        kind = (head.get("content-type") or "").partition(";")[0]
        return original(head) and not kind.endswith(" ")

    replace(steering, "is_envelope_type", is_envelope_type)


@mutant("2.4", also=("3.3",))
def utf_16_is_json() -> None:
    """UTF-16 and UTF-32 are recognised by their zeros."""

    def change(raw: bytes) -> bytes:
        kind = json.detect_encoding(raw) if raw else "utf-8"
        if kind.startswith(("utf-16", "utf-32")):
            with contextlib.suppress(UnicodeDecodeError):
                return raw.decode(kind).encode()
        return raw

    _changes_bytes(change)


@mutant("2.4")
def surrogates_in_utf8_are_fine() -> None:
    """Half characters that are written as three bytes pass."""

    def change(raw: bytes) -> bytes:
        with contextlib.suppress(UnicodeDecodeError):
            return text.utf8(raw.decode("utf-8", "surrogatepass"))
        return raw

    _changes_bytes(change)


@mutant("2.4")
def nul_ends_a_document() -> None:
    """What follows a NUL isn't read."""
    _changes_bytes(lambda raw: raw.partition(b"\0")[0])


@mutant("2.4")
def numbers_may_begin_with_zero() -> None:
    """01 and +1 are numbers."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        try:
            return original(raw)
        except Refusal:
            return original(re.sub(rb"([:\[,]\s*)[+0]+(?=[0-9])", rb"\1", raw))

    replace(request, "parse_json", parse_json)


@mutant("2.5")
def null_is_a_missing_string() -> None:
    """A method, path or query of null passes."""

    def change(envelope: dict[str, Any]) -> None:
        for name in ("method", "path", "query"):
            if name in envelope and envelope[name] is None:
                del envelope[name]

    _changes_envelopes(change)


@mutant("2.5")
def null_is_a_missing_env() -> None:
    """An env of null passes."""

    def change(envelope: dict[str, Any]) -> None:
        if "env" in envelope and envelope["env"] is None:
            del envelope["env"]

    _changes_envelopes(change)


@mutant("2.6")
def options_is_answered() -> None:
    """OPTIONS is answered by the server, with what it allows."""
    original = server.Server.invoke

    async def invoke(self: server.Server, head: Head, *given: Any) -> Answer:
        if head.method == "OPTIONS" and not steering.is_raw(head):
            return Answer(204, (("allow", "POST"),), b"")
        return await original(self, head, *given)

    replace(server.Server, "invoke", invoke)


@mutant("2.6")
def methods_are_upper_cased() -> None:
    """post invokes like POST."""
    original = steering.check_envelope

    def check_envelope(head: Head) -> None:
        original(Head(head.method.upper(), head.target, head.version, head.headers))

    replace(steering, "check_envelope", check_envelope)


@mutant("2.8")
def first_duplicate_of_an_envelope_counts() -> None:
    """Of two members of an envelope itself the first is kept."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        found = original(raw)
        pairs = json.loads(raw, object_pairs_hook=list)
        if isinstance(found, dict):
            for name, value in reversed(pairs):
                found[name] = value if isinstance(value, str) else found[name]
        return found

    replace(request, "parse_json", parse_json)


@mutant("2.10")
def halves_of_a_query_are_a_crash() -> None:
    """Half a character in a query ends the connection."""
    original = request.decoded

    def decoded(part: str) -> str:
        if text.whole(part) != part:
            raise Stalled
        return original(part)

    replace(request, "decoded", decoded)


@mutant("2.10")
def halves_in_headers_are_question_marks() -> None:
    """Half a character in a header goes out as a question mark."""
    original = outgoing.wire

    def wire(answer: Answer, head: Head | None, closes: bool) -> bytes:
        headers = tuple(
            (name, value.encode("utf-8", "replace").decode()) for name, value in answer.headers
        )
        return original(Answer(answer.status, headers, answer.body), head, closes)

    replace(outgoing, "wire", wire)


@mutant("2.10")
def halves_in_the_log_are_question_marks() -> None:
    """Half a character in a message is a question mark in the log."""
    original = Lines.add

    def add(self: Lines, level: str, message: str) -> None:
        original(self, level, message.encode("utf-8", "replace").decode())

    replace(Lines, "add", add)


@mutant("2.10")
def halves_in_bodies_are_question_marks() -> None:
    """Half a character goes out as a question mark."""
    replace(response, "utf8", lambda body: body.encode("utf-8", "replace"))
