"""Section 3, more of it: bodies as they come, and what is read into them."""

from __future__ import annotations

import contextlib
import gzip
import re
from collections.abc import Callable
from typing import Any

from ... import contract
from .. import head as heads
from .. import incoming, outgoing, request, server, steering
from ..head import Head
from ..incoming import Incoming
from ..logs import Lines
from ..request import Parts
from ..response import Answer
from . import mutant, replace


def _changes_parts(change: Callable[[Head, Parts], None]) -> None:
    """The function sees what *change* makes of a request in raw mode."""
    original = request.from_raw

    def from_raw(head: Head, body: bytes) -> Parts:
        parts = original(head, body)
        change(head, parts)
        return parts

    replace(request, "from_raw", from_raw)


def _changes_bodies(change: Callable[[Head, bytes], bytes]) -> None:
    """Raw mode begins with what *change* makes of a body."""
    original = request.from_raw
    replace(request, "from_raw", lambda head, body: original(head, change(head, body)))


def _changes_json(change: Callable[[bytes], bytes]) -> None:
    """In raw mode JSON is read after *change*."""
    original = request.raw_payload

    def raw_payload(kind: str, body: bytes) -> Any:
        return original(kind, change(body) if request.is_json(kind) else body)

    replace(request, "raw_payload", raw_payload)


@mutant("3.1")
def raw_methods_are_upper_cased() -> None:
    """A method in small letters arrives in capitals."""

    def change(head: Head, parts: Parts) -> None:
        parts.method = head.method.upper()

    _changes_parts(change)


@mutant("3.1")
def get_has_no_body() -> None:
    """The body of GET, DELETE and OPTIONS is dropped."""
    without = ("GET", "HEAD", "DELETE", "OPTIONS")
    _changes_bodies(lambda head, body: b"" if head.method in without else body)


@mutant("3.2")
def connection_names_are_case_sensitive() -> None:
    """What connection names in capitals is passed on."""

    def hop_by_hop(head: Head) -> set[str]:
        named = (head.get("connection") or "").split(",")
        return request._HOP_BY_HOP | {name.strip() for name in named}

    replace(request, "hop_by_hop", hop_by_hop)


@mutant("3.2")
def upgrade_reaches_the_function() -> None:
    """The header upgrade is passed on."""
    original = request.hop_by_hop
    replace(request, "hop_by_hop", lambda head: original(head) - {"upgrade"})


@mutant("3.2")
def transfer_encoding_reaches_the_function() -> None:
    """How a body came is passed on."""
    original = request.hop_by_hop
    replace(request, "hop_by_hop", lambda head: original(head) - {"transfer-encoding"})


@mutant("3.2")
def trailers_steer_the_runtime() -> None:
    """What stands behind a chunked body asks for a result."""
    line, invoke = Incoming._line, server.Server.invoke
    late: dict[int, dict[str, str]] = {}
    name = contract.load().header("result")

    async def remembered(self: Incoming) -> bytes:
        found = await line(self)
        if b":" in found:
            key, value = heads.field(found.decode("latin-1"))
            late.setdefault(id(self), {})[key] = value
        return found

    async def invoked(
        self: server.Server, head: Head, coming: Incoming, writer: Any, invocation: str
    ) -> Answer:
        found = await invoke(self, head, coming, writer, invocation)
        if late.pop(id(coming), {}).get(name) != "envelope":
            return found
        return outgoing.result(found, None, Lines(invocation), 0.0)

    replace(Incoming, "_line", remembered)
    replace(server.Server, "invoke", invoked)


@mutant("3.3")
def text_types_are_case_sensitive() -> None:
    """Text/Plain has no payload."""

    def change(head: Head, parts: Parts) -> None:
        if (head.get("content-type") or "").startswith("Text/"):
            parts.payload = None

    _changes_parts(change)


@mutant("3.3")
def whatever_says_json_is_json() -> None:
    """application/x-ndjson and application/json-seq are parsed."""
    replace(request, "is_json", lambda kind: "json" in kind)


