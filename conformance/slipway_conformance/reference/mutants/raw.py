"""Section 3: raw mode, and the headers that choose what goes in and comes out."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from ... import contract
from .. import head as heads
from .. import request, response, steering
from ..head import Head
from ..incoming import Incoming
from ..refusal import Refusal
from ..request import Parts
from . import mutant, replace

_USUAL = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _refuses_methods(head_is_fine: Any) -> None:
    original = steering.is_raw

    def is_raw(head: Head) -> bool:
        raw = original(head)
        if raw and not head_is_fine(head):
            raise Refusal("method_not_allowed", "not this method", (("allow", "POST"),))
        return raw

    replace(steering, "is_raw", is_raw)


@mutant("3.1")
def only_usual_methods_pass() -> None:
    """Raw mode refuses a method that it doesn't know."""
    _refuses_methods(lambda head: head.method in _USUAL)


@mutant("3.1")
def raw_mode_refuses_delete() -> None:
    """Raw mode refuses DELETE."""
    _refuses_methods(lambda head: head.method != "DELETE")


@mutant("3.1", also=("3.2", "4.1", "3.6", "4.4"))
def raw_root_is_no_path() -> None:
    """GET / is refused in raw mode as under the envelope."""
    _refuses_methods(lambda head: head.method != "GET" or head.path != "/")


@mutant("5.9", also=("9.1",))
def raw_mode_refuses_head() -> None:
    """HEAD is refused in raw mode."""
    _refuses_methods(lambda head: head.method != "HEAD")


@mutant("3.1", "3.6", also=("2.6",))
def path_is_decoded_and_tidied() -> None:
    """The path is decoded and normalised before the function sees it."""
    original = heads.split_target

    def split_target(target: str) -> tuple[str, str]:
        path, query = original(target)
        return re.sub(r"/+", "/", unquote(path)), query

    replace(heads, "split_target", split_target)


@mutant("3.1", "3.6", also=("4.2",))
def raw_query_is_lost() -> None:
    """The query doesn't reach the function in raw mode."""
    original = heads.split_target
    replace(heads, "split_target", lambda target: (original(target)[0], ""))


@mutant("3.2", "4.5", defect=16)
def own_headers_are_passed_on() -> None:
    """The function sees the runtime's headers, the secret among them."""
    replace(request, "own", lambda name: False)


@mutant("3.2")
def hop_by_hop_headers_are_passed_on() -> None:
    """The function sees what concerns the connection only."""
    replace(request, "hop_by_hop", lambda head: set())


@mutant("3.2", also=("3.6",))
def too_many_headers_are_dropped() -> None:
    """Content-encoding, authorization and host don't reach the function."""
    original = request.end_to_end
    dropped = ("content-encoding", "authorization", "host")
    replace(
        request, "end_to_end", lambda head: [(n, v) for n, v in original(head) if n not in dropped]
    )


@mutant("3.3")
def only_application_json_is_json() -> None:
    """Types that end in +json have no payload."""
    replace(request, "is_json", lambda kind: kind == "application/json")


@mutant("3.3", also=("3.1", "3.2", "3.4"))
def payload_is_always_text() -> None:
    """Whatever the type, the payload is the body as a string."""
    replace(request, "raw_payload", lambda kind, body: body.decode("utf-8", "replace"))


@mutant("3.3", also=("3.1",))
def text_has_no_payload() -> None:
    """A text has no payload."""
    original = request.raw_payload
    replace(
        request,
        "raw_payload",
        lambda kind, body: None if kind.startswith("text/") else original(kind, body),
    )


@mutant("3.3")
def empty_json_is_invalid() -> None:
    """A JSON type without a body is refused."""
    original = request.raw_payload

    def raw_payload(kind: str, body: bytes) -> Any:
        return request.parse_json(body) if request.is_json(kind) else original(kind, body)

    replace(request, "raw_payload", raw_payload)


@mutant("3.3")
def invalid_json_is_null() -> None:
    """A JSON type with a broken body has no payload, and invokes."""
    original = request.raw_payload

    def raw_payload(kind: str, body: bytes) -> Any:
        try:
            return original(kind, body)
        except Refusal:
            return None

    replace(request, "raw_payload", raw_payload)


@mutant("3.3")
def text_must_be_utf8() -> None:
    """A text with bytes that are no UTF-8 is refused."""
    original = request.raw_payload

    def raw_payload(kind: str, body: bytes) -> Any:
        if kind.startswith("text/"):
            try:
                return body.decode()
            except UnicodeDecodeError as error:
                raise request.invalid("the text is not UTF-8") from error
        return original(kind, body)

    replace(request, "raw_payload", raw_payload)


