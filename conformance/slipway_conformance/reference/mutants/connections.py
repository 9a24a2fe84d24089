"""Sections 1, 7, 8 and 11: connections that end too soon, or on which one request speaks for the next."""

from __future__ import annotations

import asyncio
from typing import Any

from ... import contract
from .. import head as heads
from .. import outgoing
from ..head import Head
from ..incoming import Incoming
from ..response import Answer
from ..server import Server
from . import mutant, replace

_MOST = 1000


def _ends(change: Any) -> None:
    """A connection ends as well where *change* says so of an answer."""
    original = Server.answer

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        found, closes = await original(self, head, coming, writer)
        return found, closes or change(found, coming)

    replace(Server, "answer", answer)


def _stays(name: str) -> None:
    """What a request says in the header *name* counts for later ones of its connection that say nothing."""
    original = Server.answer
    said: dict[Incoming, str] = {}

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        given = head.get(name)
        if given is not None:
            said[coming] = given
        elif coming in said:
            headers = (*head.headers, (name, said[coming]))
            head = Head(head.method, head.target, head.version, headers)
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


@mutant("1.1")
def close_is_case_sensitive() -> None:
    """connection: Close isn't understood, only close."""

    def stays_open(head: Head) -> bool:
        words = {word.strip() for word in (head.get("connection") or "").split(",")}
        return head.version == "1.1" and "close" not in words

    replace(outgoing, "stays_open", stays_open)


@mutant("1.1")
def close_in_a_list_is_not_seen() -> None:
    """connection: keep-alive, close isn't understood."""

    def stays_open(head: Head) -> bool:
        return head.version == "1.1" and (head.get("connection") or "").lower() != "close"

    replace(outgoing, "stays_open", stays_open)


@mutant("1.1", also=("5.9",))
def closes_after_errors() -> None:
    """The runtime's own errors end the connection though the body was read."""
    name = contract.load().header("error")
    _ends(lambda answer, coming: name in dict(answer.headers))


@mutant("1.1", also=("5.11",))
def a_connection_serves_a_thousand() -> None:
    """After a thousand requests the connection is closed."""
    served: dict[Incoming, int] = {}

    def enough(answer: Answer, coming: Incoming) -> bool:
        served[coming] = served.get(coming, 0) + 1
        return served[coming] >= _MOST

    _ends(enough)


@mutant("1.2")
def first_request_authorises_the_connection() -> None:
    """Who sent the secret once needs none later on the same connection."""
    original = Server.answer
    name = contract.load().header("secret")
    trusted: set[Incoming] = set()

    async def answer(
        self: Server, head: Head, coming: Incoming, writer: Any
    ) -> tuple[Answer, bool]:
        secret = self.settings.secret.decode("latin-1")
        if head.get(name) == secret:
            trusted.add(coming)
        elif coming in trusted:
            rest = tuple(pair for pair in head.headers if pair[0] != name)
            head = Head(head.method, head.target, head.version, (*rest, (name, secret)))
        return await original(self, head, coming, writer)

    replace(Server, "answer", answer)


@mutant("7.2")
def timeout_of_a_connection_stays() -> None:
    """A shorter timeout holds for all later requests of its connection."""
    _stays(contract.load().header("timeout"))


@mutant("8.6", also=("4.2", "8.7"))
def id_of_a_connection_stays() -> None:
    """A request without an id gets that of the one before it on its connection."""
    _stays(contract.load().header("invocation"))


@mutant("11.5")
def only_first_requests_are_checked() -> None:
    """Behind the first request of a connection a length and an encoding don't exclude each other."""
    read, one_framing = Incoming.head, heads.check_one_framing
    begun: set[Incoming] = set()
    later: set[asyncio.Task[Any] | None] = set()

    async def head(self: Incoming) -> Head | None:
        if self in begun:
            later.add(asyncio.current_task())
        begun.add(self)
        return await read(self)

    def check_one_framing(*given: list[str]) -> None:
        if asyncio.current_task() not in later:
            one_framing(*given)

    replace(Incoming, "head", head)
    replace(heads, "check_one_framing", check_one_framing)


@mutant("11.4")
def second_heads_may_stall() -> None:
    """The headers of a connection's second request may come as slowly as they like."""
    original = Incoming.head
    begun: set[Incoming] = set()

    async def head(self: Incoming) -> Head | None:
        if self not in begun:
            begun.add(self)
            return await original(self)
        if not await self._first_byte():
            return None
        while (end := heads.length(bytes(self._buffer))) is None:
            await self._more()
        found = heads.parse(self._take(end))
        self.unread = heads.body_length(found) != 0
        return found

    replace(Incoming, "head", head)