@mutant("3.3")
def white_space_is_an_empty_json() -> None:
    """A JSON body of white space is null."""
    _changes_json(bytes.strip)


@mutant("3.3")
def order_mark_of_raw_json_is_skipped() -> None:
    """In raw mode JSON may begin with a byte order mark."""
    _changes_json(lambda body: body.removeprefix(b"\xef\xbb\xbf"))


@mutant("3.3")
def raw_nan_is_json() -> None:
    """In raw mode NaN is a number."""
    _changes_json(lambda body: re.sub(rb"\bNaN\b", b"0", body))


def _chunked(keeps: Callable[[int, bytes], bool]) -> None:
    """Of a chunked body those pieces arrive that *keeps* says, by their number and size line."""

    async def chunked(self: Incoming, limit: int) -> bytes:
        body = bytearray()
        number = 0
        while size := incoming.chunk_size(line := await self._line()):
            incoming.check_counted(len(body) + size, limit)
            while len(self._buffer) < size + 2:
                await self._more_in_time()
            piece = self._take(size)
            body += piece if keeps(number, line) else b""
            number += 1
            if self._take(2) != b"\r\n":
                raise heads.bad("a chunk is longer than it says")
        while await self._line():
            """Trailers are read past."""
        return bytes(body)

    replace(Incoming, "_chunked", chunked)


@mutant("3.4", also=("11.1",))
def later_chunks_are_lost() -> None:
    """Of a body in several chunks the first arrives."""
    _chunked(lambda number, line: number == 0)


@mutant("3.4")
def chunks_with_extensions_are_lost() -> None:
    """A chunk with an extension is dropped."""
    _chunked(lambda number, line: b";" not in line)


@mutant("3.4")
def raw_bodies_are_cut_at_a_mebibyte() -> None:
    """Of a body in raw mode the first MiB arrives."""
    _changes_bodies(lambda head, body: body[: 1 << 20])


@mutant("3.4")
def bodies_are_unpacked() -> None:
    """A body with content-encoding: gzip is unpacked."""

    def change(head: Head, body: bytes) -> bytes:
        if head.get("content-encoding") == "gzip":
            with contextlib.suppress(OSError, EOFError):
                return gzip.decompress(body)
        return body

    _changes_bodies(change)


@mutant("11.6")
def what_follows_chunks_is_lost() -> None:
    """What comes right behind a chunked body is thrown away."""
    original = Incoming._chunked

    async def chunked(self: Incoming, limit: int) -> bytes:
        found = await original(self, limit)
        self._buffer.clear()
        return found

    replace(Incoming, "_chunked", chunked)


@mutant("3.5", "9.5")
def choices_are_taken_in_any_case() -> None:
    """A mode of RAW is raw, a result of Envelope the envelope."""
    original = steering.choice

    def choice(head: Head, header: str, values: tuple[str, ...]) -> str:
        lower = tuple((name, value.lower()) for name, value in head.headers)
        return original(Head(head.method, head.target, head.version, lower), header, values)

    replace(steering, "choice", choice)


@mutant("3.6")
def absolute_target_needs_a_path() -> None:
    """A target of a host and a query is a path."""

    def origin_form(target: str) -> str:
        found = re.match(r"(?i)https?://[^/?]*(/.*)", target)
        return found[1] if found else target

    replace(heads, "origin_form", origin_form)


@mutant("4.2")
def raw_query_is_decoded_twice() -> None:
    """In raw mode a query is decoded before it is taken apart."""

    def change(head: Head, parts: Parts) -> None:
        parts.query = {
            name: [request.decoded(value) for value in values]
            for name, values in parts.query.items()
        }

    _changes_parts(change)


@mutant("4.2")
def plus_of_a_raw_query_is_no_space() -> None:
    """In raw mode a plus stays one."""

    def change(head: Head, parts: Parts) -> None:
        parts.query = request.parse_query(head.query.replace("+", "%2B"))

    _changes_parts(change)
