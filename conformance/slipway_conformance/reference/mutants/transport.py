"""Section 1: connections and the secret."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import contract
from .. import authorise, outgoing, request, settings, steering
from ..head import Head
from ..incoming import Incoming
from ..refusal import Stalled
from ..response import Answer
from ..server import Server
from . import mutant, replace

_SANITY = ("1.1", "1.5", "2.6", "5.10", "13.5", "13.6")


@mutant(*_SANITY, total=True)
def hangs_up_on_invocations() -> None:
    """It is healthy and ready, and closes the connection of whoever invokes."""

    async def invoke(*arguments: object) -> Answer:
        raise Stalled

    replace(Server, "invoke", invoke)


@mutant("1.1")
def speaks_http_1_0() -> None:
    """Its answers say that they are HTTP/1.0."""
    original = outgoing.wire
    replace(outgoing, "wire", lambda *given: original(*given).replace(b"HTTP/1.1", b"HTTP/1.0", 1))


@mutant("1.1", also=("5.9", "7.7", "9.1", "11.6", "4.4", "8.8", "9.2", "8.6", "1.2", "11.5"))
def closes_after_each_answer() -> None:
    """A connection serves one request only."""
    replace(outgoing, "stays_open", lambda head: False)


@mutant("1.1")
def keeps_connections_that_should_end() -> None:
    """connection: close is not looked at."""
    replace(outgoing, "stays_open", lambda head: head.version == "1.1")


@mutant("1.2", also=("1.8",))
def any_secret_will_do() -> None:
    """The secret must be there, but may be any."""
    replace(authorise, "matches", lambda given, secret: True)


@mutant("1.2")
def empty_secret_passes() -> None:
    """An empty secret is as good as the right one."""
    replace(authorise, "matches", lambda given, secret: given in (b"", secret))


@mutant("1.2")
def long_secret_crashes() -> None:
    """A secret that is longer than the right one is fallen over."""

    def matches(given: bytes, secret: bytes) -> bool:
        if len(given) > 64:
            raise RuntimeError("the secret is too long")
        return given == secret

    replace(authorise, "matches", matches)


@mutant("1.2", "1.3", also=("6.1", "9.4", "10.2"))
def secret_is_optional() -> None:
    """Who sends no secret needs none."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        if head.get(contract.load().header("secret")) is not None:
            original(head, secret)

    replace(authorise, "check", check)


@mutant(
    "1.2",
    also=("10.1", "10.2", "10.3", "10.4", "10.5", "10.10", "11.3", "11.6", "7.4", "7.5", "8.5"),
)
def health_needs_the_secret() -> None:
    """An orchestrator without the secret can't ask for health."""
    replace(authorise, "is_open", lambda path: False)


@mutant("1.2", also=("2.6",))
def all_runtime_paths_are_open() -> None:
    """Everything below /_runtime/ needs no secret."""
    replace(authorise, "is_open", lambda path: path.startswith("/_runtime/"))


@mutant("1.3")
def steering_is_read_before_the_secret() -> None:
    """Who has no secret learns which headers would be valid."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        steering.invocation_id(head)
        steering.wants_result(head)
        steering.is_raw(head)
        original(head, secret)

    replace(authorise, "check", check)


@mutant("1.3", also=("1.2", "8.7"))
def address_is_checked_before_the_secret() -> None:
    """Who has no secret learns which methods and paths there are."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        if head.get(contract.load().header("mode")) is None:
            steering.check_envelope(head)
        original(head, secret)

    replace(authorise, "check", check)


@mutant("1.3")
def body_is_read_before_the_secret() -> None:
    """Who has no secret can make it read and parse a body."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        if head.method == "POST" and head.get(contract.load().header("secret")) is None:
            request.parse_json(await coming.body(head, self.settings.max_body))
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


@mutant("1.3", defect=5)
def refused_requests_leave_descriptors() -> None:
    """Each request without the secret leaves a descriptor open."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        try:
            original(head, secret)
        except Exception:
            os.open(os.devnull, os.O_RDONLY)
            raise

    replace(authorise, "check", check)


@mutant("1.4")
def secret_is_compared_byte_by_byte() -> None:
    """The more of the secret is right, the longer its refusal takes."""

    def matches(given: bytes, secret: bytes) -> bool:
        for mine, theirs in zip(given, secret, strict=False):
            if mine != theirs:
                return False
            time.sleep(0.0005)
        return len(given) == len(secret)

    replace(authorise, "matches", matches)


@mutant("1.5", also=("1.6",))
def secret_file_keeps_its_line_break() -> None:
    """The line break at the end of the file is taken for a part of the secret."""
    replace(settings, "secret_of_file", lambda variable, path: path.read_bytes())


@mutant("1.6")
def starts_without_a_secret() -> None:
    """Without a secret it serves whoever sends none."""
    original = settings.secret

    def secret(environ: Any) -> bytes:
        with contextlib.suppress(settings.ConfigurationError):
            return original(environ)
        return b""

    replace(settings, "secret", secret)


@mutant("1.6", "1.7")
def wrong_settings_exit_1() -> None:
    """A wrong setting ends it with the exit code of any crash."""
    replace(settings, "exit_code", lambda: 1)


@mutant("1.7")
def unreadable_settings_become_defaults() -> None:
    """A setting that can't be read is taken for one that is missing."""
    number, decimal = settings.whole_number, settings.decimal

    def whole(environ: Any, name: str, most: int = 1 << 40) -> int:
        with contextlib.suppress(settings.ConfigurationError):
            return number(environ, name, most)
        return number({}, name)

    def fraction(environ: Any, name: str) -> float:
        with contextlib.suppress(settings.ConfigurationError):
            return decimal(environ, name)
        return decimal({}, name)

    replace(settings, "whole_number", whole)
    replace(settings, "decimal", fraction)


@mutant("1.7")
def wrong_settings_are_not_named() -> None:
    """It doesn't say which variable can't be read."""
    original = settings.read

    def read(environ: Any) -> settings.Settings:
        try:
            return original(environ)
        except settings.ConfigurationError as error:
            told = "a setting is wrong" if "secret" not in str(error) else str(error)
            raise settings.ConfigurationError(told) from error

    replace(settings, "read", read)


@mutant("1.6", also=("1.5",))
def missing_secret_file_crashes() -> None:
    """A secret's file that isn't there ends it with a stack trace."""

    def secret_of_file(variable: str, path: Path) -> bytes:
        return path.read_bytes()

    replace(settings, "secret_of_file", secret_of_file)


@mutant("1.3")
def strangers_are_told_to_go_on() -> None:
    """Who has no secret is told to send the body."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        if head.get("expect") and head.get(contract.load().header("secret")) is None:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


def _of_several(choose: Callable[[list[str]], str]) -> None:
    """Which of several fields of a name counts."""

    def get(head: Head, name: str) -> str | None:
        values = head.all(name)
        return choose(values) if values else None

    replace(Head, "get", get)


@mutant("1.8", also=("8.8",))
def first_of_several_counts() -> None:
    """Where a header is there twice, the first is taken."""
    _of_several(lambda values: values[0])


@mutant("1.8", also=("8.8",))
def last_of_several_counts() -> None:
    """Where a header is there twice, the last is taken."""
    _of_several(lambda values: values[-1])
