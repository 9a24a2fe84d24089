"""The head of an HTTP/1.1 request: bytes to values, and a refusal for whatever two readers could
read differently."""

from __future__ import annotations

import re

from attrs import frozen

from .. import contract
from .refusal import Refusal

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rf"({_TOKEN}) ([\x21-\x7e\x80-\xff]+) HTTP/(1\.[01])")
_FIELD = re.compile(rf"({_TOKEN}):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*)")
_BARE = re.compile(rb"(?<!\r)\n|\r(?=[^\n])")
_DIGITS = re.compile(r"[0-9]{1,15}")
_END = b"\r\n\r\n"
# Room for the request line beside the headers.
_REQUEST_LINE_BYTES = 8192


@frozen
class Head:
    """A request without its body; ``headers`` in order, names in lower case."""

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]

    def all(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]

    def get(self, name: str) -> str | None:
        """The value of *name*, several joined by commas, None where it is missing."""
        values = self.all(name)
        return ", ".join(values) if values else None

    @property
    def path(self) -> str:
        return split_target(self.target)[0]

    @property
    def query(self) -> str:
        return split_target(self.target)[1]


def length(buffer: bytes) -> int | None:
    """How many bytes of *buffer* are the head, its blank line included; None where it isn't
    complete."""
    end = buffer.find(_END)
    head = buffer if end < 0 else buffer[: end + len(_END)]
    check_line_breaks(head)
    check_size(head)
    return None if end < 0 else end + len(_END)


def check_line_breaks(head: bytes) -> None:
    if _BARE.search(head):
        raise bad("a line of the head doesn't end with CR LF")


def check_size(head: bytes) -> None:
    """Of a head that may still be incomplete."""
    limits = contract.load()
    first, _, rest = head.partition(b"\r\n")
    if len(first) > _REQUEST_LINE_BYTES or len(rest) > limits.limit("header_bytes") + len(_END):
        raise too_large(f"more than {limits.limit('header_bytes')} bytes of headers")
    if rest.removesuffix(b"\r\n").count(b"\r\n") > limits.limit("header_lines"):
        raise too_large(f"more than {limits.limit('header_lines')} lines of headers")


def parse(block: bytes) -> Head:
    """The head that *block* holds; Refusal where it is malformed."""
    first, *lines = block.removesuffix(_END).decode("latin-1").split("\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if not found:
        raise bad("the request line is malformed")
    method, target, version = found.groups()
    head = Head(method, target, version, tuple(field(line) for line in lines))
    if version == "1.1" and len(head.all("host")) != 1:
        raise bad("one host header is wanted")
    return head


def field(line: str) -> tuple[str, str]:
    """Name and value; a folded line and a space before the colon are no fields."""
    found = _FIELD.fullmatch(line)
    if not found:
        raise bad("a header line is malformed")
    return found[1].lower(), found[2].rstrip(" \t")


def body_length(head: Head) -> int | None:
    """How long the body is, None where it comes in chunks."""
    lengths, encodings = head.all("content-length"), head.all("transfer-encoding")
    check_one_framing(lengths, encodings)
    if encodings:
        check_encoding(head, encodings)
        return None
    return declared_length(lengths) if lengths else 0


def check_one_framing(lengths: list[str], encodings: list[str]) -> None:
    if lengths and encodings:
        raise bad("content-length and transfer-encoding exclude each other")


def check_encoding(head: Head, encodings: list[str]) -> None:
    if [encoding.lower() for encoding in encodings] != ["chunked"] or head.version == "1.0":
        raise bad("chunked is the only transfer-encoding that is understood")


def declared_length(lengths: list[str]) -> int:
    if len(set(lengths)) > 1:
        raise bad("content-length is there twice")
    if not _DIGITS.fullmatch(lengths[0]):
        raise bad("content-length is no number")
    return int(lengths[0])


def split_target(target: str) -> tuple[str, str]:
    """Path and query; an absolute target is reduced to its path first."""
    path, _, query = origin_form(target).partition("?")
    return path, query


def origin_form(target: str) -> str:
    found = re.match(r"(?i)https?://[^/?]*(.*)", target)
    if not found:
        return target
    return found[1] if found[1].startswith("/") else f"/{found[1]}"


def bad(message: str) -> Refusal:
    return Refusal("bad_request", message, closes=True)


def too_large(message: str) -> Refusal:
    return Refusal("headers_too_large", message, closes=True)
