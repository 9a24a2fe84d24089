"""One call of the function, from the invoke frame to the frame that ends it; the same for threads and for the loop."""

import os
from collections.abc import Awaitable
from typing import Any

from . import frames
from .function import Function, own_traceback, summary
from .output import Output, Prints, current
from .request import Refused, Request
from .response import Response


class Call:
    """Steps of a call: ``begin`` runs a synchronous function whole; what it returns may have to be awaited."""

    __slots__ = ("_function", "_output", "_prints", "number", "response")

    def __init__(self, function: Function, output: Output, prints: Prints, number: int) -> None:
        self.number = number
        self._function = function
        self._output = output
        self._prints = prints
        self.response = Response(number)

    def begin(self, data: bytes) -> tuple[bytes | None, Any]:
        """(the ending frame, None), or (None, what is to be awaited)."""
        current.set(self.number)
        try:
            request = Request(self.number, data, self._output)
        except Refused as refused:
            return frames.refusal(self.number, refused.code, str(refused)), None
        except BaseException as error:
            # Never: but the thread that leads must outlive it.
            return self.failed(error), None
        try:
            result = self._function(request, self.response)
            # It may be anything, and fail when it is asked for a member.
            waits = result is not None and getattr(result, "__await__", None) is not None
        except BaseException as error:
            return self.failed(error), None
        return (None, result) if waits and not self._output.is_child else (self.ended(), None)

    def ended(self) -> bytes:
        """The frame after the function has returned."""
        if self._output.is_child:
            os._exit(0)
        self._prints.finish(self.number)
        response = self.response
        if response.frame is None:
            return frames.refusal(self.number, b"no_response", "the function ended without an answer")
        if response.problem:
            self._output.log(frames.ERROR, f"invalid response: {response.problem}", self.number)
            return frames.refusal(self.number, b"invalid_response", response.problem)
        return response.frame

    def failed(self, error: BaseException) -> bytes:
        """The frame after the function has thrown: an answer that it gave before stands."""
        if self._output.is_child:
            self._leave_child(error)
        self._prints.finish(self.number)
        self._output.log(frames.ERROR, own_traceback(error), self.number)
        if self.response.frame is not None:
            return self.ended()
        return frames.refusal(self.number, b"function_error", summary(error))

    def _leave_child(self, error: BaseException) -> None:
        """A process that the function has forked answers nobody, and ends as programs do."""
        code: Any = (error.code or 0) if isinstance(error, SystemExit) else None
        if not isinstance(code, int):
            self._output.log(frames.ERROR, own_traceback(error), self.number)
            code = 1
        os._exit(code & 255)


async def drive(call: Call, awaitable: Awaitable[Any]) -> bytes:
    """Awaits what the function returned; the ending frame."""
    try:
        await awaitable
    except BaseException as error:
        return call.failed(error)
    return call.ended()
