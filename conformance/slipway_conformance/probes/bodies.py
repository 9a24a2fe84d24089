"""Sections 1, 3 and 11: bodies that don't come, come with something behind them, or look like another
protocol's; and answers that nobody reads."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Sequence

from .. import contract
from ..cases import probe
from ..session import STEPS_HEADER, Session, Step
from ..wire import WireError

_SOON = 3.0
_LARGE = 16 << 20
_BUSY_SECONDS = 10.0
_UNREAD, _LITTLE = 3, 1 << 16


def _head(session: Session, *more: str, secret: bool = True) -> bytes:
    """A head without a length of its own, with the lines *more*."""
    left_out = (
        ["content-length"] if secret else ["content-length", contract.load().header("secret")]
    )
    lines = [line for line in session.head_lines() if not line.startswith(tuple(left_out))]
    return "\r\n".join([*lines, *more, "", ""]).encode()


def _refused_unread(session: Session, head: bytes, error: str) -> None:
    """The refusal comes though the body doesn't, and without being asked for it."""
    with session.connect(5) as wire:
        wire.send(head)
        try:
            answer = session.check(wire.answer(timeout=_SOON), error=error)
            session.expect(not answer.interim, f"{answer.interim} came before {error}")
        except WireError as problem:
            session.fail(f"no {error} before the body was sent: {problem}")


@probe(
    "1.3-chunked-unread", why="a stranger's body without a length is as little worth waiting for"
)
def chunked_unread(session: Session) -> None:
    _refused_unread(
        session, _head(session, "transfer-encoding: chunked", secret=False), "unauthorized"
    )
    session.honest()


@probe(
    "1.3-not-told-to-go-on", why="a stranger who asks whether to send the body must not be told so"
)
def not_told_to_go_on(session: Session) -> None:
    lines = ("content-length: 2", "expect: 100-continue")
    _refused_unread(session, _head(session, *lines, secret=False), "unauthorized")


@probe(
    "11.1-not-told-to-go-on",
    why="who asks whether to send a body that is too large must not be told so",
)
def large_not_told_to_go_on(session: Session) -> None:
    length = contract.load().default("max_body") + 1
    lines = (f"content-length: {length}", "expect: 100-continue")
    _refused_unread(session, _head(session, *lines), "payload_too_large")


def _chunked(body: bytes, *trailers: str) -> bytes:
    end = "\r\n".join(["0", *trailers, "", ""]).encode()
    return f"{len(body):x}\r\n".encode() + body + b"\r\n" + end


_NOT_THERE = ("x-late", "authorization", "trailer", "transfer-encoding")


@probe(
    "3.2-trailers",
    why="what comes behind the body was never checked, and must not pass for a header",
)
def trailers(session: Session) -> None:
    terms = contract.load()
    lines = (
        f"{terms.header('mode')}: raw",
        f"{STEPS_HEADER}: {json.dumps([{'do': 'report'}])}",
        "transfer-encoding: chunked",
        "trailer: x-late, authorization",
    )
    late = (
        "x-late: 1",
        "authorization: Bearer forged",
        "content-type: text/plain",
        "host: forged",
        f"{terms.header('result')}: envelope",
    )
    with session.connect(5) as wire:
        wire.send(_head(session, *lines) + _chunked(b"{}", *late))
        absent = {name: {"$absent": True} for name in _NOT_THERE}
        kept = {"content-type": "application/json", "host": {"$matches": r"^[^f]"}}
        wanted = {"headers": absent | kept, "payload": {}}
        session.check(wire.answer(), status=200, contains={"request": wanted})
    session.honest()


@probe("3.4-chunks", why="a body may come in as many pieces as it likes, with remarks on each")
def chunks(session: Session) -> None:
    steps = json.dumps([{"do": "echo"}])
    lines = (f"{contract.load().header('mode')}: raw", f"{STEPS_HEADER}: {steps}")
    pieces = (b"ab", b"c" * 300, b"\0\xff\r\n", b"d")
    for extension in ("", ";a=b", ';name="quoted; text"'):
        sent = b"".join(f"{len(one):X}{extension}\r\n".encode() + one + b"\r\n" for one in pieces)
        with session.connect(5) as wire:
            head = _head(session, *lines, "transfer-encoding: chunked")
            wire.send(head.replace(b"application/json", b"image/png") + sent + b"0\r\n\r\n")
            wanted = base64.b64encode(b"".join(pieces)).decode()
            session.check(wire.answer(), status=200, base64=wanted)


