"""Turns a result into what a maintainer needs to read: the clause, the request as a curl line,
every difference."""

from __future__ import annotations

import shlex

from . import contract
from .outcomes import Result
from .session import Exchanged
from .wire import Sent

REDACTED = "$RUNTIME_SECRET"
_BODY_SHOWN = 2000


def curl(sent: Sent, address: str = "http://127.0.0.1:3000") -> str:
    """A line for a shell that sends the request again; the secret is a variable there."""
    words = ["curl", "-i"]
    if sent.method == "HEAD":
        words.append("--head")
    elif sent.method != ("POST" if sent.body else "GET"):
        words += ["-X", shlex.quote(sent.method)]
    words.append(shlex.quote(address + sent.target))
    for name, value in sent.headers:
        if name.lower() == contract.load().header("secret"):
            words += ["-H", f'"{name}: {REDACTED}"']
        else:
            words += ["-H", shlex.quote(f"{name}: {value}")]
    if sent.body:
        words += ["--data-binary", _body(sent.body)]
    return " ".join(words)


def answer_text(exchanged: Exchanged) -> str:
    """The answer as it would stand in a terminal."""
    if exchanged.answer is None:
        return f"(no answer: {exchanged.problem})"
    answer = exchanged.answer
    lines = [f"HTTP/{answer.http_version} {answer.status}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return "\n".join(lines) + "\n\n" + answer.text[:_BODY_SHOWN]


def failure(result: Result, target: str = "") -> str:
    """Everything about a case that did not pass, in plain text."""
    clause = result.case.clause
    parts = [
        f"{result.case.id}: {result.outcome}",
        f"  clause {clause.number}: {clause.text}",
        f"  why: {result.case.why}",
    ]
    if result.note:
        parts.append(f"  note: {result.note}")
    parts.append("  found:")
    parts += ["    - " + mismatch.replace("\n", "\n      ") for mismatch in result.mismatches]
    if result.exchanged:
        last = result.exchanged[-1]
        parts.append("  request:")
        parts.append("    " + curl(last.sent))
        parts.append("  answer:")
        parts += ["    " + line for line in answer_text(last).splitlines()]
    if result.log:
        parts.append("  last log lines:")
        parts += ["    " + line for line in result.log.splitlines()]
    again = f" {target}" if target else " TARGET"
    parts.append(f"  again: slipway verify{again} --case {result.case.id}")
    return "\n".join(parts)


def _body(body: bytes) -> str:
    if len(body) > _BODY_SHOWN:
        return f"'(a body of {len(body)} bytes)'"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return "$'" + "".join(f"\\x{byte:02x}" for byte in body) + "'"
    return shlex.quote(text)