@mutant("3.3")
def order_mark_of_a_text_is_dropped() -> None:
    """A text loses the byte order mark that it begins with."""
    original = request.raw_payload

    def raw_payload(kind: str, body: bytes) -> Any:
        return original(kind, body.removeprefix(b"\xef\xbb\xbf"))

    replace(request, "raw_payload", raw_payload)


@mutant("3.4", also=("3.3",))
def body_is_taken_for_text() -> None:
    """Bytes that are no UTF-8 are replaced in the body."""
    original = request.from_raw

    def from_raw(head: Head, body: bytes) -> Parts:
        return original(head, body.decode("utf-8", "replace").encode())

    replace(request, "from_raw", from_raw)


@mutant("3.4")
def json_body_is_written_again() -> None:
    """The body of JSON is what the parser made of it."""
    original = request.from_raw

    def from_raw(head: Head, body: bytes) -> Parts:
        parts = original(head, body)
        if body and request.is_json(request.media_type(head)):
            parts.body = response.dump(parts.payload)
        return parts

    replace(request, "from_raw", from_raw)


def _chooses(fine: Any) -> None:
    """Values of steering headers for which *fine* returns one are taken as it."""
    original = steering.choice

    def choice(head: Head, header: str, values: tuple[str, ...]) -> str:
        given = head.get(contract.load().header(header))
        known: str | None = fine(header, given)
        return original(head, header, values) if known is None else known

    replace(steering, "choice", choice)


@mutant("3.5", also=("1.8",))
def unknown_mode_is_the_envelope() -> None:
    """A mode that it doesn't know is ignored."""
    _chooses(lambda header, given: "envelope" if header == "mode" and given != "raw" else None)


@mutant("3.5")
def mode_envelope_is_unknown() -> None:
    """The usual mode can't be named."""

    def refused(header: str, given: str | None) -> None:
        if header == "mode" and given == "envelope":
            raise steering.invalid(contract.load().header("mode"), "must be raw")

    _chooses(refused)


@mutant("9.5", also=("1.8",))
def unknown_result_is_plain() -> None:
    """A kind of result that it doesn't know is ignored."""
    _chooses(lambda header, given: "plain" if header == "result" and given != "envelope" else None)


@mutant("9.1")
def result_plain_is_unknown() -> None:
    """The plain result can't be named."""

    def refused(header: str, given: str | None) -> None:
        if header == "result" and given == "plain":
            raise steering.invalid(contract.load().header("result"), "must be envelope")

    _chooses(refused)


@mutant("3.6", defect=9)
def query_begins_at_the_last_question_mark() -> None:
    """A second question mark cuts the query."""

    def split_target(target: str) -> tuple[str, str]:
        path, mark, query = heads.origin_form(target).rpartition("?")
        return (path, query) if mark else (query, "")

    replace(heads, "split_target", split_target)


@mutant("3.6")
def question_mark_stays_in_the_path() -> None:
    """A question mark without a query is taken for a part of the path."""
    original = heads.split_target

    def split_target(target: str) -> tuple[str, str]:
        path, query = original(target)
        return (path, query) if query or "?" not in target else (f"{path}?", "")

    replace(heads, "split_target", split_target)


@mutant("3.6")
def absolute_target_is_a_path() -> None:
    """The address in an absolute target is taken for a part of the path."""
    replace(heads, "origin_form", lambda target: target)


@mutant("3.6", defect=9)
def host_ends_at_its_first_colon() -> None:
    """An IPv6 host is cut."""
    original = request.from_raw

    def from_raw(head: Head, body: bytes) -> Parts:
        parts = original(head, body)
        parts.headers["host"] = parts.headers.get("host", "").split(":")[0]
        return parts

    replace(request, "from_raw", from_raw)


@mutant("11.6", defect=9)
def http_1_0_needs_a_host() -> None:
    """HTTP/1.0 without a host is refused."""
    original = heads.parse

    def parse(block: bytes) -> Head:
        head = original(block)
        if not head.all("host"):
            raise heads.bad("one host header is wanted")
        return head

    replace(heads, "parse", parse)


@mutant("3.2")
def trailers_are_headers() -> None:
    """What comes behind a chunked body counts as if it had come before it."""
    line, from_raw = Incoming._line, request.from_raw
    late: list[tuple[str, str]] = []

    async def remembered(self: Incoming) -> bytes:
        found = await line(self)
        if b":" in found:
            late.append(heads.field(found.decode("latin-1")))
        return found

    def merged(head: Head, body: bytes) -> Parts:
        headers = (*head.headers, *late)
        late.clear()
        return from_raw(Head(head.method, head.target, head.version, headers), body)

    replace(Incoming, "_line", remembered)
    replace(request, "from_raw", merged)
