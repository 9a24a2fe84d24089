"""Clauses 11.2 and 11.5: heads and chunks that are read too kindly, and heads that are counted wrongly."""

from __future__ import annotations

import re
from typing import Any

from ... import contract
from .. import head as heads
from .. import incoming
from ..refusal import Stalled
from . import mutant, replace


@mutant("11.5", total=True)
def spoilt_heads_are_not_answered() -> None:
    """What can't be read ends the connection without an answer."""

    def bad(message: str) -> Any:
        raise Stalled

    replace(heads, "bad", bad)


@mutant("11.5")
def spoilt_heads_are_431() -> None:
    """What can't be read is answered as if it were too large."""
    replace(heads, "bad", heads.too_large)


@mutant("11.5")
def capitalised_encoding_goes_with_a_length() -> None:
    """content-length and Transfer-Encoding: Chunked don't exclude each other."""
    original = heads.check_one_framing

    def check_one_framing(lengths: list[str], encodings: list[str]) -> None:
        if encodings == [encoding.lower() for encoding in encodings]:
            original(lengths, encodings)

    replace(heads, "check_one_framing", check_one_framing)


def _lengths(read: Any) -> None:
    """A single length that *read* makes something of is that."""
    original = heads.declared_length

    def declared_length(lengths: list[str]) -> int:
        found = read(lengths[0]) if len(set(lengths)) == 1 else None
        return original(lengths) if found is None else int(found)

    replace(heads, "declared_length", declared_length)


@mutant("11.5")
def empty_length_is_0() -> None:
    """A length of no digits is 0."""
    _lengths(lambda given: None if given else 0)


@mutant("11.5")
def lengths_may_have_underscores() -> None:
    """A length may group its digits."""
    _lengths(lambda given: given.replace("_", "") if re.fullmatch("[0-9_]+", given) else None)


@mutant("11.5")
def chunk_sizes_may_say_0x() -> None:
    """A chunk size may say that it is hexadecimal."""
    original = incoming.chunk_size
    replace(incoming, "chunk_size", lambda line: original(re.sub(rb"^0[xX]", b"", line)))


@mutant("11.5")
def one_bare_lf_is_fine() -> None:
    """A bare LF between two lines of a head ends a line."""
    length, parse = heads.length, heads.parse

    def tidied(head: bytes) -> bytes:
        return re.sub(rb"(?<=[^\r\n])\n(?=[^\r\n])", b" \n", head).replace(b" \n", b"\r\n")

    def lenient(buffer: bytes) -> int | None:
        end = buffer.find(b"\r\n\r\n") + 4
        if end < 4 or tidied(buffer[:end]) == buffer[:end]:
            return length(buffer)
        return end

    replace(heads, "length", lenient)
    replace(heads, "parse", lambda block: parse(tidied(block)))


@mutant("11.5")
def folds_by_a_tab_are_fine() -> None:
    """A line that begins with a tab goes on with the one before."""
    original = heads.parse
    replace(heads, "parse", lambda block: original(re.sub(rb"\r\n\t+", b" ", block)))


@mutant("11.5")
def tab_before_a_colon_is_fine() -> None:
    """A tab before a colon is skipped."""
    original = heads.field
    replace(heads, "field", lambda line: original(re.sub(r"^([^\s:]+)\t+:", r"\1:", line)))


def _lines_may_be(most: int) -> None:
    """So many lines of headers are read."""
    original = heads.check_size

    def check_size(head: bytes) -> None:
        count = head.partition(b"\r\n")[2].removesuffix(b"\r\n").count(b"\r\n")
        if count > most:
            raise heads.too_large("more lines of headers than are read")
        if count <= contract.load().limit("header_lines"):
            original(head)

    replace(heads, "check_size", check_size)


@mutant("11.2")
def hundred_and_fifteen_lines_are_fine() -> None:
    """Up to 115 lines of headers are read."""
    _lines_may_be(115)


@mutant("11.2")
def ninety_lines_are_the_limit() -> None:
    """More than 90 lines of headers are refused."""
    _lines_may_be(90)


@mutant("11.2")
def thirteen_kib_are_the_limit() -> None:
    """More than 13 KiB of headers are refused."""
    original = heads.check_size

    def check_size(head: bytes) -> None:
        original(head)
        if len(head) > 13 << 10:
            raise heads.too_large("more than 13 KiB of headers")

    replace(heads, "check_size", check_size)