@probe("3.4-megabytes", why="a file is whole, however large within the limit")
def megabytes(session: Session) -> None:
    body = bytes(range(256)) * (3 << 12) + b"end"
    headers = {"content-type": "application/octet-stream"}
    answer = session.invoke([{"do": "echo"}], raw=True, target="/f", headers=headers, body=body)
    session.check(answer, status=200)
    session.expect(answer.body == body, f"of {len(body)} bytes {len(answer.body)} came back")


@probe("11.6-behind-chunks", why="what comes right behind a body's last chunk is the next request")
def behind_chunks(session: Session) -> None:
    steps: Sequence[Step] = [{"do": "send", "text": "ran"}]
    body = json.dumps({"payload": {"steps": steps}}).encode()
    with session.connect(5) as wire:
        wire.send((_head(session, "transfer-encoding: chunked") + _chunked(body)) * 3)
        for _ in range(3):
            session.check(wire.answer(), status=200, text="ran")


@probe("1.2-secret-in-trailer", why="a secret that comes behind the body comes too late")
def secret_in_trailer(session: Session) -> None:
    late = f"{contract.load().header('secret')}: {session.running.secret}"
    head = _head(session, "transfer-encoding: chunked", secret=False)
    with session.connect(5) as wire:
        with contextlib.suppress(WireError):
            wire.send(head + _chunked(b'{"payload":{"steps":[{"do":"send","text":"ran"}]}}', late))
        session.check(wire.answer(), error="unauthorized")


@probe("11.6-upgrade", why="who offers another protocol is still answered in this one")
def upgrade(session: Session) -> None:
    inner = b"GET /_runtime/health HTTP/1.1\r\nhost: x\r\n\r\n"
    steps: Sequence[Step] = [{"do": "send", "text": "not upgraded"}]
    pad = inner.decode()
    body = json.dumps({"payload": {"steps": steps, "pad": pad}}).encode()
    for offered in (
        ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQAAP__"),
        ("connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"),
        ("connection: upgrade", "upgrade: TLS/1.3, other"),
    ):
        with session.connect(5) as wire:
            wire.send(_head(session, f"content-length: {len(body)}", *offered) + body)
            session.check(wire.answer(), status=200, text="not upgraded")
            # A server may end the connection then, but must not lose its place in it.
            with contextlib.suppress(WireError):
                session.check(session.invoke(steps, wire=wire), status=200, text="not upgraded")
    session.honest()


@probe(
    "11.6-unread-answer",
    why="who doesn't read an answer keeps nobody else from theirs",
    alone=True,
)
def unread_answer(session: Session) -> None:
    body = json.dumps({"payload": {"steps": [{"do": "echo"}], "value": "x" * _LARGE}}).encode()
    with contextlib.ExitStack() as stack:
        for _ in range(_UNREAD):
            wire = stack.enter_context(session.connect())
            wire.hold(_LITTLE)
            wire.send(_head(session, f"content-length: {len(body)}") + body)
        # It may be busy with the large bodies for a while, but never with those who don't read.
        session.honest(_BUSY_SECONDS)
        session.require(not session.found, "so nobody is served while others don't read")
        session.honest()
        session.check(session.get("health"), status=200, within_ms=1000)
    session.honest()


@probe(
    "3.1-broken-percent",
    why="a percent sign that encodes nothing is passed on or refused, not repaired",
)
def broken_percent(session: Session) -> None:
    for path in ("/100%", "/%zz/a", "/%C3%28%"):
        answer = session.invoke([{"do": "report"}], raw=True, method="GET", target=path)
        if answer.status != 400:
            session.check(answer, status=200, contains={"request": {"path": path}})
    session.honest()
