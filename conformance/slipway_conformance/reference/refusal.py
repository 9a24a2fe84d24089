"""What the runtime says itself: one of the contract's error codes, and why."""

from __future__ import annotations

from .. import contract


class Refusal(Exception):
    """An answer that the runtime gives instead of the function. ``closes`` ends the connection
    after it, since nobody knows where the next request begins."""

    def __init__(
        self,
        code: str,
        message: str,
        headers: tuple[tuple[str, str], ...] = (),
        *,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.headers = headers
        self.closes = closes

    @property
    def status(self) -> int:
        return contract.load().errors[self.code]


class Stalled(Exception):
    """The client says nothing more: its connection is closed without an answer."""
