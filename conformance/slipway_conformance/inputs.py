"""Generated inputs: what properties.py and across.py send. ``SLIPWAY_EXAMPLES`` asks for more of them, and for others
in each run."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky
from hypothesis.strategies import (
    DrawFn,
    SearchStrategy,
    binary,
    booleans,
    characters,
    composite,
    dictionaries,
    floats,
    integers,
    just,
    lists,
    none,
    recursive,
    sampled_from,
    text,
    tuples,
)

__all__ = ["Flaky", "SearchStrategy", "binary", "lists", "tuples"]

# Its tables of characters, which it would put into whatever folder a run begins in.
set_hypothesis_home_dir(
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway" / "hypothesis"
)

_EXAMPLES = 40
_LEVELS = 80
_MORE = int(os.environ.get("SLIPWAY_EXAMPLES") or 0)

TEXT = text(characters(exclude_categories=["Cs"]), max_size=40)
# What a header's value may hold without being trimmed or encoded on its way.
VALUE = text(characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
VALUES = lists(VALUE, min_size=1, max_size=3)
FREE_NAME = text("abcdefghijklmnopqrstuvwxyz0123456789-_.", min_size=1, max_size=20).map(
    lambda name: f"x-free-{name}"
)
STATUS = integers(200, 599).filter(lambda status: status not in (204, 205, 304))
FLOAT = floats(allow_nan=False, allow_infinity=False)
# Languages may move members whose names look like numbers, and may write floats in their own way.
_NAME = TEXT.filter(lambda name: not name.strip().lstrip("+-").isdigit())
_SCALAR = none() | booleans() | integers(-(2**53) + 1, 2**53 - 1) | TEXT
# Of RFC 3986: what a segment of a path holds without being encoded.
_SEGMENT = text("abcXYZ019-._~!$&'()*+,;=:@", max_size=20)
PATH = lists(_SEGMENT, max_size=5).map(lambda segments: "/any/" + "/".join(segments))
HEADERS = dictionaries(FREE_NAME, VALUES, max_size=4)
FREE_HEADERS = dictionaries(FREE_NAME, VALUE, max_size=5)
# Without numbers that one more digit makes too large.
_PLAIN = recursive(
    none() | booleans() | integers(-99, 99) | TEXT,
    lambda inner: lists(inner, max_size=3) | dictionaries(_NAME, inner, max_size=3),
    max_leaves=8,
)
# What spoils JSON, and what only looks as if it did. Nothing that turns a number into a float, since
# languages write floats in their own way.
_SPOILERS = sampled_from(
    [
        *"{}[]\",:\\ \t\n\r\x00\x1f\x7f\x0b\ufeff\u00a0\u2028'+-/",
        "/**/",
        "//\n",
        "null",
        "NaN",
        "Infinity",
        "tru",
        "00",
    ]
)
ID = text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=64)


def json_values() -> SearchStrategy[Any]:
    """Any JSON. Made anew for each property: a recursive strategy is not for several threads at once."""
    return recursive(
        _SCALAR, lambda inner: lists(inner, max_size=4) | dictionaries(_NAME, inner, max_size=4)
    )


@composite
def _spoilt(draw: DrawFn) -> str:
    """An envelope for the step ``echo``, with a few characters put in, taken out or changed."""
    payload = {"steps": [{"do": "echo"}], "value": draw(_PLAIN)}
    written = json.dumps({"payload": payload, "method": "POST"}, ensure_ascii=draw(booleans()))
    for _ in range(draw(integers(0, 2))):
        at = draw(integers(0, len(written)))
        written = written[:at] + draw(just("") | _SPOILERS) + written[at + draw(integers(0, 1)) :]
    return written


SPOILT = _spoilt()


@composite
def _deep(draw: DrawFn) -> Any:
    """A value within up to as many lists and objects as every language carries, with room for what is around
    it and within it."""
    value, forms = draw(_PLAIN), draw(lists(booleans(), min_size=1, max_size=4))
    for level in range(draw(integers(0, _LEVELS))):
        value = [value] if forms[level % len(forms)] else {"a": value}
    return value


DEEP = _deep()


def quoted(query: str) -> str:
    """*query* as it may stand in a request target: encoded where it must be, and nowhere else."""
    return quote(query, safe="!$&'()*+,;=:@/?-._~%")


def try_all(inputs: SearchStrategy[Any], holds: Callable[[Any], None]) -> None:
    """Calls *holds* with one input after another; what it raises for the smallest one that it doesn't
    hold for."""

    @settings(
        max_examples=_MORE or _EXAMPLES,
        derandomize=not _MORE,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(inputs)
    def property_holds(value: Any) -> None:
        holds(value)

    property_holds()
