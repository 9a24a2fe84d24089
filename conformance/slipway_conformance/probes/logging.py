"""Section 8: whose line it is, and what a flood does."""

from __future__ import annotations

import base64
import time
from functools import partial

from .. import contract
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import Answer


@probe("8.1-form", why="whatever reaches the log can be read by a machine", needs=("logs",))
def form(session: Session) -> None:
    session.invoke(
        [
            {"do": "log", "message": "form"},
            {"do": "print", "text": "native form"},
            {"do": "throw", "message": "x"},
        ]
    )
    session.wait_log(lambda lines: any(line.message == "native form" for line in lines))
    for line in session.log():
        session.expect(not line.problem, f"a line of the log: {line.problem}: {line.message[:200]}")


@probe(
    "8.2-attributed",
    why="a print statement belongs to the invocation that ran it",
    needs=("logs",),
    alone=True,
)
def attributed(session: Session) -> None:
    invocation, marker = new_id(), new_id()
    headers = {contract.load().header("invocation"): invocation}
    session.check(
        session.invoke(
            [
                {"do": "print", "text": marker},
                {"do": "await", "ms": 50},
                {"do": "send", "text": "x"},
            ],
            headers=headers,
        ),
        status=200,
    )
    session.wait_log(lambda lines: any(line.message == marker for line in lines))
    whose = [line.invocation for line in session.log() if line.message == marker]
    session.expect(whose == [invocation], f"the line came {len(whose)} times, under {whose}")


@probe(
    "8.3-hundred-at-once",
    why="with a hundred in flight every line has the right id, and none is lost",
    needs=("logs",),
    profile="isolation",
    alone=True,
)
def hundred_at_once(session: Session) -> None:
    count, marker = 100, new_id()
    ids = [f"{marker}-{number}" for number in range(count)]

    def call(invocation: str) -> Answer:
        steps: list[Step] = [
            {"do": "log", "message": f"before {invocation}"},
            {"do": "meet", "name": marker, "count": count, "timeout_ms": 15000},
            {"do": "log", "message": f"after {invocation}"},
            {"do": "error", "message": f"last {invocation}"},
            {"do": "send", "text": invocation, "headers": {"x-id": invocation}},
        ]
        return session.invoke(
            steps, headers={contract.load().header("invocation"): invocation}, timeout=25
        )

    answers = session.together([partial(call, invocation) for invocation in ids])
    for invocation, answer in zip(ids, answers, strict=True):
        session.check(answer, status=200, text=invocation, headers={"x-id": invocation})
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) >= 3 * count, 8)
    lines = [
        line
        for line in session.log()
        if marker in line.message and line.message.split()[0] in ("before", "after", "last")
    ]
    session.expect(len(lines) == 3 * count, f"{3 * count} lines were logged, {len(lines)} arrived")
    wrong = [line for line in lines if line.message.split()[1] != line.invocation]
    session.expect(not wrong, f"{len(wrong)} lines carry another id, such as {wrong[:1]}")


@probe(
    "8.3-native-at-once",
    why="print statements of overlapping invocations are not lost",
    needs=("logs",),
    profile="isolation",
    alone=True,
)
def native_at_once(session: Session) -> None:
    count, marker = 20, new_id()

    def call(number: int) -> Answer:
        steps: list[Step] = [
            {"do": "meet", "name": marker, "count": count, "timeout_ms": 10000},
            {"do": "print", "text": f"{marker} {number}"},
            {"do": "send", "text": "x"},
        ]
        return session.invoke(steps, timeout=15)

    session.together([partial(call, number) for number in range(count)])
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) >= count)
    seen = sorted(
        int(line.message.split()[1]) for line in session.log() if line.message.startswith(marker)
    )
    session.expect(seen == list(range(count)), f"{count} lines were printed, these arrived: {seen}")


@probe("8.4-megabyte", why="a stack of a whole megabyte is one line", needs=("logs",), alone=True)
def megabyte(session: Session) -> None:
    marker = new_id()
    # ASCII: an engine cuts long lines for its own log, and spoils a character that it cuts in two.
    message = marker + "x" * (contract.load().limit("log_message_bytes") - len(marker))
    session.check(
        session.invoke([{"do": "log", "message": message}, {"do": "send", "text": "x"}]), status=200
    )
    session.wait_log(lambda lines: any(line.message.startswith(marker) for line in lines), 8)
    found = [line.message for line in session.log() if line.message.startswith(marker)]
    session.expect(
        found == [message],
        f"the line arrived {len(found)} times, with {[len(text) for text in found]} characters",
    )


