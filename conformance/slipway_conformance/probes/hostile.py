"""Section 11: clients that send too much, too slowly, or what two readers would read differently."""

from __future__ import annotations

import contextlib
import json
import time

from .. import contract
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import Wire, WireError
from .full import while_full

_SMALL = {"RUNTIME_MAX_BODY": "100000"}
_CHUNK = 4096
_REPLACED_SECONDS = 10.0
# More bytes than the lines have that each request sends.
_OTHER_LINES = 400


@probe("11.1-declared", why="a body that is too large is refused before it is sent", launch=_SMALL)
def declared(session: Session) -> None:
    with session.connect(5) as wire:
        lines = [line for line in session.head_lines() if not line.startswith("content-length")]
        wire.send("\r\n".join([*lines, "content-length: 100001", "", ""]).encode())
        session.check(wire.answer(timeout=3), error="payload_too_large")


@probe("11.1-counted", why="a body without a length is counted while it comes", launch=_SMALL)
def counted(session: Session) -> None:
    with session.connect(8) as wire:
        lines = [line for line in session.head_lines() if not line.startswith("content-length")]
        wire.send("\r\n".join([*lines, "transfer-encoding: chunked", "", ""]).encode())
        with contextlib.suppress(WireError):
            for _ in range(40):
                wire.send(b"1000\r\n" + b" " * 4096 + b"\r\n")
        try:
            session.check(wire.answer(timeout=3), error="payload_too_large")
        except WireError as error:
            session.fail(f"no answer to a body that is too large: {error}")
    session.honest()


@probe("11.1-just-fits", why="the limit itself is allowed", launch=_SMALL)
def just_fits(session: Session) -> None:
    payload = json.dumps({"payload": {"steps": [{"do": "send", "text": "fits"}], "pad": ""}})
    body = payload.replace('"pad": ""', '"pad": "' + "x" * (100000 - len(payload)) + '"').encode()
    answer = session.invoke(body=body, headers={"content-type": "application/json"})
    session.check(answer, status=200, text="fits")


@probe(
    "11.1-chunked",
    why="the limit of a body that comes in chunks is the same to the byte, also for who asked before",
    launch=_SMALL,
)
def chunked(session: Session) -> None:
    lines = [line for line in session.head_lines() if not line.startswith("content-length")]
    body = json.dumps({"payload": {"steps": [{"do": "send", "text": "fits"}]}}).encode()
    for more, expect_lines in ((0, ()), (1, ()), (_CHUNK, ("expect: 100-continue",))):
        size = int(_SMALL["RUNTIME_MAX_BODY"]) + more
        whole = body + b" " * (size - len(body))
        with session.connect(8) as wire:
            head = [*lines, "transfer-encoding: chunked", *expect_lines, "", ""]
            wire.send("\r\n".join(head).encode())
            with contextlib.suppress(WireError):
                for at in range(0, size, _CHUNK):
                    piece = whole[at : at + _CHUNK]
                    wire.send(b"%x\r\n%s\r\n" % (len(piece), piece))
                wire.send(b"0\r\n\r\n")
            answer = wire.answer(timeout=5)
        if more:
            session.check(answer, error="payload_too_large")
        else:
            session.check(answer, status=200, text="fits")


@probe(
    "11.1-raw",
    why="what the function reads itself is not unlimited either",
    profile="raw",
    launch=_SMALL,
)
def raw_body(session: Session) -> None:
    limit = int(_SMALL["RUNTIME_MAX_BODY"])
    kind = {"content-type": "application/octet-stream"}
    for size, expected in ((limit, {"status": 200}), (limit + 1, {"error": "payload_too_large"})):
        steps: list[Step] = [{"do": "send", "text": "read"}]
        answer = session.invoke(steps, raw=True, body=b"x" * size, headers=kind)
        session.check(answer, **expected)


@probe("11.1-default", why="the default takes a body of twenty mebibytes, and no more")
def default(session: Session) -> None:
    limit = contract.load().default("max_body")
    with session.connect(5) as wire:
        lines = [line for line in session.head_lines() if not line.startswith("content-length")]
        wire.send("\r\n".join([*lines, f"content-length: {limit + 1}", "", ""]).encode())
        session.check(wire.answer(timeout=3), error="payload_too_large")


@probe("11.2-bytes", why="headers are held in memory before anybody is authorised")
def header_bytes(session: Session) -> None:
    answer = session.invoke(
        [{"do": "send", "text": "x"}],
        headers={"x-large": "x" * contract.load().limit("header_bytes")},
    )
    session.expect(answer.status == 431, f"status: expected 431, got {answer.status}")
    session.honest()


@probe("11.2-one-huge-line", why="a line without an end must not be collected for ever")
def huge_line(session: Session) -> None:
    with session.connect(5) as wire:
        with contextlib.suppress(WireError):
            wire.send(b"POST / HTTP/1.1\r\nhost: x\r\nx-large: " + b"x" * 200_000)
        try:
            answer = wire.answer(timeout=3)
            session.expect(
                answer.status in (400, 431), f"status: expected 431, got {answer.status}"
            )
        except WireError as error:
            session.expect(
                "in time" not in str(error), "a header line of 200 kB is still being collected"
            )


