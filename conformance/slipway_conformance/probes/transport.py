"""Section 1: connections, and what happens before anybody is authorised."""

from __future__ import annotations

import secrets
import statistics
import time
from pathlib import Path

from .. import contract
from ..cases import probe
from ..session import Session, Step
from ..wire import WireError
from .full import while_full

_RUN: tuple[Step, ...] = ({"do": "send", "text": "ran"},)


@probe("1.1-close-on-request", why="a client that asks for the connection's end gets it")
def close_on_request(session: Session) -> None:
    for asked in ("close", "Close", "keep-alive, close"):
        with session.connect() as wire:
            answer = session.invoke(
                [{"do": "send", "text": "x"}], headers={"connection": asked}, wire=wire
            )
            session.check(answer, status=200, text="x")
            session.expect(wire.closed(), f"the connection stayed open after connection: {asked}")


@probe("1.2-almost", why="what is nearly the secret, or comes in another place, is none")
def almost(session: Session) -> None:
    secret = session.running.secret
    for name, guess in (
        ("more than the secret", f"{secret}x"),
        ("all of it but the end", secret[:-1]),
        ("its first character", secret[:1]),
        ("capitals for its small letters", secret.swapcase()),
    ):
        answer = session.invoke(_RUN, secret=guess)
        session.expect(answer.status == 401, f"{name} was answered {answer.status}")
    answer = session.invoke(_RUN, secret=False, headers={"authorization": f"Bearer {secret}"})
    session.expect(answer.status == 401, f"the secret as a bearer was answered {answer.status}")


@probe("1.8-secret-twice", why="a guess beside the secret is no way to try two at once")
def secret_twice(session: Session) -> None:
    secret, name = session.running.secret, contract.load().header("secret")
    for given in ([secret, "guess"], ["guess", secret], [secret, secret]):
        answer = session.invoke(_RUN, secret=False, headers={name: given})
        session.check(answer, error="unauthorized")


@probe(
    "1.3-before-limits",
    why="a stranger learns neither how full a server is nor what would be too large for it",
    launch={"RUNTIME_CONCURRENCY": "2"},
)
def before_limits(session: Session) -> None:
    while_full(session, 2, lambda: session.invoke(_RUN, secret=False), error="unauthorized")
    left_out = ("content-length", contract.load().header("secret"))
    lines = [line for line in session.head_lines() if not line.startswith(left_out)]
    length = contract.load().default("max_body") + 1
    with session.connect(5) as wire:
        wire.send("\r\n".join([*lines, f"content-length: {length}", "", ""]).encode())
        session.check(wire.answer(timeout=3), error="unauthorized")


@probe(
    "1.3-no-trace",
    why="strangers must not be able to fill a log or a disk",
    needs=("launch", "logs"),
    quiet=True,
)
def no_trace(session: Session) -> None:
    contained = "container" in session.launcher.abilities
    with (
        session.folder() as folder,
        session.fresh({} if contained else {"TMPDIR": str(folder)}) as fresh,
    ):
        fresh.honest()
        # Whoever writes that it listens may come to that after its first answer.
        fresh.wait_log(lambda lines: any(one.message.startswith("listening on ") for one in lines))
        before = len(fresh.log()), _files(fresh, folder)
        for _ in range(5):
            fresh.check(fresh.invoke(_RUN, secret=False), error="unauthorized")
        time.sleep(0.2)
        lines, files = fresh.log()[before[0] :], _files(fresh, folder) - before[1]
        session.expect(not lines, f"refused requests were logged: {[one.message for one in lines]}")
        session.expect(not files, f"refused requests left {sorted(files)}")


def _files(session: Session, folder: Path) -> set[str]:
    """What lies where temporary files go: in *folder*, or in /tmp of a container."""
    if "container" not in session.launcher.abilities:
        return {str(path) for path in folder.rglob("*")}
    container = getattr(session.running, "container")  # noqa: B009
    return set(container.exec_run(["sh", "-c", "ls -R /tmp"]).output.decode().splitlines())


@probe("1.3-body-unread", why="an unauthorised caller must not make the server read a body")
def body_unread(session: Session) -> None:
    with session.connect(5) as wire:
        head = [
            line
            for line in session.head_lines()
            if not line.startswith((contract.load().header("secret"), "content-length"))
        ]
        wire.send("\r\n".join([*head, "content-length: 1000000", "", ""]).encode())
        try:
            session.check(wire.answer(timeout=3), error="unauthorized")
        except WireError as error:
            session.fail(f"no answer before the body was sent: {error}")


@probe(
    "1.3-no-descriptors",
    why="requests without the secret must leave no descriptor behind",
    needs=("stats",),
    alone=True,
)
def no_descriptors(session: Session) -> None:
    session.honest()
    before = session.stats().descriptors
    for _ in range(50):
        session.check(
            session.invoke(
                [], secret=False, headers={"x-runtime-invocation-id": "../" + secrets.token_hex(4)}
            ),
            error="unauthorized",
        )
    deadline = time.monotonic() + 3
    while (now := session.stats().descriptors) > before + 5 and time.monotonic() < deadline:
        time.sleep(0.2)
    session.expect(
        now <= before + 5, f"{before} descriptors before fifty refused requests, {now} after them"
    )


@probe(
    "1.4-time",
    why="how long a refusal takes must not tell how much of the secret was right",
    alone=True,
)
def constant_time(session: Session) -> None:
    secret = session.running.secret
    guesses = {"first wrong": "~" + secret[1:], "last wrong": secret[:-1] + "~"}
    seconds: dict[str, list[float]] = {name: [] for name in guesses}
    for _ in range(60):
        for name, guess in guesses.items():
            answer = session.invoke([], secret=guess)
            session.require(answer.status == 401, f"a wrong secret was answered {answer.status}")
            seconds[name].append(answer.seconds)
    early, late = (statistics.median(seconds[name]) for name in guesses)
    # Far above what a byte-wise comparison would show, far below what a comparison with side effects would.
    session.expect(
        abs(early - late) < 0.005,
        f"median {early * 1e3:.2f} ms with the first byte wrong, {late * 1e3:.2f} ms with the last",
    )
