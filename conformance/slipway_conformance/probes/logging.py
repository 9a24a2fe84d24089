"""Section 8: whose line it is, and what a flood does."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from .. import contract
from ..cases import probe
from ..session import Session, Step, new_id
from ..wire import Answer

# How far apart two lines are logged; how much sooner than asked for, and later than answered, one may
# seem to be on a busy machine.
_APART = 0.5
_INACCURATE, _LATE = 0.1, 2.0
# Characters of a line that is longer than a pipe holds.
_LONG = 100_000


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


@probe("8.1-clock", why="a line says when it was logged", needs=("logs",))
def clock(session: Session) -> None:
    invocation = new_id()
    began = time.time()
    steps: list[Step] = [
        {"do": "log", "message": "sooner"},
        {"do": "await", "ms": _APART * 1000},
        {"do": "error", "message": "later"},
        {"do": "send", "text": "x"},
    ]
    session.invoke(steps, headers={contract.load().header("invocation"): invocation})
    ended = time.time()
    session.wait_log(lambda lines: sum(line.invocation == invocation for line in lines) >= 2)
    told = [line.time or "" for line in session.log() if line.invocation == invocation]
    session.require(len(told) == 2, f"{len(told)} lines arrived")
    times = [datetime.fromisoformat(one).timestamp() for one in told]
    session.expect(
        began - _INACCURATE < times[0] and times[1] < ended + _LATE,
        f"the lines say {told}, between {_utc(began)} and {_utc(ended)}",
    )
    session.expect(times[1] - times[0] > _APART / 2, f"{_APART} s apart, the lines say {told}")


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


@probe(
    "8.1-standard-output",
    why="who collects the log reads one stream",
    needs=("logs", "container"),
    alone=True,
)
def standard_output(session: Session) -> None:
    marker = new_id()
    steps: list[Step] = [{"do": "error", "message": marker}, {"do": "throw", "message": marker}]
    session.check(session.invoke(steps), error="function_error")
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) >= 2)
    container = getattr(session.running, "container")  # noqa: B009
    other = container.logs(stdout=False, stderr=True).decode(errors="replace")
    session.expect(not other, f"on standard error stands {other[:500]!r}")


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
    why="print statements of overlapping invocations are not lost, nor another's",
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
        headers = {contract.load().header("invocation"): f"{marker}-{number}"}
        return session.invoke(steps, headers=headers, timeout=15)

    session.together([partial(call, number) for number in range(count)])
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) >= count)
    printed = [line for line in session.log() if line.message.startswith(marker)]
    seen = sorted(int(line.message.split()[1]) for line in printed)
    session.expect(seen == list(range(count)), f"{count} lines were printed, these arrived: {seen}")
    wrong = [
        line for line in printed if line.invocation not in (None, "-".join(line.message.split()))
    ]
    session.expect(not wrong, f"{len(wrong)} lines carry another's id, such as {wrong[:1]}")


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


@probe(
    "8.3-long-at-once",
    why="lines that are longer than a pipe holds must not come between each other",
    needs=("logs",),
    profile="isolation",
    alone=True,
)
def long_at_once(session: Session) -> None:
    count, marker = 4, new_id()
    wanted = sorted(f"{marker} {number}" + str(number) * _LONG for number in range(count)) * 2

    def call(number: int) -> Answer:
        message = f"{marker} {number}" + str(number) * _LONG
        steps: list[Step] = [
            {"do": "meet", "name": marker, "count": count, "timeout_ms": 10000},
            {"do": "log", "message": message, "times": 2},
            {"do": "send", "text": "x"},
        ]
        return session.invoke(steps)

    session.together([partial(call, number) for number in range(count)])
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) >= len(wanted), 8)
    found = sorted(line.message for line in session.log() if marker in line.message)
    session.expect(
        found == sorted(wanted),
        f"{len(wanted)} lines were logged, {sum(line in wanted for line in found)} arrived whole",
    )


@probe(
    "8.4-printed",
    why="what is printed arrives whole, however it is cut on its way to the server",
    needs=("logs",),
    alone=True,
)
def printed(session: Session) -> None:
    marker = new_id()
    # Short enough for an engine to leave it whole; its characters, and the next line, begin at an odd byte, so
    # that pieces of an even size cut some of them.
    accents = f"{marker}-accents {'é' * 4500}"
    accents = f"{'x' * (len(accents.encode()) % 2 == 0)}{accents}x"
    many, long = 9, f"{marker}-long {'x' * 2 * _LONG}"
    steps: list[Step] = [
        {"do": "print", "text": accents, "times": many},
        {"do": "print", "text": long},
        {"do": "send", "text": "x"},
    ]
    session.check(session.invoke(steps), status=200)
    session.wait_log(lambda lines: sum(marker in line.message for line in lines) > many, 8)
    found = [line.message for line in session.log() if marker in line.message]
    whole = found.count(accents)
    session.expect(whole == many, f"{many} lines beyond ASCII were printed, {whole} came whole")
    lengths = [len(line) for line in found if line.startswith(f"{marker}-long")]
    session.expect(long in found, f"of a line of {len(long)} characters {lengths} arrived")


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
    "8.6-made",
    why="an id that is made is this invocation's alone, wherever it stands",
    needs=("logs",),
)
def made(session: Session) -> None:
    marker, name = new_id(), contract.load().header("invocation")
    steps: list[Step] = [{"do": "log", "message": marker}, {"do": "report"}]
    ids = []
    for _ in range(3):
        answer = session.check(session.invoke(steps), status=200)
        ids.append(answer.header(name))
        session.check(answer, contains={"request": {"id": ids[-1]}})
    session.expect(len(set(ids)) == len(ids), f"of these ids some are the same: {ids}")
    session.wait_log(lambda lines: sum(line.message == marker for line in lines) >= len(ids))
    logged = [line.invocation for line in session.log() if line.message == marker]
    session.expect(
        sorted(map(str, logged)) == sorted(map(str, ids)), f"{ids} are {logged} in the log"
    )


@probe(
    "8.8-every-line",
    why="what is printed, and what went wrong, belongs to the trace as well",
    needs=("logs",),
    alone=True,
)
def traced(session: Session) -> None:
    terms = contract.load()
    invocation, trace = new_id(), "4bf92f3577b34da6a3ce929d0e0e4736"
    headers = {
        terms.header("invocation"): invocation,
        terms.header("trace"): f"00-{trace}-00f067aa0ba902b7-01",
    }
    steps: list[Step] = [
        {"do": "print", "text": "printed"},
        {"do": "await", "ms": 50},
        {"do": "throw", "message": "thrown"},
    ]
    session.check(session.invoke(steps, headers=headers), error="function_error")
    session.wait_log(
        lambda lines: any(
            "thrown" in line.message for line in lines if line.invocation == invocation
        )
    )
    for line in session.log():
        if line.invocation == invocation:
            session.expect(
                line.trace_id == trace, f"the trace of {line.message[:100]!r} is {line.trace_id}"
            )


@probe(
    "8.9-silence", why="an invocation that says nothing costs nothing", needs=("logs",), alone=True
)
def silence(session: Session) -> None:
    _silent(session, lambda: session.invoke([{"do": "send", "text": "x"}]))


@probe(
    "8.9-silence-in-raw-mode",
    why="an access log is no business of a runtime",
    profile="raw",
    needs=("logs",),
    alone=True,
)
def raw_silence(session: Session) -> None:
    steps: list[Step] = [{"do": "send", "text": "x"}]
    _silent(session, lambda: session.invoke(steps, raw=True, method="GET", target="/x"))


def _silent(session: Session, call: Callable[[], Answer]) -> None:
    session.honest()
    time.sleep(0.2)
    before = session.log()
    # A busy machine may still be reading what a talkative one said.
    earlier = {line.invocation for line in before} - {None}
    for _ in range(20):
        session.check(call(), status=200)
    time.sleep(0.3)
    new = [line for line in session.log()[len(before) :] if line.invocation not in earlier]
    session.expect(not new, f"twenty silent invocations wrote {len(new)} lines, such as {new[:1]}")


@probe(
    "8.9-no-file",
    why="a file for each invocation fills what room there is",
    needs=("container",),
    alone=True,
)
def no_file(session: Session) -> None:
    container = getattr(session.running, "container")  # noqa: B009

    def files() -> str:
        output: bytes = container.exec_run(["sh", "-c", "ls -AR /tmp"]).output
        return output.decode(errors="replace")

    session.honest()
    before = files()
    for _ in range(3):
        session.check(session.invoke([{"do": "send", "text": "x"}]), status=200)
    after = files()
    session.expect(after == before, f"in /tmp was {before!r}, and is {after!r}")
