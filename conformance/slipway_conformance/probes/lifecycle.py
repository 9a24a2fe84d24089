"""Section 10: starting, being unable to, and outliving what the function does. How a server ends is in
endings."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from .. import contract
from ..cases import probe
from ..session import NotJudged, Session, Step, new_id
from ..targets import THROWN
from ..wire import WireError
from .endings import ends_well
from .full import while_full

_SLOTS = 2
# No language takes it for a program, but for those in which text is one.
_BROKEN = ")]}{ '''\n"


@probe(
    "10.1-listening-line",
    why="who waits for the line must be able to connect then",
    needs=("launch", "logs"),
)
def listening_line(session: Session) -> None:
    with session.fresh(wait=None) as fresh:
        deadline = time.monotonic() + 20
        while not any(line.message.startswith("listening on ") for line in fresh.log()):
            session.require(time.monotonic() < deadline, "no line says that it listens within 20 s")
            session.require(
                fresh.running.alive(), f"it ended while starting: {fresh.running.log_tail()}"
            )
            time.sleep(0.002)
        fresh.check(fresh.get("ready"), status=200)
        fresh.check(fresh.invoke([{"do": "send", "text": "x"}]), status=200, text="x")
        session.expect(
            len(fresh.log()) == 1,
            f"one line was expected at the start: {[line.message for line in fresh.log()]}",
        )


@probe(
    "10.1-loaded-once",
    why="parsing a function again for each call gives its speed away",
    alone=True,
)
def loaded_once(session: Session) -> None:
    counts = [
        session.invoke([{"do": "count"}, {"do": "report"}]).json()["seen"]["count"]
        for _ in range(5)
    ]
    session.expect(
        counts == list(range(counts[0], counts[0] + 5)),
        f"five invocations in a row counted {counts}",
    )


@probe(
    "10.2-missing",
    why="a wrong mount must be seen by whoever asks",
    needs=("launch", "logs", "build"),
)
def missing(session: Session) -> None:
    with session.folder() as empty, session.fresh(folder=empty, wait="health") as fresh:
        _not_loaded(fresh)


@probe(
    "10.2-broken",
    why="a function with a syntax error must say so, and the server must stay",
    needs=("source", "logs"),
)
def broken(session: Session) -> None:
    with _serving(session, broken_source(session)) as fresh:
        _not_loaded(fresh, named=default_entrypoint(session).rpartition("/")[2])


@probe(
    "10.2-throws",
    why="a function that fails while it is loaded must say so, and the server must stay",
    needs=("source", "logs"),
)
def throws(session: Session) -> None:
    if not session.launcher.throws:
        raise NotJudged("a runtime.yaml that says how its language throws")
    with _serving(session, session.launcher.throws) as fresh:
        _not_loaded(fresh, named=THROWN)


@probe(
    "10.2-nothing-to-call",
    why="a file that holds no function must say so, not fail each caller",
    needs=("source", "logs"),
)
def nothing_to_call(session: Session) -> None:
    with _serving(session, "\n") as fresh:
        _not_loaded(fresh)


@contextlib.contextmanager
def _serving(session: Session, text: str) -> Iterator[Session]:
    """A target whose function is one file that holds *text*."""
    entry = default_entrypoint(session)
    session.require(bool(entry), "the target doesn't say what its default entry point is")
    with (
        session.folder({entry: text}) as folder,
        session.fresh(folder=folder, wait="health") as fresh,
    ):
        yield fresh


def broken_source(session: Session) -> str:
    """The text of a source file that the target can't load."""
    return session.launcher.broken or _BROKEN


def default_entrypoint(session: Session) -> str:
    """The file that the target loads by default, as its image or its description says."""
    if "container" in session.launcher.abilities:
        return session.launcher.labels()["launch"][contract.load().label("entrypoint")]
    described = getattr(session.launcher, "runtime", session.launcher)
    return str(getattr(described, "entrypoint", ""))


def _not_loaded(session: Session, named: str = "") -> None:
    """What a server says without a function, and in its log, where *named* is what can't be loaded."""
    session.check(session.get("health"), status=200)
    session.check(session.get("ready"), error="function_not_loaded")
    session.check(session.invoke([{"do": "send", "text": "x"}]), error="function_not_loaded")
    if "raw" in (session.launcher.profiles or {"raw"}):
        answer = session.invoke([], raw=True, method="GET", target="/x")
        session.check(answer, error="function_not_loaded")
    session.check(session.invoke([], secret=False), error="unauthorized")
    session.expect(
        session.wait_log(
            lambda lines: any(named in line.message for line in lines if line.level == "error")
        ),
        f"no error line says why the function could not be loaded, and where ({named or 'anywhere'})",
    )
    listens = [line.message.startswith("listening on ") for line in session.log()]
    wrong = [line.level == "error" for line in session.log()]
    session.expect(
        True not in wrong[listens.index(True) if True in listens else 0 :],
        "it listened before it had tried to load the function",
    )


@probe(
    "10.3-health-when-full",
    why="an orchestrator must not kill a server for being busy",
    launch={"RUNTIME_CONCURRENCY": str(_SLOTS)},
)
def health_when_full(session: Session) -> None:
    while_full(session, _SLOTS, lambda: session.get("health"), status=200)
    session.check(session.get("ready"), status=200)