@probe("11.2-lines", why="many small headers cost as much as a large one")
def header_lines(session: Session) -> None:
    many: dict[str, str | list[str] | None] = {
        f"x-{number}": "1" for number in range(contract.load().limit("header_lines") + 20)
    }
    answer = session.invoke([{"do": "send", "text": "x"}], headers=many)
    session.expect(answer.status == 431, f"status: expected 431, got {answer.status}")


@probe("11.2-allowed", why="what is within the limits passes")
def header_allowed(session: Session) -> None:
    headers: dict[str, str | list[str] | None] = {f"x-{number}": "1" for number in range(80)}
    headers["x-large"] = "x" * 12000
    session.check(
        session.invoke([{"do": "send", "text": "x"}], headers=headers), status=200, text="x"
    )


@probe("11.2-exactly", why="who counts on the limits of the contract must be able to use them")
def header_limits(session: Session) -> None:
    most = contract.load().limit("header_lines")
    # The secret, the host, and the body's type and length are lines, too.
    for lines, status in ((most, 200), (most + 1, 431)):
        many: dict[str, str | list[str] | None] = {f"x-{n}": "1" for n in range(lines - 4)}
        answer = session.invoke([{"do": "send", "text": "x"}], headers=many)
        session.expect(
            answer.status == status,
            f"{lines} lines of headers: expected {status}, got {answer.status}",
        )
    nearly = {"x-large": "x" * (contract.load().limit("header_bytes") - _OTHER_LINES)}
    answer = session.invoke([{"do": "send", "text": "x"}], headers=nearly)
    session.check(answer, status=200, text="x")


@probe(
    "11.3-overloaded",
    why="a full server says so at once instead of queueing",
    launch={"RUNTIME_CONCURRENCY": "2"},
)
def overloaded(session: Session) -> None:
    while_full(
        session,
        2,
        lambda: session.invoke([{"do": "send", "text": "x"}]),
        error="overloaded",
        headers={"retry-after": {"matches": r"^\d+$"}},
    )
    session.check(session.invoke([{"do": "send", "text": "x"}]), status=200)


@probe(
    "11.3-default",
    why="a server of which nothing is said takes a hundred at once, neither more nor fewer",
    alone=True,
)
def default_slots(session: Session) -> None:
    while_full(
        session,
        contract.load().default("concurrency"),
        lambda: session.invoke([{"do": "send", "text": "x"}]),
        error="overloaded",
    )


@probe(
    "11.3-free-again",
    why="however an invocation ends, its slot is free for the next",
    launch={"RUNTIME_CONCURRENCY": "2"},
    harms=True,
)
def free_again(session: Session) -> None:
    hasty = {contract.load().header("timeout"): "0.1"}
    for _ in range(2):
        session.check(session.invoke([{"do": "await", "ms": 9000}], headers=hasty), error="timeout")
        thrown = session.invoke([{"do": "throw", "message": "thrown"}])
        session.check(thrown, error="function_error")
    session.honest()
    for _ in range(2):
        with contextlib.suppress(WireError):
            session.invoke([{"do": "exit", "how": "exit"}])
        # How soon is a matter of another clause.
        session.honest(_REPLACED_SECONDS)
    steps: list[Step] = [
        {"do": "meet", "name": new_id(), "count": 2, "timeout_ms": 5000},
        {"do": "send", "text": "met"},
    ]
    for answer in session.together([lambda: session.invoke(steps)] * 2):
        session.check(answer, status=200, text="met")


@probe(
    "11.4-stalled",
    why="slow clients must not hold what honest ones need",
    launch={"RUNTIME_CONCURRENCY": "3"},
)
def stalled(session: Session) -> None:
    limit = contract.load().limit("stall_seconds")
    with contextlib.ExitStack() as stack:
        wires: dict[str, Wire] = {}
        for number in range(4):
            wires[f"headers {number}"] = wire = stack.enter_context(session.connect())
            wire.send(b"POST / HTTP/1.1\r\nhost: x\r\n")
            wires[f"body {number}"] = wire = stack.enter_context(session.connect())
            lines = [line for line in session.head_lines() if not line.startswith("content-length")]
            wire.send("\r\n".join([*lines, "content-length: 100", "", "{"]).encode())
            wires[f"chunks {number}"] = wire = stack.enter_context(session.connect())
            wire.send("\r\n".join([*lines, "transfer-encoding: chunked", "", "5", "{"]).encode())
            wires[f"second headers {number}"] = wire = stack.enter_context(session.connect())
            session.check(session.invoke([{"do": "send", "text": "x"}], wire=wire), status=200)
            wire.send(b"POST / HTTP/1.1\r\nhost: x\r\n")
        time.sleep(0.5)
        session.honest()
        began = time.monotonic()
        open_still = [
            name
            for name, wire in wires.items()
            if not wire.closed(max(0.05, limit + 4 - (time.monotonic() - began)))
        ]
        session.expect(not open_still, f"still open {limit + 4} s later: {', '.join(open_still)}")
    session.honest()


