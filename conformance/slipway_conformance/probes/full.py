"""What a server says while every slot is taken. Without a clock of its own: a machine that is busy takes its time
to fill a server, and to ask it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..session import Session
from ..wire import Answer

# How long the slots are held; the second time only where the first was too short to see anything.
_HELD_MS = (900, 5000)


def while_full(session: Session, slots: int, ask: Callable[[], Answer], **expect: Any) -> None:
    """Checks the answer to *ask*, given while *slots* invocations hold all there are; it must come well before
    the first of them ends."""
    problem = ""
    for ms in _HELD_MS:
        problem = _attempt(session, slots, ms, ask, expect)
        if not problem:
            return
    session.fail(problem)


def _attempt(
    session: Session, slots: int, ms: int, ask: Callable[[], Answer], expect: dict[str, Any]
) -> str:
    """Why nothing could be judged, an empty string where it was."""
    held: list[Answer] = []

    def hold() -> None:
        held.append(session.invoke([{"do": "await", "ms": ms}, {"do": "send", "text": "held"}]))
        session.check(held[-1], status=200, text="held")

    def look() -> str:
        while not held:
            if session.get("ready").status == 503:
                answer = ask()
                if held or answer.seconds > ms / 2000:
                    return (
                        f"answered after {answer.seconds:.2f} s, not at once, with every slot taken"
                    )
                session.check(answer, **expect)
                return ""
            time.sleep(0.01)
        return "readiness is not 503 with every slot taken"

    with ThreadPoolExecutor(slots) as pool:
        holding = [pool.submit(hold) for _ in range(slots)]
        problem = look()
        for one in holding:
            one.result()
    return problem