@probe(
    "10.4-says-why",
    why="who asks why nothing is taken must hear the same from readiness",
    launch={"RUNTIME_CONCURRENCY": str(_SLOTS)},
)
def says_why(session: Session) -> None:
    while_full(session, _SLOTS, lambda: session.get("ready"), error="overloaded")


@probe("10.4-ready", why="readiness is what a load balancer goes by")
def ready(session: Session) -> None:
    session.check(session.get("ready"), status=200)
    session.check(session.get("health"), status=200)


@probe(
    "10.6-zombies",
    why="process 1 that doesn't reap fills the process table",
    needs=("container", "stats"),
    alone=True,
    harms=True,
)
def zombies(session: Session) -> None:
    for _ in range(3):
        with contextlib.suppress(WireError):
            session.invoke([{"do": "exit", "how": "kill"}])
        session.honest(contract.load().limit("recovery_seconds"))
    time.sleep(0.3)
    container = getattr(session.running, "container")  # noqa: B009
    script = "cat /proc/[0-9]*/stat 2>/dev/null"
    states = [
        line.rpartition(")")[2].split()[0]
        for line in container.exec_run(["sh", "-c", script])
        .output.decode(errors="replace")
        .splitlines()
    ]
    session.expect(
        "Z" not in states, f"{states.count('Z')} processes that ended were never waited for"
    )


@probe(
    "10.6-signal-reaches",
    why="a shell in front of the server must not swallow its signals",
    needs=("signals", "launch"),
    quiet=True,
)
def signal_reaches(session: Session) -> None:
    with session.fresh() as fresh:
        fresh.running.signal("SIGTERM")
        ends_well(fresh, "SIGTERM", 5)


@probe(
    "10.7-background",
    why="a failure that nobody waits for is nobody else's failure",
    needs=("logs",),
    quiet=True,
)
def background(session: Session) -> None:
    marker = new_id()

    def fail_later() -> None:
        steps: list[Step] = [
            {"do": "background", "ms": 50, "message": marker},
            {"do": "send", "text": "answered"},
        ]
        session.check(session.invoke(steps), status=200, text="answered")

    def bystander() -> None:
        session.check(
            session.invoke([{"do": "await", "ms": 600}, {"do": "send", "text": "untouched"}]),
            status=200,
            text="untouched",
        )

    session.together([bystander, fail_later])
    session.expect(
        session.wait_log(
            lambda lines: any(marker in line.message and line.level == "error" for line in lines)
        ),
        "the background failure is not in the log",
    )
    session.honest()


@probe("10.7-late-log", why="a line that comes after the answer still has its id", needs=("logs",))
def late_log(session: Session) -> None:
    marker, invocation = new_id(), new_id()
    steps: list[Step] = [
        {"do": "background_log", "ms": 80, "message": marker},
        {"do": "send", "text": "x"},
    ]
    session.check(
        session.invoke(steps, headers={contract.load().header("invocation"): invocation}),
        status=200,
    )
    session.wait_log(lambda lines: any(line.message == marker for line in lines))
    whose = [line.invocation for line in session.log() if line.message == marker]
    session.expect(whose == [invocation], f"the late line came under {whose}")


def _ends_itself(session: Session, how: str) -> None:
    """10.8: whatever its answer was, the next caller is served in time."""
    with contextlib.suppress(WireError):
        session.invoke([{"do": "exit", "how": how}])
    session.honest(contract.load().limit("recovery_seconds"))


@probe(
    "10.8-exit",
    why="a function that exits must not be a way to stop the server",
    alone=True,
    harms=True,
)
def exits(session: Session) -> None:
    _ends_itself(session, "exit")


@probe("10.8-abort", why="a fatal error is survived", alone=True, harms=True)
def aborts(session: Session) -> None:
    _ends_itself(session, "abort")


@probe("10.8-kill", why="a function that is killed is replaced", alone=True, harms=True)
def kills(session: Session) -> None:
    _ends_itself(session, "kill")


@probe(
    "10.8-memory",
    why="a function that takes all memory is ended, not the server",
    needs=("exhaust",),
    alone=True,
)
def memory(session: Session) -> None:
    with session.fresh() as fresh:
        with contextlib.suppress(WireError):
            fresh.invoke([{"do": "allocate"}, {"do": "send", "text": "x"}], timeout=25)
        fresh.honest(contract.load().limit("recovery_seconds"))


@probe(
    "10.9-answered",
    why="whoever called a function that ended itself should hear so",
    alone=True,
    harms=True,
)
def answered(session: Session) -> None:
    for how in ("exit", "abort", "kill"):
        try:
            session.check(session.invoke([{"do": "exit", "how": how}]), error="function_error")
        except WireError as error:
            session.fail(f"{how}: no answer: {error}")
        session.honest(contract.load().limit("recovery_seconds"))


@probe(
    "10.10-patched",
    why="a patched library must not reach other callers' answers",
    needs=("launch",),
    profile="isolation",
    quiet=True,
)
def patched(session: Session) -> None:
    with session.fresh() as fresh:
        with contextlib.suppress(WireError):
            fresh.invoke([{"do": "patch"}, {"do": "send", "text": "patched"}])
        fresh.check(
            fresh.invoke([{"do": "json", "value": {"a": [1]}}]), status=200, text='{"a":[1]}'
        )
        fresh.check(fresh.get("health"), status=200)
