"""Turns a result into what a maintainer needs to read: the clause, the request as a line for a shell,
every difference, the log."""

from __future__ import annotations

import shlex
from collections.abc import Collection

from . import contract
from .outcomes import Result
from .session import Exchanged
from .targets import LOOPBACK
from .wire import Sent

_BODY_SHOWN = 2000


def again(sent: Sent | bytes, secrets: Collection[str] = ()) -> str:
    """A line for a shell that sends the request again, to a server that was launched by hand; the right
    secret is a variable there."""
    port = contract.load().default("port")
    if isinstance(sent, bytes):
        return f"printf '%b' {_octal(sent, secrets)} | nc {LOOPBACK} {port}"
    words = ["curl", "-i"]
    if any(mark in sent.target for mark in ("/.", "//", "[", "{")):
        words += ["--path-as-is", "--globoff"]
    if sent.method == "HEAD":
        words.append("--head")
    elif sent.method != ("POST" if sent.body else "GET"):
        words += ["-X", shlex.quote(sent.method)]
    words.append(shlex.quote(f"http://{LOOPBACK}:{port}{sent.target}"))
    for name, value in sent.headers:
        if value and value in secrets:
            words += ["-H", f'"{name}: ${_variable()}"']
        else:
            words += ["-H", shlex.quote(f"{name}: {value}" if value else f"{name};")]
    if not sent.body:
        return " ".join(words)
    if not any(name.lower() == "content-type" for name, _ in sent.headers):
        words += ["-H", "content-type:"]
    return _with_body(words, sent.body)


def answer_text(exchanged: Exchanged) -> str:
    """The answer as it would stand in a terminal."""
    if exchanged.answer is None:
        return f"(no answer: {exchanged.problem})"
    answer = exchanged.answer
    lines = [f"HTTP/{answer.http_version} {answer.status}"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    return "\n".join(lines) + "\n\n" + answer.text[:_BODY_SHOWN]


def redacted(text: str, result: Result) -> str:
    """*text* without the secrets of the servers that *result* is about."""
    return _without(text, result.secrets)


def failure(result: Result, target: str = "TARGET") -> str:
    """Everything about a case that did not pass, in plain text. *target* is what `slipway verify`
    would be given to run it again."""
    clause = result.case.clause
    parts = [
        f"{result.case.id}: {result.outcome}",
        f"  clause {clause.number}: {clause.text}",
        f"  why: {result.case.why}",
    ]
    if result.note:
        parts.append(f"  note: {result.note}")
    if result.case.launch:
        settings = " ".join(f"{name}={value}" for name, value in result.case.launch.items())
        parts.append(f"  launched with: {settings}")
    parts.append("  found:")
    parts += ["    - " + mismatch.replace("\n", "\n      ") for mismatch in result.mismatches]
    for exchanged in result.exchanged[:1]:
        parts.append("  request:")
        parts.append("    " + again(exchanged.sent, result.secrets))
        parts.append("  answer:")
        parts += ["    " + line for line in answer_text(exchanged).splitlines()]
    if result.log:
        parts.append("  log:")
        parts += ["    " + line for line in result.log.splitlines()]
    parts.append(f"  again: slipway verify {target} --case {result.case.id}")
    return redacted("\n".join(parts), result)


def _without(text: str, secrets: Collection[str]) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, f"${_variable()}")
    return text


def _variable() -> str:
    return contract.load().variable("secret")


def _with_body(words: list[str], body: bytes) -> str:
    if len(body) > _BODY_SHOWN:
        return " ".join([*words, "--data-binary", f"@FILE  # {len(body)} bytes, left out here"])
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return f"printf '%b' {_octal(body)} | " + " ".join([*words, "--data-binary", "@-"])
    return " ".join([*words, "--data-binary", shlex.quote(text)])


def _octal(raw: bytes, secrets: Collection[str] = ()) -> str:
    """*raw* as an argument of printf's ``%b``, in double quotes, bytes beyond plain text as octal
    escapes."""
    shown = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '\\"$`' else f"\\0{byte:03o}"
        for byte in raw.replace(b"\r\n", b"\0\0")
    )
    shown = shown.replace("\\0000\\0000", "\\r\\n")
    return f'"{_without(shown, secrets)}"'