@probe("11.6-pipelined", why="requests sent in one go are answered in order")
def pipelined(session: Session) -> None:
    sent = b""
    for number in range(3):
        body = json.dumps({"payload": {"steps": [{"do": "send", "text": str(number)}]}}).encode()
        sent += "\r\n".join([*session.head_lines(body=body), "", ""]).encode() + body
    with session.connect(5) as wire:
        # In one piece, so that no server can take them for three.
        wire.send(sent)
        for number in range(3):
            session.check(wire.answer(), status=200, text=str(number))


@probe("11.6-half-closed", why="a client that has said everything still wants its answer")
def half_closed(session: Session) -> None:
    body = json.dumps({"payload": {"steps": [{"do": "send", "text": "heard"}]}}).encode()
    with session.connect() as wire:
        wire.send(
            "\r\n".join([*session.head_lines(body=body), "connection: close", "", ""]).encode()
            + body
        )
        wire.half_close()
        try:
            session.check(wire.answer(), status=200, text="heard")
        except WireError as error:
            # RFC 9112 9.6 lets a server take a half-closed connection for a closed one.
            session.expect("closed" in str(error) or "reset" in str(error), f"half-closed: {error}")
    session.honest()


@probe("11.6-continue", why="a client that asks before it sends is told to go on")
def expect_continue(session: Session) -> None:
    body = json.dumps({"payload": {"steps": [{"do": "send", "text": "went on"}]}}).encode()
    with session.connect() as wire:
        wire.send(
            "\r\n".join([*session.head_lines(body=body), "expect: 100-continue", "", ""]).encode()
        )
        time.sleep(0.1)
        wire.send(body)
        session.check(wire.answer(), status=200, text="went on")


@probe(
    "11.6-disconnected",
    why="a caller that hangs up must not take its slot along",
    launch={"RUNTIME_CONCURRENCY": "2"},
)
def disconnected(session: Session) -> None:
    body = json.dumps(
        {"payload": {"steps": [{"do": "await", "ms": 300}, {"do": "send", "text": "x"}]}}
    ).encode()
    for _ in range(6):
        with session.connect() as wire:
            wire.send("\r\n".join([*session.head_lines(body=body), "", ""]).encode() + body)
            time.sleep(0.05)
        time.sleep(0.35)
    # The last of them may have begun late on a busy machine.
    time.sleep(1)
    session.honest()
    held = session.together(
        [lambda: session.invoke([{"do": "await", "ms": 100}, {"do": "send", "text": "x"}])] * 2
    )
    for answer in held:
        session.check(answer, status=200)


@probe("11.6-nonsense", why="what is not HTTP at all is sent away")
def nonsense(session: Session) -> None:
    for raw in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with session.connect(3) as wire:
            wire.send(raw)
            wire.half_close()
            wire.closed(2)
    session.honest()


@probe("11.6-http10", why="old clients are answered, and their connection closed", profile="raw")
def http10(session: Session) -> None:
    terms = contract.load()
    steps = json.dumps([{"do": "send", "text": "old"}])
    head = [
        "GET /old HTTP/1.0",
        f"{terms.header('secret')}: {session.running.secret}",
        f"{terms.header('mode')}: raw",
        f"x-conformance-steps: {steps}",
    ]
    with session.connect(5) as wire:
        wire.send("\r\n".join([*head, "", ""]).encode())
        session.check(wire.answer("GET"), status=200, text="old")
        session.expect(wire.closed(2), "an HTTP/1.0 connection stayed open")


@probe("3.6-absolute-target", why="a proxy's form of a target names the same path")
def absolute_target(session: Session) -> None:
    target = f"http://{session.running.host}:{session.running.port}/p?a=1"
    answer = session.invoke([{"do": "report"}], raw=True, method="GET", target=target)
    session.check(answer, status=200, contains={"request": {"path": "/p", "query": {"a": ["1"]}}})


@probe(
    "11.7-memory",
    why="memory of many times a body's size is a way to end a server",
    needs=("stats",),
    alone=True,
)
def memory(session: Session) -> None:
    size, marker = 8 << 20, new_id()
    body = json.dumps(
        {
            "payload": {
                "steps": [{"do": "await", "ms": 1200}, {"do": "send", "text": marker}],
                "pad": "x" * size,
            }
        }
    ).encode()
    session.invoke(body=body, headers={"content-type": "application/json"})
    before = session.stats().memory
    seen: list[int] = []

    def watch() -> None:
        deadline = time.monotonic() + 1.4
        while time.monotonic() < deadline:
            seen.append(session.stats().memory)
            time.sleep(0.05)

    def call() -> None:
        session.check(
            session.invoke(body=body, headers={"content-type": "application/json"}),
            status=200,
            text=marker,
        )

    session.together([call, watch])
    grown = max(seen) - before
    session.expect(grown < 8 * size, f"a body of {size >> 20} MiB took {grown >> 20} MiB of memory")
