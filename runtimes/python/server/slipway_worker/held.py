"""Takes the thread from a function that does not yield."""

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

# Whoever called the function.
_OWN = os.path.dirname(__file__)


class Held(BaseException):
    """What such a function is interrupted with."""

    def __str__(self) -> str:
        return "the function does not yield"


def interrupt(frame: FrameType | None, later: Callable[..., object]) -> None:
    """Raises Held in *frame*, and once more at the next line of the function: a loop may catch whatever is raised
    within it, and then what it does about that is where it ends. *later* calls what it is given when the thread is
    free."""

    def again(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            # A trace function that raises is one no more.
            raise Held
        return again

    later(sys.settrace, sys.gettrace())
    sys.settrace(lambda frame, event, argument: None)
    while frame is not None and os.path.dirname(frame.f_code.co_filename) != _OWN:
        frame.f_trace = again
        frame = frame.f_back
    raise Held
