"""Section 2: the envelope."""

from __future__ import annotations

import json
import re
from typing import Any

from .. import request, steering
from ..head import Head
from ..refusal import Refusal
from ..request import Parts
from . import mutant, replace


def _decoder(**options: Any) -> None:
    """JSON is parsed with *options* beside the usual ones."""

    def parse_json(raw: bytes) -> Any:
        try:
            chosen = {"parse_constant": request.refuse_constant, **options}
            return json.loads(raw.decode("utf-8"), **chosen)
        except (ValueError, RecursionError) as error:
            raise Refusal("invalid_json", str(error)) from error

    replace(request, "parse_json", parse_json)


@mutant("2.1", also=("4.2", "2.8"))
def payload_must_be_an_object() -> None:
    """A payload that is a list, a string or false is refused."""
    original = request.check_shape

    def check_shape(envelope: Any) -> None:
        original(envelope)
        if not isinstance(envelope.get("payload", {}), dict | None):
            raise request.invalid("payload must be an object")

    replace(request, "check_shape", check_shape)


@mutant("2.1", also=("2.8", "2.2"))
def method_is_get_by_default() -> None:
    """An envelope without a method says GET."""
    original = request.from_envelope

    def from_envelope(body: bytes) -> Parts:
        parts = original(body)
        if b'"method"' not in body:
            parts.method = "GET"
        return parts

    replace(request, "from_envelope", from_envelope)


@mutant("2.1", also=("4.2", "4.4", "2.10"))
def path_of_the_envelope_is_ignored() -> None:
    """The path is the HTTP request's, not the envelope's."""
    original = request.from_envelope

    def from_envelope(body: bytes) -> Parts:
        parts = original(body)
        parts.path = "/"
        return parts

    replace(request, "from_envelope", from_envelope)


@mutant("2.1", also=("2.7", "2.9", "2.10", "4.2", "5.1", "5.3", "6.3", "8.4", "9.2"))
def only_the_basic_plane_arrives() -> None:
    """Characters beyond 16 bits are replaced."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        text = raw.decode("utf-8", "surrogateescape")
        narrow = re.sub("[\U00010000-\U0010ffff]", "?", text)
        return original(narrow.encode("utf-8", "surrogateescape"))

    replace(request, "parse_json", parse_json)


@mutant("2.1")
def white_space_first_is_no_json() -> None:
    """A document that begins with white space is refused."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        if raw[:1].isspace():
            raise Refusal("invalid_json", "the body begins with white space")
        return original(raw)

    replace(request, "parse_json", parse_json)


@mutant("2.2", also=("2.8",))
def unknown_members_are_refused() -> None:
    """An envelope with a member of a later version is invalid."""
    original = request.check_shape

    def check_shape(envelope: Any) -> None:
        original(envelope)
        known = {"payload", "headers", "env", "method", "path", "query"}
        if unknown := envelope.keys() - known:
            raise request.invalid(f"unknown: {', '.join(unknown)}")

    replace(request, "check_shape", check_shape)


@mutant("2.3")
def type_must_be_exact() -> None:
    """The content type is compared as a string, parameters and case included."""
    exact = "application/json"
    replace(steering, "is_envelope_type", lambda head: head.get("content-type") == exact)


@mutant("2.3", also=("8.7", "9.4"))
def any_type_will_do() -> None:
    """The content type is not looked at."""
    replace(steering, "is_envelope_type", lambda head: True)


@mutant("2.3")
def type_need_only_begin_right() -> None:
    """application/jsonp passes for application/json."""

    def is_envelope_type(head: Head) -> bool:
        return request.media_type(head).startswith("application/json")

    replace(steering, "is_envelope_type", is_envelope_type)


@mutant("2.4", also=("3.3",))
def nan_is_json() -> None:
    """NaN and Infinity are taken for numbers."""
    replace(request, "refuse_constant", float)


@mutant("2.4")
def wrong_utf8_is_replaced() -> None:
    """Bytes that are no UTF-8 become replacement characters."""
    original = request.parse_json
    repaired = "replace"
    replace(
        request, "parse_json", lambda raw: original(raw.decode("utf-8", repaired).encode("utf-8"))
    )


@mutant("2.4", also=("3.3",))
def order_mark_is_skipped() -> None:
    """A byte order mark before the document is no error."""
    original = request.parse_json
    replace(request, "parse_json", lambda raw: original(raw.removeprefix(b"\xef\xbb\xbf")))


@mutant("2.4")
def parser_is_lenient() -> None:
    """Comments, trailing commas, control characters and a second document pass."""

    def parse_json(raw: bytes) -> Any:
        try:
            text = re.sub(r"/\*.*?\*/", "", raw.decode("utf-8"))
            text = re.sub(r",(\s*[\]}])", r"\1", text).strip()
            decoder = json.JSONDecoder(strict=False, parse_constant=request.refuse_constant)
            return decoder.raw_decode(text)[0]
        except (ValueError, RecursionError) as error:
            raise Refusal("invalid_json", str(error)) from error

    replace(request, "parse_json", parse_json)


