"""Waiting for threads so that a signal is always heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TypeVar

T = TypeVar("T")
# A signal that comes while the main thread is about to wait doesn't wake it, and neither does one that the
# kernel hands to another thread: the main thread looks up by itself.
_SECONDS = 0.5


def as_they_end(futures: Sequence[Future[T]]) -> Iterator[Future[T]]:
    """The *futures*, each when it has ended."""
    left = set(futures)
    while left:
        done, left = wait(left, _SECONDS, FIRST_COMPLETED)
        yield from done
