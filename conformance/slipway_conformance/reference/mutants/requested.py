"""Section 4, more of it: names of objects, variables, and what outlives its request."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from typing import Any

from ... import contract
from .. import process, request, server, steps
from ..head import Head
from ..incoming import Incoming
from ..request import Parts, Request
from ..response import Answer
from . import mutant, replace

_OF_OBJECTS = ("__proto__", "constructor")


@mutant("4.1")
def header_names_of_objects_are_dropped() -> None:
    """A header called __proto__ or constructor doesn't arrive."""
    original = request.joined

    def joined(headers: list[tuple[str, str]]) -> dict[str, str]:
        return original([(name, value) for name, value in headers if name not in _OF_OBJECTS])

    replace(request, "joined", joined)


@mutant("4.2")
def pairs_with_semicolons_are_dropped() -> None:
    """A pair of the query that holds a semicolon is dropped, as Go's ParseQuery does."""
    original = request.parse_query

    def parse_query(query: str) -> dict[str, list[str]]:
        return original("&".join(pair for pair in query.split("&") if ";" not in pair))

    replace(request, "parse_query", parse_query)


@mutant("4.3")
def only_known_settings_are_hidden() -> None:
    """A RUNTIME_ variable that this version doesn't know reaches the function."""
    variables = contract.load().values["variables"].values()
    known = {variable["name"] for variable in variables}

    def forget_settings() -> None:
        for name in known & os.environ.keys():
            del os.environ[name]

    replace(process, "forget_settings", forget_settings)


@mutant("4.3")
def empty_variables_do_not_override() -> None:
    """An empty value in the envelope's env leaves the container's."""

    def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
        return {**own, **{name: value for name, value in parts.env.items() if value}}

    replace(server, "environment", environment)


@mutant("4.3")
def env_names_of_objects_are_dropped() -> None:
    """A variable called __proto__ or constructor doesn't arrive."""
    original = server.environment

    def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
        made = original(own, parts)
        return {name: value for name, value in made.items() if name not in _OF_OBJECTS}

    replace(server, "environment", environment)


@mutant("4.4", also=("2.10", "4.3", "4.5"))
def env_goes_into_the_process() -> None:
    """The envelope's env is put into the process's environment, and stays there."""
    original = server.environment

    def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
        for name, value in parts.env.items():
            with contextlib.suppress(ValueError):
                os.environ[name] = value
        return original(own, parts)

    replace(server, "environment", environment)


@mutant("4.4")
def equal_bodies_are_one_payload() -> None:
    """Of two equal bodies the second isn't parsed again, and a function's changes are seen."""
    replace(steps, "_UNYIELDING", steps._UNYIELDING - {"mutate"})
    replace(request, "parse_json", lru_cache(maxsize=64)(request.parse_json))
    wanted = server.wanted

    # What else the step changes is put right: only the payload is shared.
    def kept(*given: Any) -> Request:
        asked = wanted(*given)
        asked.env = dict(asked.env)
        return asked

    replace(server, "wanted", kept)


@mutant("4.4")
def headers_of_a_connection_stay() -> None:
    """A header of a raw request is there in later ones of its connection that lack it."""
    original = server.Server.invoke
    kept: dict[int, dict[str, str]] = {}
    framing = {"content-length", "transfer-encoding", "connection", "expect", "traceparent"}

    async def invoke(self: server.Server, head: Head, coming: Incoming, *given: Any) -> Answer:
        theirs = {n: v for n, v in head.headers if n not in framing and not request.own(n)}
        earlier = kept.setdefault(id(coming), {})
        more = tuple((name, value) for name, value in earlier.items() if name not in theirs)
        earlier.update(theirs)
        asked = Head(head.method, head.target, head.version, (*head.headers, *more))
        return await original(self, asked, coming, *given)

    replace(server.Server, "invoke", invoke)