@mutant("2.4")
def empty_body_is_an_empty_envelope() -> None:
    """No body at all invokes the function."""
    original = request.parse_json
    replace(request, "parse_json", lambda raw: original(raw or b"{}"))


@mutant("2.4", also=("1.3", "2.9", "3.3", "6.2", "8.7", "9.4", "1.1"))
def broken_json_has_a_code_of_its_own() -> None:
    """A body that is no JSON is answered with another code."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        try:
            return original(raw)
        except Refusal as refusal:
            raise Refusal("bad_request", refusal.message) from refusal

    replace(request, "parse_json", parse_json)


@mutant("2.5", also=("8.7", "1.1"))
def shape_is_not_checked() -> None:
    """An envelope of another shape fails somewhere later."""
    replace(request, "check_shape", lambda envelope: None)


@mutant("2.5")
def wrong_member_is_not_named() -> None:
    """The message doesn't say which member is wrong."""
    replace(request, "invalid", lambda message: Refusal("invalid_envelope", "wrong shape"))


@mutant("2.5")
def null_is_a_missing_member() -> None:
    """headers: null passes."""
    original = request.check_strings

    def check_strings(name: str, value: Any) -> None:
        if value is not None:
            original(name, value)

    replace(request, "check_strings", check_strings)


@mutant("2.6", also=("8.7",))
def any_method_invokes() -> None:
    """GET and PUT invoke like POST."""
    original = steering.check_envelope

    def check_envelope(head: Head) -> None:
        original(Head("POST", head.target, head.version, head.headers))

    replace(steering, "check_envelope", check_envelope)


@mutant("2.6", also=("1.3", "8.7"))
def any_path_invokes() -> None:
    """An envelope may be sent to any path."""
    original = steering.check_envelope

    def check_envelope(head: Head) -> None:
        original(Head(head.method, "/", head.version, head.headers))

    replace(steering, "check_envelope", check_envelope)


@mutant("2.6")
def query_is_part_of_the_path() -> None:
    """/?a=1 is not found."""
    original = steering.check_envelope

    def check_envelope(head: Head) -> None:
        original(Head(head.method, head.target.replace("?", "%3F"), head.version, head.headers))

    replace(steering, "check_envelope", check_envelope)


@mutant("2.7", also=("5.3",))
def large_integers_are_rounded() -> None:
    """Integers have fifteen digits."""

    def parse_int(text: str) -> int:
        return int(text) if len(text) < 16 else round(int(text), -1)

    _decoder(parse_int=parse_int)


@mutant("2.7")
def decimals_are_rounded() -> None:
    """Decimals have six digits."""
    _decoder(parse_float=lambda text: float(f"{float(text):.6g}"))


@mutant("2.8", also=("4.1",))
def dangerous_names_are_dropped() -> None:
    """Members called __proto__ and constructor don't arrive."""
    dropped = ("__proto__", "constructor")
    _decoder(object_pairs_hook=lambda pairs: {k: v for k, v in pairs if k not in dropped})


@mutant("2.8", also=("4.1",))
def prototypes_are_merged() -> None:
    """The members of __proto__ become the object's own."""

    def merged(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        inherited = found.pop("__proto__", None)
        return {**inherited, **found} if isinstance(inherited, dict) else found

    _decoder(object_pairs_hook=merged)


@mutant("2.8")
def first_duplicate_counts() -> None:
    """Of two members of one name the first is kept."""

    def first(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            found.setdefault(name, value)
        return found

    _decoder(object_pairs_hook=first)


@mutant("2.9", also=("2.4",))
def depth_is_a_crash() -> None:
    """A document that is too deep for the parser ends its connection."""

    def parse_json(raw: bytes) -> Any:
        try:
            return json.loads(raw.decode("utf-8"), parse_constant=request.refuse_constant)
        except ValueError as error:
            raise Refusal("invalid_json", str(error)) from error

    replace(request, "parse_json", parse_json)


@mutant("2.9")
def fifty_levels_are_enough() -> None:
    """What is deeper than fifty levels is refused."""
    replace(request, "_MOST_LEVELS", 50)


@mutant("2.9")
def deep_documents_are_cut() -> None:
    """What is too deep is left out instead of refused."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        try:
            return original(raw)
        except Refusal as refusal:
            if "levels" not in refusal.message:
                raise
            return {"payload": {"steps": [{"do": "json", "value": None}]}}

    replace(request, "parse_json", parse_json)


@mutant("2.10")
def lone_surrogates_are_a_crash() -> None:
    """Half a character ends the connection."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        found = original(raw)
        json.dumps(found, ensure_ascii=False).encode("utf-8")
        return found

    replace(request, "parse_json", parse_json)


@mutant("2.10")
def lone_surrogates_spoil_their_neighbours() -> None:
    """Where half a character is, all characters beyond ASCII become question marks."""
    original = request.parse_json

    def parse_json(raw: bytes) -> Any:
        found = original(raw)
        written = json.dumps(found, ensure_ascii=False)
        try:
            written.encode("utf-8")
        except UnicodeEncodeError:
            return json.loads(written.encode("ascii", "replace"))
        return found

    replace(request, "parse_json", parse_json)
