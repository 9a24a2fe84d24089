"""Failures that a person can mend: their message goes to the terminal as it is."""


class ToolError(Exception):
    """Ends a verb with exit code 1. The message says what went wrong and what to do."""
