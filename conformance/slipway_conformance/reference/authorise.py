"""Who may invoke: whoever sends the secret of the launch."""

from __future__ import annotations

import hmac

from .. import contract
from .head import Head
from .refusal import Refusal


def check(head: Head, secret: bytes) -> None:
    """Refusal unless *head* carries *secret*; looks at nothing else."""
    given = head.get(contract.load().header("secret"))
    if given is None or not matches(given.encode("latin-1"), secret):
        raise Refusal("unauthorized", "the secret is missing or wrong")


def matches(given: bytes, secret: bytes) -> bool:
    """In a time that doesn't tell how much of it was right."""
    return hmac.compare_digest(given, secret)


def is_open(path: str) -> bool:
    """Whether nobody needs a secret for *path*."""
    terms = contract.load()
    return path in (terms.path("health"), terms.path("ready"))
