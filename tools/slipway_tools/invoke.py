"""The verb `invoke`: one call, its answer and its log."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from slipway_conformance.targets import LOOPBACK

from . import client, last
from .errors import ToolError
from .terminal import say, show_answer


def invoke(call: client.Call, url: str | None, secret: str | None, output: Path | None) -> int:
    """Calls the server at *url*, or the latest that was launched; exit code 1 where the function failed."""
    host, port, known = _where(url, secret)
    answer = client.invoke(host, port, known, call)
    if output:
        output.write_bytes(answer.body)
        say(f"{answer.status}: {len(answer.body)} bytes written to {output}")
    else:
        show_answer(answer)
    return 1 if answer.status >= 500 else 0


def payload(text: str | None) -> object:
    """A payload as a person writes it: JSON, ``@file`` with JSON, or ``-`` for standard input."""
    if text is None:
        return None
    source = read(text).decode("utf-8", "replace")
    try:
        return json.loads(source)
    except ValueError as error:
        raise ToolError(
            f"The payload is no JSON ({error}). A string needs its quotes: --payload '\"text\"'"
        ) from None


def read(text: str) -> bytes:
    """The bytes that *text* means: those of ``@file``, of standard input for ``-``, else its own."""
    if text == "-":
        return sys.stdin.buffer.read()
    if text.startswith("@"):
        try:
            return Path(text[1:]).read_bytes()
        except OSError as error:
            raise ToolError(f"{text[1:]} can't be read: {error.strerror}") from None
    return text.encode()


def pairs(texts: Sequence[str], separator: str, what: str) -> dict[str, str]:
    """``name<separator>value`` texts as a mapping."""
    found = {}
    for text in texts:
        name, between, value = text.partition(separator)
        if not between or not name.strip():
            raise ToolError(f"{what} {text!r} wants the form name{separator}value.")
        found[name.strip()] = value.strip() if separator == ":" else value
    return found


def _where(url: str | None, secret: str | None) -> tuple[str, int, str]:
    if url is None:
        address = last.address()
        return LOOPBACK, address.port, secret or address.secret
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise ToolError(f"{url} is no address of a runtime: http://HOST:PORT")
    if not secret:
        raise ToolError(
            "A server that somebody else launched needs its secret: --secret, or RUNTIME_SECRET."
        )
    return parts.hostname, parts.port or 80, secret
