"""What a case has in its hands: a running target to talk to, and a place to say what it found."""

from __future__ import annotations

import contextlib
import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, evolve, field, frozen

from . import contract, expectations, logs
from .cases import Case
from .targets import FREE, Ability, Confined, Launcher, Running, Stats
from .wire import Answer, Sent, Wire, WireError, header_list

STEPS_HEADER = "x-conformance-steps"
_LOG_SECONDS, _BEGUN_SECONDS = 3.0, 10.0
# Exchanges that a report shows of one case.
_SHOWN = 3
_LINES_SHOWN = 12
_LINE_SHOWN = 1000
T = TypeVar("T")
Step = Mapping[str, Any]


class Violation(AssertionError):
    """A case can't go on: what it found so far says why."""


class NotJudged(Exception):
    """The target can't show what the case wants to see; the message names the ability it lacks."""


@frozen
class Exchanged:
    """A request and its answer (or why there was none), kept for the report. ``sent`` are the bytes
    themselves where a case wrote them by hand."""

    sent: Sent | bytes
    answer: Answer | None
    problem: str = ""


@define
class Session:
    """One run of one case. Mismatches are collected; nothing is raised until the case is over, but
    for ``require``."""

    case: Case
    launcher: Launcher
    running: Running
    found: list[str] = field(factory=list)
    exchanged: list[Exchanged] = field(factory=list)
    blamed: list[Answer] = field(factory=list)
    kept: list[tuple[Sent, Mapping[str, Any]]] = field(factory=list)
    # Of all servers of this case: each has its own, and no report may tell any.
    secrets: set[str] = field(factory=set)

    def __attrs_post_init__(self) -> None:
        self.secrets.add(self.running.secret)

    # Saying what was found

    def fail(self, mismatch: str) -> None:
        self.found.append(mismatch)

    def expect(self, holds: bool, mismatch: str) -> None:
        """Notes *mismatch* unless *holds*."""
        if not holds:
            self.fail(mismatch)

    def require(self, holds: bool, mismatch: str) -> None:
        """As ``expect``, but the case ends here where it makes no sense to go on."""
        if not holds:
            self.fail(mismatch)
            raise Violation(mismatch)

    def check(self, answer: Answer, **expect: Any) -> Answer:
        """Compares *answer* with what cases.schema.json calls an expectation."""
        self.blame(answer, expectations.mismatches(expect, answer))
        return answer

    def blame(self, answer: Answer, mismatches: Sequence[str]) -> None:
        """Notes what is wrong with *answer*, so that a report shows this exchange and no other."""
        if mismatches:
            self.found.extend(mismatches)
            self.blamed.append(answer)

    def keep(self, answer: Answer, expect: Mapping[str, Any]) -> None:
        """Notes the request behind a wrong *answer*, and what should have come."""
        for exchanged in self.exchanged:
            if exchanged.answer is answer and isinstance(exchanged.sent, Sent):
                self.kept.append((exchanged.sent, expect))

    @property
    def telling(self) -> tuple[Exchanged, ...]:
        """The exchanges that a report should show: those that are to blame, else the last ones."""
        wrong = [
            e for e in self.exchanged if e.answer is None or any(e.answer is a for a in self.blamed)
        ]
        return tuple(wrong[:_SHOWN] or self.exchanged[-_SHOWN:])

    # Talking to the target

    def invoke(
        self,
        steps: Sequence[Step] | None = None,
        *,
        envelope: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | list[str] | None] | None = None,
        secret: bool | str = True,
        method: str = "POST",
        target: str = "/",
        body: bytes | None = None,
        raw: bool = False,
        timeout: float = 15.0,
        wire: Wire | None = None,
    ) -> Answer:
        """One request and its answer; WireError where none comes. ``steps`` go into the envelope,
        in raw mode into a header; ``headers`` override the usual ones, None leaves one out."""
        sent = self.request(
            steps,
            envelope=envelope,
            headers=headers,
            secret=secret,
            method=method,
            target=target,
            body=body,
            raw=raw,
        )
        return self.send(sent, timeout=timeout, wire=wire)

    def request(
        self,
        steps: Sequence[Step] | None = None,
        *,
        envelope: Mapping[str, Any] | None = None,
        headers: Mapping[str, str | list[str] | None] | None = None,
        secret: bool | str = True,
        method: str = "POST",
        target: str = "/",
        body: bytes | None = None,
        raw: bool = False,
    ) -> Sent:
        """The request that ``invoke`` would send."""
        terms = contract.load()
        usual: dict[str, str | list[str] | None] = {}
        if secret is not False:
            usual[terms.header("secret")] = self.running.secret if secret is True else secret
        if raw:
            usual[terms.header("mode")] = "raw"
            if steps is not None:
                usual[STEPS_HEADER] = json.dumps(list(steps))
        elif body is None and method == "POST":
            members = dict(envelope or {})
            if steps is not None:
                members["payload"] = {"steps": list(steps), **dict(members.get("payload") or {})}
            body = json.dumps(members, ensure_ascii=False).encode("utf-8", "surrogatepass")
            usual["content-type"] = "application/json"
        given = dict(headers or {})
        lower = {name.lower() for name in given}
        merged = {name: value for name, value in usual.items() if name not in lower} | given
        return Sent(method, target, tuple(header_list(merged)), body or b"")

    def send(self, sent: Sent, *, timeout: float = 15.0, wire: Wire | None = None) -> Answer:
        """Sends a request, on a connection of its own unless one is given, and keeps what was
        exchanged."""
        try:
            if wire is not None:
                answer = wire.request(sent)
            else:
                with self.connect(timeout) as own:
                    answer = own.request(sent)
        except (WireError, OSError) as error:
            self.exchanged.append(Exchanged(sent, None, str(error)))
            raise error if isinstance(error, WireError) else WireError(str(error)) from error
        self.exchanged.append(Exchanged(sent, answer))
        return answer

    def connect(self, timeout: float = 15.0, *, near: bool = False) -> Wire:
        """A connection for raw bytes, to the server itself where it must be *near*."""
        running = self.running
        try:
            connected = running.dial(timeout, near=near)
            return Wire(running.host, running.port, timeout, self._record, connected)
        except OSError as error:
            raise WireError(f"no connection: {error}") from error

    def _record(self, raw: bytes, answer: Answer | None, problem: str) -> None:
        self.exchanged.append(Exchanged(raw, answer, problem))

    def get(self, path: str) -> Answer:
        """GET of health or readiness, by its name in contract.yaml, without a secret."""
        return self.send(Sent("GET", contract.load().path(path), (), b""))

    def head_lines(
        self, *, body: bytes = b"", method: str = "POST", target: str = "/"
    ) -> list[str]:
        """The lines of an honest head, for probes that spoil one of them."""
        terms = contract.load()
        return [
            f"{method} {target} HTTP/1.1",
            f"host: {self.running.host}:{self.running.port}",
            f"{terms.header('secret')}: {self.running.secret}",
            "content-type: application/json",
            f"content-length: {len(body)}",
        ]

    def together(self, calls: Sequence[Callable[[], T]], at_once: int | None = None) -> list[T]:
        """Runs all at once, or so many of them, each on its own thread; their results in order."""
        with ThreadPoolExecutor(max_workers=max(1, at_once or len(calls))) as pool:
            return [future.result() for future in [pool.submit(call) for call in calls]]

    def honest(self, within: float = 2.0) -> None:
        """The target answers an honest caller within *within* seconds, retries of a refused
        connection included."""
        deadline = time.monotonic() + within
        problem = "no answer"
        while time.monotonic() < deadline:
            try:
                answer = self.invoke(
                    [{"do": "send", "text": "honest"}],
                    timeout=max(0.1, deadline - time.monotonic()),
                )
            except WireError as error:
                problem = str(error)
            else:
                if answer.status == 200 and answer.text == "honest":
                    return
                problem = f"{answer.status} {answer.text[:200]}"
            time.sleep(0.02)
        self.fail(f"an honest caller was not answered within {within:g} s: {problem}")

    # Looking at the target

    def need(self, ability: Ability) -> None:
        """Ends the case as not judged where the target can't do *ability*."""
        if ability not in self.launcher.abilities:
            raise NotJudged(ability)

    def log(self) -> list[logs.LogLine]:
        self.need(Ability.LOGS)
        return self.running.log.parsed()

    def log_excerpt(self) -> str:
        """What a report shows of the log: the last lines of this case's invocations and of none."""
        name = contract.load().header("invocation")
        ids = {e.answer.header(name) for e in self.exchanged if e.answer} | {None}
        lines = self.running.log_lines()
        own = [line for line in lines if logs.parse_line(line).invocation in ids]
        return "\n".join(line[:_LINE_SHOWN] for line in own[-_LINES_SHOWN:])

    def wait_log(
        self, holds: Callable[[list[logs.LogLine]], bool], seconds: float = _LOG_SECONDS
    ) -> bool:
        """Whether the log comes to be so within *seconds*: lines may arrive after the answer."""
        deadline = time.monotonic() + seconds
        while not holds(self.log()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def wait_begun(self, marker: str, count: int) -> None:
        """Waits until *count* invocations have logged *marker*, which they do first of all: a machine that
        is busy takes its time to bring them there."""

        def begun(lines: list[logs.LogLine]) -> bool:
            return sum(line.message == marker for line in lines) >= count

        self.require(
            self.wait_log(begun, _BEGUN_SECONDS),
            f"{count} invocations should have said {marker!r} within {_BEGUN_SECONDS:g} s",
        )

    def stats(self) -> Stats:
        self.need(Ability.STATS)
        return self.running.stats()

    @contextlib.contextmanager
    def fresh(
        self,
        env: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        beside: Path | None = None,
        wait: str | None = "ready",
        confined: Confined = FREE,
    ) -> Iterator[Session]:
        """A session on a target of its own, which may be broken and is removed afterwards; findings
        count here."""
        self.need(Ability.LAUNCH)
        if confined is not FREE:
            self.need(Ability.CONFINED)
        running = self.launcher.launch(
            env or {}, folder=folder, beside=beside, wait=wait, confined=confined
        )
        try:
            yield evolve(self, running=running)
        finally:
            running.stop()

    @contextlib.contextmanager
    def folder(self, files: Mapping[str, str] | None = None) -> Iterator[Path]:
        """A temporary folder with *files*, readable by whoever serves."""
        with tempfile.TemporaryDirectory(prefix="slipway-") as name:
            top = Path(name)
            top.chmod(0o755)
            for path, text in (files or {}).items():
                (top / path).parent.mkdir(parents=True, exist_ok=True)
                (top / path).write_text(text, encoding="utf-8")
            yield top


def new_id() -> str:
    """An invocation id that no other case uses."""
    return f"case-{secrets.token_hex(8)}"
