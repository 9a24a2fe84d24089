"""Sections 1.2 and 1.3: what else passes for the secret, and what a stranger brings about."""

from __future__ import annotations

import hmac
import os
import tempfile
from pathlib import Path
from typing import Any

from ... import contract
from .. import authorise, incoming, logs, outgoing, server, steering
from ..head import Head
from ..incoming import Incoming
from ..refusal import Refusal
from ..response import Answer
from ..server import Server
from . import mutant, replace


@mutant("1.2", also=("1.8",))
def secret_with_something_behind_it_passes() -> None:
    """Only as many bytes are compared as the secret has."""
    replace(
        authorise,
        "matches",
        lambda given, secret: hmac.compare_digest(given[: len(secret)], secret),
    )


@mutant("1.2")
def beginning_of_the_secret_passes() -> None:
    """Only as many bytes are compared as were sent."""
    replace(
        authorise,
        "matches",
        lambda given, secret: bool(given) and hmac.compare_digest(given, secret[: len(given)]),
    )


@mutant("1.2")
def secret_in_any_case_passes() -> None:
    """Small letters of the secret are as good as capitals."""
    replace(authorise, "matches", lambda given, secret: given.lower() == secret.lower())


@mutant("1.2")
def bearer_is_a_secret() -> None:
    """The secret may come as a bearer's token."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        if (head.get("authorization") or "").encode("latin-1") != b"Bearer " + secret:
            original(head, secret)

    replace(authorise, "check", check)


@mutant("1.2", also=("2.6",))
def what_begins_like_health_is_open() -> None:
    """/_runtime/healthz and /_runtime/ready/x need no secret."""
    terms = contract.load()
    beginnings = (terms.path("health"), terms.path("ready"))
    replace(authorise, "is_open", lambda path: path.startswith(beginnings))


def _open_unless(closed: Any) -> None:
    """Health and readiness need the secret where *closed* says so."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        if authorise.is_open(head.path) and closed(head):
            try:
                authorise.check(head, self.settings.secret)
            except Refusal as refusal:
                return outgoing.refused(refusal, None), False
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


@mutant("1.2")
def wrong_secret_on_health_is_refused() -> None:
    """Who asks for health with a wrong secret is sent away."""
    name = contract.load().header("secret")
    _open_unless(lambda head: head.get(name) is not None)


@mutant("1.2")
def health_with_a_query_needs_a_secret() -> None:
    """Health is open by its exact target only."""
    _open_unless(lambda head: "?" in head.target)


@mutant("1.3")
def size_is_refused_before_the_secret() -> None:
    """A stranger is told that a body would be too large."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        incoming.check_declared(head, contract.load().default("max_body"))
        original(head, secret)

    replace(authorise, "check", check)


@mutant("1.3")
def strangers_are_told_that_it_is_full() -> None:
    """A full server says so to whoever has no secret."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        problem = server.unready(self)
        if problem and problem.code == "overloaded" and not authorise.is_open(head.path):
            return outgoing.refused(problem, None), False
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


@mutant("1.3")
def strangers_choose_an_id() -> None:
    """The id of an unauthorised request is that of its refusal."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        given = head.get(contract.load().header("invocation"))
        if given and steering.is_id(given) and not authorise.is_open(head.path):
            try:
                authorise.check(head, self.settings.secret)
            except Refusal as refusal:
                return outgoing.identified(outgoing.refused(refusal, given), given), False
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


def _when_refused(change: Any) -> None:
    """*change* is called for each stranger."""
    original = authorise.check

    def check(head: Head, secret: bytes) -> None:
        try:
            original(head, secret)
        except Refusal:
            change(head)
            raise

    replace(authorise, "check", check)


@mutant("1.3")
def strangers_fill_the_log() -> None:
    """Each unauthorised request leaves a line."""
    _when_refused(
        lambda head: logs.NOBODY.add("error", f"unauthorized: {head.method} {head.target}")
    )


@mutant("1.3")
def strangers_leave_files() -> None:
    """Unauthorised requests leave a file."""
    path = Path(tempfile.gettempdir(), f"refused-{os.getpid()}")
    _when_refused(lambda head: path.touch())