@probe("8.4-invalid-utf8", why="bytes that are no text must not break the log", needs=("logs",))
def invalid_utf8(session: Session) -> None:
    marker = new_id()
    raw = base64.b64encode(f"{marker} ".encode() + b"\xff\xfe!").decode()
    session.check(
        session.invoke([{"do": "bytes", "base64": raw}, {"do": "send", "text": "x"}]), status=200
    )
    session.wait_log(lambda lines: any(line.message.startswith(marker) for line in lines))
    found = [line for line in session.log() if line.message.startswith(marker)]
    session.require(len(found) == 1, f"the line arrived {len(found)} times")
    session.expect(
        "\ufffd" in found[0].message and found[0].message.endswith("!"),
        f"the line is {found[0].message!r}",
    )


@probe(
    "8.5-flood",
    why="more output than a pipe holds must not stop the server",
    needs=("logs",),
    alone=True,
)
def flood(session: Session) -> None:
    slow: list[float] = []

    def ask_health() -> None:
        time.sleep(0.1)
        slow.append(session.get("health").seconds)

    def call() -> None:
        steps: list[Step] = [{"do": "flood", "bytes": 4_000_000}, {"do": "send", "text": "dry"}]
        session.check(session.invoke(steps), status=200, text="dry")

    session.together([call, ask_health])
    session.expect(slow[0] < 1, f"health took {slow[0]:.2f} s during a flood")
    session.honest()


@probe(
    "8.9-silence", why="an invocation that says nothing costs nothing", needs=("logs",), alone=True
)
def silence(session: Session) -> None:
    session.honest()
    time.sleep(0.2)
    before = session.log()
    # A busy machine may still be reading what a talkative one said.
    earlier = {line.invocation for line in before} - {None}
    for _ in range(20):
        session.check(session.invoke([{"do": "send", "text": "x"}]), status=200)
    time.sleep(0.3)
    new = [line for line in session.log()[len(before) :] if line.invocation not in earlier]
    session.expect(not new, f"twenty silent invocations wrote {len(new)} lines, such as {new[:1]}")


@probe(
    "9.2-own-lines",
    why="under concurrency the result holds this invocation's lines only",
    profile="isolation",
    alone=True,
)
def own_lines(session: Session) -> None:
    marker, count = new_id(), 10

    def call(number: int) -> Answer:
        steps: list[Step] = [
            {"do": "log", "message": f"{number} before"},
            {"do": "meet", "name": marker, "count": count, "timeout_ms": 10000},
            {"do": "log", "message": f"{number} after"},
            {"do": "send", "text": str(number)},
        ]
        return session.invoke(steps, headers={contract.load().header("result"): "envelope"})

    answers = session.together([partial(call, number) for number in range(count)])
    for number, answer in enumerate(answers):
        session.check(answer, status=200, contains={"body": str(number)})
        lines = [line["message"] for line in answer.json()["logs"]]
        session.expect(
            lines == [f"{number} before", f"{number} after"], f"the lines of {number} are {lines}"
        )


@probe("9.3-cap", why="a talkative function must not make an answer without end", alone=True)
def cap(session: Session) -> None:
    limit = contract.load().limit("result_log_bytes")
    steps: list[Step] = [
        {"do": "log", "message": "x" * 1000, "times": limit // 1000 + 500},
        {"do": "log", "message": "newest"},
        {"do": "send", "text": "x"},
    ]
    answer = session.invoke(
        steps, headers={contract.load().header("result"): "envelope"}, timeout=30
    )
    session.check(answer, status=200, contains={"truncated": True, "body": "x"})
    kept = [line["message"] for line in answer.json()["logs"]]
    size = sum(len(message) for message in kept)
    session.expect(size <= limit, f"{size} bytes of messages were kept")
    session.expect(size > limit * 0.9, f"only {size} bytes of messages were kept")
    session.expect(kept[-1:] == ["newest"], f"the newest line is {kept[-1:]}")


@probe("9.1-duration", why="an executor bills by what the runtime measured")
def duration(session: Session) -> None:
    steps: list[Step] = [{"do": "await", "ms": 200}, {"do": "send", "text": "x"}]
    answer = session.invoke(steps, headers={contract.load().header("result"): "envelope"})
    took = answer.json().get("duration_ms")
    session.require(isinstance(took, int | float), f"duration_ms is {took!r}")
    session.expect(
        150 <= took <= answer.seconds * 1000 + 5,
        f"duration_ms is {took}, the answer took {answer.seconds * 1000:.0f} ms",
    )
