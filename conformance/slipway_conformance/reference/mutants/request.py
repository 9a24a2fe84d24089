"""Section 4: the request that the function is given."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import unquote

from attrs import fields_dict

from .. import process, request, response, server, steps
from ..request import Parts, Request
from . import mutant, replace


@mutant("4.1", also=("2.1",))
def names_keep_their_letters() -> None:
    """Header names reach the function as they were written."""
    replace(request, "lowered", lambda name: name)


@mutant("4.1")
def last_field_wins() -> None:
    """Of several fields of a name the last one is kept."""
    replace(request, "joined", dict)


@mutant("4.1")
def last_spelling_wins() -> None:
    """Of several spellings of a name in an envelope the last one is kept."""
    original = request.from_envelope

    def from_envelope(body: bytes) -> Parts:
        parts = original(body)
        headers = request.parse_json(body).get("headers", {})
        parts.headers = {name.lower(): value for name, value in headers.items()}
        return parts

    replace(request, "from_envelope", from_envelope)


@mutant("4.1")
def values_are_read_as_latin_1() -> None:
    """A field's value in UTF-8 reaches the function as Latin-1."""
    replace(request, "readable", lambda value: value)


@mutant("4.1")
def values_must_be_utf8() -> None:
    """What is no UTF-8 in a field's value is replaced."""
    replace(request, "readable", lambda value: value.encode("latin-1").decode("utf-8", "replace"))


@mutant("4.1")
def cookies_are_joined_by_commas() -> None:
    """Cookies are joined like any other header."""
    replace(request, "separator", lambda name: ", ")


@mutant("4.1", also=("2.1",))
def empty_fields_are_dropped() -> None:
    """A header without a value doesn't arrive."""
    original = request.joined
    replace(request, "joined", lambda headers: original([(n, v) for n, v in headers if v]))


@mutant("4.2")
def plus_is_no_space() -> None:
    """A plus in a query stays one."""
    replace(request, "decoded", unquote)


@mutant("4.2")
def broken_percent_is_dropped() -> None:
    """A percent sign that encodes nothing is lost."""
    original = request.decoded
    replace(
        request,
        "decoded",
        lambda text: original(re.sub("%(?![0-9A-Fa-f]{2})", "", text)),
    )


@mutant("4.2")
def pairs_without_a_value_are_dropped() -> None:
    """Names and values that are empty are left out of the query."""
    original = request.parse_query

    def parse_query(query: str) -> dict[str, list[str]]:
        pairs = [pair.partition("=") for pair in query.split("&")]
        return original("&".join(f"{name}={value}" for name, _, value in pairs if name and value))

    replace(request, "parse_query", parse_query)


@mutant("4.2")
def query_names_of_objects_are_dropped() -> None:
    """A query can't have a member called __proto__."""
    original = request.parse_query

    def parse_query(query: str) -> dict[str, list[str]]:
        return {name: values for name, values in original(query).items() if name != "__proto__"}

    replace(request, "parse_query", parse_query)


@mutant("4.2")
def path_of_the_envelope_is_decoded() -> None:
    """The path of an envelope is decoded and cut at its question mark."""
    original = request.from_envelope

    def from_envelope(body: bytes) -> Parts:
        parts = original(body)
        parts.path = unquote(parts.path).partition("?")[0]
        return parts

    replace(request, "from_envelope", from_envelope)


@mutant("4.2")
def body_of_an_object_is_its_json() -> None:
    """A payload that is an object is there as bytes too."""
    original = request.body_of

    def body_of(payload: Any) -> bytes:
        return response.dump(payload) if isinstance(payload, dict) else original(payload)

    replace(request, "body_of", body_of)


@mutant("4.2", also=("2.1",))
def body_of_a_string_is_its_json() -> None:
    """A payload that is a string has quotation marks in the body."""

    def body_of(payload: Any) -> bytes:
        return json.dumps(payload).encode() if isinstance(payload, str) else b""

    replace(request, "body_of", body_of)


def _changes_requests(change: Any) -> None:
    original = server.wanted

    def wanted(*arguments: Any) -> Request:
        asked = original(*arguments)
        changed: Request | None = change(asked)
        return changed or asked

    replace(server, "wanted", wanted)


@mutant("4.2", also=("8.6",))
def function_is_told_another_id() -> None:
    """The id that the function sees is not the invocation's."""

    def change(asked: Request) -> None:
        asked.id = uuid.uuid4().hex

    _changes_requests(change)


@mutant("4.3", "4.5", defect=16)
def runtime_variables_stay() -> None:
    """The function sees the RUNTIME_* variables, the secret among them."""
    replace(process, "hide_secret", lambda: None)
    replace(process, "forget_settings", lambda: None)


@mutant("4.5", defect=16)
def secret_stays_in_proc() -> None:
    """The secret can be read from /proc/self/environ."""
    replace(process, "hide_secret", lambda: None)


@mutant("4.3")
def container_wins_over_the_envelope() -> None:
    """The envelope's variables don't override the container's."""
    replace(server, "environment", lambda own, parts: {**parts.env, **own})


@mutant("4.3")
def runtime_names_are_kept_from_callers() -> None:
    """A name in the envelope's env that looks like the runtime's is left out."""
    original = server.environment

    def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
        found = original(own, parts)
        return {name: value for name, value in found.items() if not name.startswith("RUNTIME_")}

    replace(server, "environment", environment)


@mutant("4.4", also=("4.3",))
def variables_stay() -> None:
    """The variables of one invocation are there for all later ones."""

    def environment(own: dict[str, str], parts: Parts) -> dict[str, str]:
        own.update(parts.env)
        return own

    replace(server, "environment", environment)


@mutant("4.4")
def mutations_stay() -> None:
    """What a function changes in its variables is changed for all."""
    replace(steps, "_UNYIELDING", steps._UNYIELDING - {"mutate"})
    replace(server, "environment", lambda own, parts: {**own, **parts.env} if parts.env else own)


@mutant("4.4", crossing=True, also=("4.2", "5.11", "6.5", "8.3", "8.6", "9.2"))
def latest_request_is_everybodys() -> None:
    """All invocations in flight share one request object."""
    latest: list[Request] = []

    def change(asked: Request) -> Request:
        if not latest:
            latest.append(asked)
        for name in fields_dict(Request):
            setattr(latest[0], name, getattr(asked, name))
        return latest[0]

    _changes_requests(change)
