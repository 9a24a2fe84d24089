"""The Slipway conformance suite: judges language runtimes by the numbered clauses of their
contract."""

from .api import Subject, verify
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
    "verify",
]
