"""Text that may hold half a character: an escaped lone surrogate, which a caller sent, is one."""

from __future__ import annotations

import re

_HALVES = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """*text* with half a character replaced as a decoder would replace it."""
    return _HALVES.sub("\ufffd", text)


def utf8(text: str) -> bytes:
    return whole(text).encode("utf-8")
