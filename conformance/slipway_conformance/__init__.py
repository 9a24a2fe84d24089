"""The Slipway conformance suite: judges language runtimes by the numbered clauses of their
contract."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import Subject, judging, verify
    from .outcomes import Outcome, Report, Result, TargetReport
    from .selection import Selection, SelectionError

__all__ = [
    "Outcome",
    "Report",
    "Result",
    "Selection",
    "SelectionError",
    "Subject",
    "TargetReport",
    "judging",
    "verify",
]

# Loaded on first use: who only wants the contract's names shouldn't wait for the whole suite.
_HOMES = {
    "Subject": "api",
    "judging": "api",
    "verify": "api",
    "Outcome": "outcomes",
    "Report": "outcomes",
    "Result": "outcomes",
    "TargetReport": "outcomes",
    "Selection": "selection",
    "SelectionError": "selection",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
