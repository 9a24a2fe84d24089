"""Failures of a run, as messages that say what to do."""

from ..errors import ToolError


class BenchError(ToolError):
    """Ends the run, or drops one server from it; the message goes to the person as it is."""


class ServerError(BenchError):
    """One server could not be measured; the others still can."""
