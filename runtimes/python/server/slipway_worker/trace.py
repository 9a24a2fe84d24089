"""W3C Trace Context, as far as a log needs it."""

import re

# Version ff and ids of zeros only are invalid; only versions after 00 may have more to say.
_PARENT = re.compile(
    r"(?:00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
    r"|(?!00|ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?)"
)


def trace_id(traceparent: str) -> str | None:
    """The trace id of a traceparent, None where it is none."""
    match = _PARENT.fullmatch(traceparent)
    return (match[1] or match[2]) if match else None
